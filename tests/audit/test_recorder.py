"""Handing calls to the writer."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from mcp_transport.audit.chain import ChainedInsert
from mcp_transport.audit.record import CallRecord
from mcp_transport.audit.recorder import Recorder
from mcp_transport.audit.verification import verify
from mcp_transport.models import AuditCheckpoint, Call
from mcp_transport.storage.writer import Writer, WriterFull

LIMIT = 30.0  # seconds a test may wait

committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Writer]:
    monkeypatch.setattr("mcp_transport.storage.writer.LOOK_INTERVAL", 60.0)
    writer = Writer(patience=0.0)
    yield writer
    assert writer.shutdown(LIMIT)


def call(entry: str = "echo") -> CallRecord:
    return CallRecord(
        started_at=datetime.datetime.now(datetime.UTC),
        duration_us=12,
        server="main",
        method="tools/call",
        entry=entry,
    )


async def stored() -> list[str]:
    def read() -> list[str]:
        try:
            return list(Call.objects.order_by("sequence").values_list("entry", flat=True))
        finally:
            connection.close()

    return await asyncio.to_thread(read)


@committed
async def test_a_durable_call_is_committed_when_the_wait_ends(writer: Writer) -> None:
    recorder = Recorder(writer, "durable", "w1")
    await asyncio.wait_for(recorder.record(call("a")), LIMIT)
    assert await stored() == ["a"]


@committed
async def test_a_batched_call_follows(writer: Writer) -> None:
    recorder = Recorder(writer, "batched", "w1")
    await recorder.record(call("a"))
    await writer.flush(LIMIT)
    assert await stored() == ["a"]


@committed
async def test_a_flood_of_batched_calls_waits_instead_of_being_refused() -> None:
    writer = Writer(queue_limit=10)
    recorder = Recorder(writer, "batched", "w1")
    deepest = 0

    async def one_after_the_other() -> None:
        nonlocal deepest
        for _ in range(100):
            await recorder.record(call())
            deepest = max(deepest, writer.depth)

    async with asyncio.timeout(LIMIT):
        await asyncio.gather(*(one_after_the_other() for _ in range(4)))
    assert deepest < 10
    assert await writer.stop(LIMIT)
    assert len(await stored()) == 400


async def test_no_call_is_kept_when_recording_is_off(writer: Writer) -> None:
    recorder = Recorder(writer, "off", "w1")
    await recorder.record(call())
    recorder.post(call())
    assert writer.depth == 0


def test_an_unknown_mode_is_refused(writer: Writer) -> None:
    with pytest.raises(ValueError, match="'sometimes' is not a valid Recording"):
        Recorder(writer, "sometimes", "w1")


@committed
async def test_calls_at_once_make_one_unbroken_chain(writer: Writer) -> None:
    recorder = Recorder(writer, "durable", "w1")
    await asyncio.wait_for(asyncio.gather(*(recorder.record(call()) for _ in range(200))), LIMIT)

    def check() -> Any:
        try:
            return verify("w1").broken, Call.objects.count()
        finally:
            connection.close()

    assert await asyncio.to_thread(check) == (None, 200)


@committed
async def test_a_call_is_kept_for_later_while_the_database_is_away(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OperationalError("gone")]
    execute = ChainedInsert.execute

    def fail_once(self: ChainedInsert, *arguments: Any, **options: Any) -> None:
        if failures:
            raise failures.pop()
        execute(self, *arguments, **options)

    monkeypatch.setattr(ChainedInsert, "execute", fail_once)
    recorder = Recorder(writer, "durable", "w1")
    with pytest.raises(OperationalError):
        await asyncio.wait_for(recorder.record(call("a")), LIMIT)
    was_available = recorder.is_available
    await writer.flush(LIMIT)
    assert await stored() == ["a"]
    assert (was_available, recorder.is_available) == (False, True)


@committed
async def test_a_checkpoint_is_made_when_rows_are_many_or_old(
    writer: Writer, settings: Settings
) -> None:
    settings.MCP_CHECKPOINT_ROWS = 2
    settings.MCP_CHECKPOINT_INTERVAL = 3600.0
    recorder = Recorder(writer, "durable", "w1")

    async def sequences() -> list[int]:
        recorder.checkpoint_if_due()
        await writer.flush(LIMIT)
        return await asyncio.to_thread(read)

    def read() -> list[int]:
        try:
            rows = AuditCheckpoint.objects.order_by("sequence")
            return list(rows.values_list("sequence", flat=True))
        finally:
            connection.close()

    await recorder.record(call())
    assert await sequences() == []
    await recorder.record(call())
    assert await sequences() == [2]
    await recorder.record(call())
    assert await sequences() == [2]
    settings.MCP_CHECKPOINT_INTERVAL = 0.0
    assert await sequences() == [2, 3]
    assert await sequences() == [2, 3]


async def test_nothing_is_vouched_for_when_recording_is_off(writer: Writer) -> None:
    recorder = Recorder(writer, "off", "w1")
    recorder.checkpoint()
    recorder.checkpoint_if_due()
    assert writer.depth == 0


async def test_a_stopped_writer_refuses_calls(writer: Writer) -> None:
    writer.shutdown(LIMIT)
    for mode in ("durable", "batched"):
        with pytest.raises(WriterFull):
            await Recorder(writer, mode, "w1").record(call())
