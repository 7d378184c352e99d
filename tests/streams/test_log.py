"""Tests of mcp_transport.streams.log."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_transport.models import Server, Session, Stream
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.writer import Writer, WriterFull
from mcp_transport.streams.log import (
    READ_AT_ONCE,
    STREAM_ID,
    EventLog,
    Logged,
    Opening,
    Progress,
    event_id,
    parse_event_id,
)

LIMIT = 30.0  # seconds any single wait may take


@given(st.from_regex(STREAM_ID, fullmatch=True), st.integers(0, 10**15 - 1))
@example("-", 0)
@example("a-1", 2)
def test_an_event_id_names_its_stream_and_its_place(stream_id: str, sequence: int) -> None:
    assert parse_event_id(event_id(stream_id, sequence)) == (stream_id, sequence)


def test_ids_of_streams_may_hold_what_separates() -> None:
    stream_id = "-" + secrets.token_urlsafe(12) + "-"
    assert parse_event_id(f"{stream_id}-7") == (stream_id, 7)


@pytest.mark.parametrize(
    "value", ["", "-", "7", "-7", "s-", "s-x", "s-1.0", "s-+1", "s- 1", "s-1\n", "s-٣", "s-²", "s-" + "9" * 19, "\x00-1", "s\n-1", "é-1", "s" * 23 + "-1"]
)  # fmt: skip
def test_what_is_no_event_id_is_none(value: str) -> None:
    assert parse_event_id(value) is None


@given(st.text() | st.text(alphabet="-0123456789a²٣ "))
def test_whatever_a_client_sends_is_an_id_or_none(value: str) -> None:
    found = parse_event_id(value)
    assert found is None or (found[0] and found[1] >= 0)


@pytest.fixture
async def log() -> AsyncIterator[EventLog]:
    """A log with a writer and a thread of its own."""
    writer = Writer(queue_limit=1000)
    pool = RowPool(1, 100, "log-test")
    yield EventLog(writer, pool, worker_id="w")
    await writer.stop(LIMIT)
    await pool.stop(LIMIT)


@pytest.fixture
def opening(transactional_db: None, owner: User, server: Server) -> Callable[..., Opening]:
    """What is known of streams of one session."""
    session = Session.objects.create(
        id="s" * 43,
        server=server,
        owner="user:1",
        user=owner,
        revision="2025-11-25",
        last_seen_at=timezone.now(),
    )

    def make(**more: Any) -> Opening:
        known: dict[str, Any] = {
            "id": "a",
            "request_id": 1,
            "method": "tools/call",
            "entry": "echo",
            "call": {},
        }
        return Opening(session_id=session.id, **(known | more))

    return make


async def test_events_are_read_in_order_from_any_of_them(
    log: EventLog, opening: Callable[..., Opening]
) -> None:
    log.open(opening())
    log.open(opening(id="b"))
    for sequence in (1, 2, 3):
        await log.append("a", sequence, b"%d" % sequence)
        await log.append("b", sequence, "é".encode())
    assert await log.read("a", 0) == [Logged(1, b"1"), Logged(2, b"2"), Logged(3, b"3")]
    assert await log.read("a", 2) == [Logged(3, b"3")]
    assert await log.read("b", 2) == [Logged(3, "é".encode())]
    assert await log.read("a", 3) == await log.read("nothing", 0) == []


async def test_a_long_stream_is_read_in_parts(
    log: EventLog, opening: Callable[..., Opening]
) -> None:
    log.open(opening())
    for sequence in range(1, READ_AT_ONCE + 2):
        last = log.append("a", sequence, b"{}")
    await last
    assert len(await log.read("a", 0)) == READ_AT_ONCE
    assert [event.sequence for event in await log.read("a", READ_AT_ONCE)] == [READ_AT_ONCE + 1]


async def test_progress_says_whose_a_stream_is_and_whether_it_goes_on(
    log: EventLog, opening: Callable[..., Opening]
) -> None:
    assert await log.progress("a") is None
    log.open(opening())
    await log.append("a", 1, b"{}")
    assert await log.progress("a") == Progress("s" * 43, is_closed=False)
    log.close("a", 1)
    await log._writer.flush(LIMIT)
    assert await log.progress("a") == Progress("s" * 43, is_closed=True)
    row = await Stream.objects.aget(id="a")
    assert (row.worker, row.request_id, row.last_sequence) == ("w", "1", 1)


async def test_an_event_can_be_left_for_later(
    log: EventLog, opening: Callable[..., Opening]
) -> None:
    log.open(opening(request_id="q"))
    log.keep("a", 1, b"{}")
    await log._writer.flush(LIMIT)
    assert await log.read("a", 0) == [Logged(1, b"{}")]
    assert (await Stream.objects.aget(id="a")).request_id == '"q"'


async def test_a_full_writer_refuses_events_and_keeps_no_others(
    opening: Callable[..., Opening], caplog: pytest.LogCaptureFixture
) -> None:
    pool = RowPool(1, 100, "log-test")
    log = EventLog(Writer(queue_limit=0), pool, worker_id="w")
    with pytest.raises(WriterFull):
        log.append("a", 1, b"{}")
    log.keep("a", 1, b"{}")
    log.close("a", 1)
    assert "stays open" in caplog.text
    await pool.stop(LIMIT)
