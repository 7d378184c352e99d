"""Streams that are written and followed, over a log that commits when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import OperationalError

from mcp_transport.storage.writer import WriterFull
from mcp_transport.streams import live as live_module
from mcp_transport.streams.live import LiveStream, LiveStreams
from mcp_transport.streams.log import Logged, Progress

LIMIT = 30.0


class FakeLog:
    """An event log in memory whose commits can be held back or fail."""

    def __init__(self) -> None:
        self.events: dict[int, bytes] = {}
        self.kept: list[bytes] = []
        self.closed: list[int] = []
        self.reads: list[int] = []
        self.is_held = False
        self.waiting: list[tuple[int, bytes, asyncio.Future[None]]] = []
        self.failure: Exception | None = None
        self.most_reads = 1000

    def append(
        self, stream_id: str, sequence: int, data: bytes, *, is_last: bool = False
    ) -> asyncio.Future[None]:
        if isinstance(self.failure, WriterFull):
            raise self.failure
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((sequence, data, future))
        if not self.is_held:
            self.commit()
        return future

    def commit(self) -> None:
        self.is_held = False
        waiting, self.waiting = self.waiting, []
        for sequence, data, future in waiting:
            if self.failure is not None:
                future.set_exception(self.failure)
            else:
                self.events[sequence] = data
                future.set_result(None)

    def keep(self, stream_id: str, sequence: int, data: bytes) -> None:
        self.kept.append(data)

    def close(self, stream_id: str, last_sequence: int) -> None:
        self.closed.append(last_sequence)

    def limit_reads(self, count: int) -> None:
        self.most_reads = len(self.reads) + count

    async def read(self, stream_id: str, after: int) -> list[Logged]:
        self.reads.append(after)
        assert len(self.reads) <= self.most_reads
        return [Logged(n, data) for n, data in sorted(self.events.items()) if n > after]

    async def progress(self, stream_id: str) -> Progress | None:
        return Progress("s", bool(self.closed)) if self.events else None


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def stream(log: FakeLog) -> LiveStream:
    return LiveStream("a", log, keep=3)  # type: ignore[arg-type]  # the part it uses


async def read(events: AsyncIterator[Logged], count: int = 1) -> list[bytes]:
    async with asyncio.timeout(LIMIT):
        return [(await anext(events)).data for _ in range(count)]


async def rest(events: AsyncIterator[Logged]) -> list[bytes]:
    async with asyncio.timeout(LIMIT):
        return [event.data async for event in events]


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_reader_gets_every_event_and_then_the_end(stream: LiveStream) -> None:
    events = stream.follow(0)
    await stream.append(b"1")
    await stream.append(b"2", is_last=True)
    assert await rest(events) == [b"1", b"2"]


async def test_a_reader_waits_for_what_is_not_there_yet(stream: LiveStream) -> None:
    reading = asyncio.ensure_future(rest(stream.follow(0)))
    await turns()
    await stream.append(b"1", is_last=True)
    assert await reading == [b"1"]


async def test_of_two_readers_the_newest_lives(stream: LiveStream) -> None:
    first = asyncio.ensure_future(rest(stream.follow(0)))
    await turns()
    await stream.append(b"1")
    await turns()
    second = asyncio.ensure_future(rest(stream.follow(1)))
    await turns()
    assert first.done()
    await stream.append(b"2", is_last=True)
    assert (await first, await second) == ([b"1"], [b"2"])


async def test_a_reader_that_was_followed_by_another_stops_between_two_events(
    stream: LiveStream,
) -> None:
    for data in (b"1", b"2", b"3"):
        await stream.append(data)
    first = stream.follow(0)
    assert await read(first) == [b"1"]
    second = stream.follow(0)
    assert await read(second) == [b"1"]
    assert await rest(first) == []


async def test_a_slow_reader_falls_back_to_the_log(stream: LiveStream, log: FakeLog) -> None:
    events = stream.follow(0)
    await stream.append(b"1")
    assert await read(events) == [b"1"]
    for number in range(2, 8):
        await stream.append(b"%d" % number)
    assert await read(events, 6) == [b"%d" % number for number in range(2, 8)]
    assert log.reads == [1]
    await stream.append(b"8", is_last=True)
    assert await rest(events) == [b"8"]
    assert log.reads == [1]


async def test_a_slow_reader_of_a_log_that_was_emptied_is_let_go(
    stream: LiveStream, log: FakeLog
) -> None:
    for number in range(5):
        await stream.append(b"%d" % number)
    log.events.clear()  # as when the session's server is deleted
    log.limit_reads(10)
    assert [event async for event in stream.follow(0)] == []


async def test_an_event_reaches_its_reader_only_once_it_is_logged(
    stream: LiveStream, log: FakeLog
) -> None:
    log.is_held = True
    reading = asyncio.ensure_future(rest(stream.follow(0)))
    writing = asyncio.ensure_future(stream.append(b"1", is_last=True))
    await turns()
    assert not reading.done()
    assert not writing.done()
    log.commit()
    assert await reading == [b"1"]
    await writing


async def test_an_event_whose_waiter_is_cancelled_before_the_commit_is_sent_all_the_same(
    stream: LiveStream, log: FakeLog
) -> None:
    log.is_held = True
    reading = asyncio.ensure_future(rest(stream.follow(0)))
    writing = asyncio.ensure_future(stream.append(b"1"))
    await turns()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    stream.close()
    await turns()
    assert not reading.done()
    log.commit()
    assert await reading == [b"1"]
    assert log.closed == [1]


async def test_an_event_that_cannot_be_queued_takes_no_number(
    stream: LiveStream, log: FakeLog
) -> None:
    log.failure = WriterFull("full")
    with pytest.raises(WriterFull):
        await stream.append(b"lost")
    log.failure = None
    await stream.append(b"1", is_last=True)
    assert await rest(stream.follow(0)) == [b"1"]


async def test_an_event_that_cannot_be_written_holds_no_reader(
    stream: LiveStream, log: FakeLog
) -> None:
    events = stream.follow(0)
    log.failure = OperationalError("away")
    with pytest.raises(OperationalError):
        await stream.append(b"lost")
    log.failure = None
    await stream.append(b"2", is_last=True)
    assert await rest(events) == [b"2"]
    assert log.kept == []


async def test_the_last_event_is_kept_for_later_and_the_stream_ended(
    stream: LiveStream, log: FakeLog
) -> None:
    events = stream.follow(0)
    await stream.append(b"1")
    log.failure = OperationalError("away")
    with pytest.raises(OperationalError):
        await stream.append(b"result", is_last=True)
    assert await rest(events) == [b"1"]
    assert log.kept == [b"result"]
    assert log.closed == [2]


async def test_a_stream_is_closed_once(stream: LiveStream, log: FakeLog) -> None:
    stream.close()
    stream.close()
    assert log.closed == [0]
    assert await rest(stream.follow(0)) == []


async def test_a_reader_that_is_let_go_gets_what_was_said_before(stream: LiveStream) -> None:
    reading = asyncio.ensure_future(rest(stream.follow(0)))
    await stream.append(b"1")
    await stream.append(b"2")
    stream.release()
    assert await reading == [b"1", b"2"]
    again = asyncio.ensure_future(rest(stream.follow(2, is_resumed=True)))
    await turns()
    assert not again.done()
    await stream.append(b"3", is_last=True)
    assert await again == [b"3"]


@pytest.fixture
def streams(log: FakeLog) -> LiveStreams:
    return LiveStreams(log, keep=3)  # type: ignore[arg-type]  # the part it uses


async def test_a_stream_of_this_process_is_followed_as_it_is_written(
    streams: LiveStreams, log: FakeLog
) -> None:
    stream = streams.create("a")
    await stream.append(b"1")
    await stream.append(b"2", is_last=True)
    assert await rest(streams.follow("a", 1)) == [b"2"]
    assert log.reads == []


async def test_a_stream_of_another_process_is_read_from_the_log(
    streams: LiveStreams, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "POLL_INTERVAL", 0.001)
    log.events = {1: b"1", 2: b"2"}
    events = streams.follow("a", 0)
    assert await read(events, 2) == [b"1", b"2"]
    reading = asyncio.ensure_future(rest(events))
    await turns()
    log.events[3] = b"3"
    log.close("a", 3)
    assert await reading == [b"3"]


async def test_a_discarded_stream_is_read_from_the_log(streams: LiveStreams, log: FakeLog) -> None:
    stream = streams.create("a")
    await stream.append(b"1", is_last=True)
    streams.discard(stream)
    streams.discard(stream)
    assert await rest(streams.follow("a", 0)) == [b"1"]
    assert log.reads


async def test_a_stream_that_does_not_exist_has_no_events(streams: LiveStreams) -> None:
    events: Any = streams.follow("nothing", 0)
    assert await rest(events) == []
