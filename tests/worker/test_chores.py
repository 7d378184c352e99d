"""What a worker process does again and again."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from mcp_transport.audit import words
from mcp_transport.models import (
    Call,
    Event,
    Rollup,
    SearchProgress,
    Server,
    Session,
    Stream,
    Worker,
)
from mcp_transport.storage.writer import WriterFull
from mcp_transport.worker import chores
from mcp_transport.worker.lifespan import Runtime, runtime
from tests.audit.called import call_at
from tests.storage.test_writer import Recorded, block

LIMIT = 30.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "HEARTBEAT", 0.01)


@pytest.fixture
async def run(transactional_db: None) -> AsyncIterator[Runtime]:
    run = runtime()
    yield run
    await run.stop()


async def until(condition: Any) -> None:
    async with asyncio.timeout(LIMIT):
        while not await condition():  # noqa: ASYNC110 - rows tell nobody
            await asyncio.sleep(0.01)


async def test_a_worker_shows_that_it_lives(run: Runtime) -> None:
    await run.start()
    past = timezone.now() - datetime.timedelta(hours=1)
    await Worker.objects.aupdate(seen_at=past)

    async def is_seen() -> bool:
        return (await Worker.objects.aget()).seen_at > past

    await until(is_seen)


async def test_what_a_dead_worker_left_is_ended_and_recorded(run: Runtime) -> None:
    server = await Server.objects.acreate(slug="main")
    session = await Session.objects.acreate(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=timezone.now()
    )
    call = {
        "started_at": timezone.now().isoformat(), "duration_us": 0, "server": "main",
        "method": "tools/call", "kind": "tool", "entry": "echo", "outcome": "interrupted",
    }  # fmt: skip
    for name, kept in (("a", call), ("b", {})):
        await Stream.objects.acreate(
            id=name, session=session, request_id="7", worker="gone", opened_at=timezone.now(),
            call=kept,
        )  # fmt: skip
    await run.start()
    await until(Call.objects.aexists)
    recorded = await Call.objects.aget()
    assert (recorded.entry, recorded.outcome, recorded.worker) == (
        "echo", "interrupted", run.worker_id,
    )  # fmt: skip
    assert await Event.objects.acount() == 2
    assert not await Stream.objects.filter(closed_at=None).aexists()


@pytest.mark.parametrize(
    ("error", "said"),
    [(WriterFull("full"), "tend has to wait: full"), (KeyError("x"), "tend failed; it goes on")],
)
async def test_a_chore_that_fails_goes_on(
    run: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    said: str,
) -> None:
    calls = 0
    again = asyncio.Event()

    async def fail(*_arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            again.set()
        raise error

    monkeypatch.setattr(chores, "look", fail)
    await run.start()
    async with asyncio.timeout(LIMIT):
        await again.wait()
    assert said in caplog.text


async def test_old_rows_are_removed_now_and_then(
    run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned = asyncio.Event()
    loop = asyncio.get_running_loop()
    calls: list[int] = []

    def clean() -> None:
        calls.append(1)
        loop.call_soon_threadsafe(cleaned.set)

    monkeypatch.setattr(chores, "clean", clean)
    run.chores._clean_at = 0.0
    await run.start()
    async with asyncio.timeout(LIMIT):
        await cleaned.wait()
    assert calls == [1]


async def test_a_worker_sums_up_the_calls(run: Runtime) -> None:
    began = timezone.now() - datetime.timedelta(minutes=5)
    await Call.objects.acreate(
        worker="w", sequence=1, started_at=began, duration_us=5, server="main", outcome="ok"
    )
    await run.start()
    await until(Rollup.objects.aexists)


async def test_a_worker_indexes_the_words_of_calls(
    run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chores, "ROLLUP_INTERVAL", 0.0)
    monkeypatch.setattr(words, "DISORDER", datetime.timedelta(0))
    call = await sync_to_async(call_at)(timezone.now())
    await run.start()
    await until(SearchProgress.objects.filter(indexed_id=call.pk).aexists)


async def test_after_the_clock_was_set_nobody_is_taken_for_dead(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run, ahead = runtime(), 0.0
    monkeypatch.setattr(chores, "read_ahead", lambda _worker: ahead)
    await run.start()
    await run.chores.stop()
    await run.chores.tend()
    server = await Server.objects.acreate(slug="main")
    session = await Session.objects.acreate(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=timezone.now()
    )
    long_ago = timezone.now() - datetime.timedelta(seconds=60)
    await Worker.objects.acreate(
        id="other", hostname="here", pid=1, started_at=long_ago, seen_at=long_ago
    )
    await Stream.objects.acreate(id="a", session=session, worker="other", opened_at=long_ago)
    ahead = 60.0
    await run.chores.tend()
    assert await Stream.objects.filter(closed_at=None).aexists()
    assert "jumped by 60" in caplog.text
    monkeypatch.setattr(chores, "STEADY", 0.0)  # and still nothing was heard of it
    await run.chores.tend()
    assert not await Stream.objects.filter(closed_at=None).aexists()
    run.chores.start()
    await run.stop()


async def test_a_heartbeat_is_never_refused_nor_kept(
    run: Runtime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await run.start()
    await run.chores.stop()
    past = timezone.now() - datetime.timedelta(hours=1)
    await Worker.objects.aupdate(seen_at=past)
    blocked = await block(run.writer)
    run.writer.queue_limit = 1
    run.writer.post(Recorded(), ())
    await run.chores._beat()
    assert [entry.is_kept for entry in run.writer._entries] == [True, False]
    blocked.opened.set()
    await run.writer.flush(LIMIT)
    assert (await Worker.objects.aget()).seen_at > past
    wrong = Recorded(*[ValueError("no such column")] * 4)
    monkeypatch.setattr(run.chores, "_heartbeat", wrong)
    await run.chores._beat()
    await run.writer.flush(LIMIT)
    assert "cannot show that it lives" in caplog.text
    run.chores.start()
