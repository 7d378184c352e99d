"""How a worker process does what others left for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcp_transport.engine import inbox_reader
from mcp_transport.engine.back_channel import Pending
from mcp_transport.engine.connections import Connections
from mcp_transport.engine.inbox import ANSWER, AT_ONCE, CANCEL, CLOSE, Delivered
from mcp_transport.engine.inbox_reader import InboxReader

LIMIT = 30.0


class FakeInboxes:
    """Rows in memory."""

    def __init__(self) -> None:
        self.are_told_of = False
        self.rows: list[Delivered] = []
        self.looks = 0
        self.looked = asyncio.Event()
        self.failure: Exception | None = None

    async def take(self) -> list[Delivered]:
        self.looks += 1
        self.looked.set()
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        rows, self.rows = self.rows[:AT_ONCE], self.rows[AT_ONCE:]
        return rows


class FakeWorks:
    """Work that only remembers what ended it."""

    def __init__(self) -> None:
        self.is_idle = False
        self.ended: list[Any] = []

    def cancel(self, session_id: str, request_id: Any) -> bool:
        self.ended.append((session_id, request_id))
        return True

    def cancel_session(self, session_id: str) -> None:
        self.ended.append(session_id)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_reader, "POLL_INTERVAL", 0.001)


class FakeConnections(Connections):
    """One whose client sends its messages by another way, or none."""

    have_post = False


class FakeTasks:
    """None, at any time."""

    is_idle = True


def make(*, have_post: bool = False) -> tuple[InboxReader, FakeInboxes, Pending, FakeWorks]:
    inboxes, pending, works, connections = FakeInboxes(), Pending(), FakeWorks(), FakeConnections()
    connections.have_post = have_post
    leave, tasks = works.cancel_session, FakeTasks()
    reader = InboxReader(inboxes, pending, works, connections, tasks, leave=leave)  # type: ignore[arg-type]  # the parts it uses
    return reader, inboxes, pending, works


def polling_of(reader: InboxReader) -> Any:
    return reader._polling


async def test_every_kind_of_row_is_done() -> None:
    reader, inboxes, pending, works = make()
    answer = pending.expect("s", "a.1")
    inboxes.rows = [
        Delivered(ANSWER, "s", "a.1", {"result": {"action": "accept"}, "error": None}),
        Delivered(ANSWER, "s", "nobody", {"result": {}, "error": None}),
        Delivered(CANCEL, "s", "", {"request_id": 7}),
        Delivered(CLOSE, "t", "", {}),
    ]
    await reader.look()
    assert (await answer).result == {"action": "accept"}
    assert works.ended == [("s", 7), "t"]


async def test_it_looks_until_nothing_runs_any_more() -> None:
    reader, inboxes, _pending, works = make()
    reader.begin()
    reader.begin()
    polling = polling_of(reader)
    assert polling is not None
    async with asyncio.timeout(LIMIT):
        await inboxes.looked.wait()
        works.is_idle = True
        await polling
    looks = inboxes.looks
    reader.begin()  # it begins again with the next work, and finds that it has ended
    assert polling_of(reader) is not polling
    async with asyncio.timeout(LIMIT):
        await polling_of(reader)
    assert inboxes.looks == looks


async def test_what_begins_at_the_very_moment_of_its_end_is_looked_for() -> None:
    reader, inboxes, _pending, works = make()
    reader.begin()
    works.is_idle = True
    async with asyncio.timeout(LIMIT):
        while not polling_of(reader).done():  # noqa: ASYNC110 - nothing else may run between
            await asyncio.sleep(0)
        works.is_idle = False
        reader.begin()
        await inboxes.looked.wait()
    reader.stop()


async def test_a_database_that_is_away_does_not_end_the_looking(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader, inboxes, _pending, works = make()
    inboxes.failure = OSError("away")
    inboxes.rows = [Delivered(CLOSE, "t", "", {})]
    reader.begin()
    async with asyncio.timeout(LIMIT):
        while not works.ended:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.001)
    assert "could not be read" in caplog.text
    reader.stop()


async def test_it_can_be_stopped_at_any_time() -> None:
    reader, *_ = make()
    reader.stop()
    reader.begin()
    polling = polling_of(reader)
    assert polling is not None
    reader.stop()
    with pytest.raises(asyncio.CancelledError):
        await polling


async def test_mail_that_is_told_of_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_reader, "POLL_INTERVAL", 3600.0)
    reader, inboxes, _pending, _works = make()
    reader.begin()
    await asyncio.sleep(0)
    reader.look_soon()
    async with asyncio.timeout(LIMIT):
        await inboxes.looked.wait()
    reader.stop()


async def test_more_than_is_taken_at_once_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_reader, "POLL_INTERVAL", 3600.0)
    reader, inboxes, _pending, works = make()
    inboxes.rows = [Delivered(CANCEL, "s", "", {"request_id": n}) for n in range(AT_ONCE + 1)]
    reader.begin()
    reader.look_soon()
    async with asyncio.timeout(LIMIT):
        while len(works.ended) <= AT_ONCE:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.001)
    reader.stop()


@pytest.mark.parametrize("are_told_of", [True, False])
async def test_messages_that_nobody_tells_of_are_looked_for_often(
    monkeypatch: pytest.MonkeyPatch, are_told_of: bool
) -> None:
    rare, often = ("POST", "POLL") if are_told_of else ("POLL", "POST")
    monkeypatch.setattr(inbox_reader, f"{rare}_INTERVAL", 3600.0)
    monkeypatch.setattr(inbox_reader, f"{often}_INTERVAL", 0.001)
    reader, inboxes, _pending, works = make(have_post=True)
    inboxes.are_told_of, works.is_idle = are_told_of, True
    reader.begin()
    async with asyncio.timeout(LIMIT):
        await inboxes.looked.wait()
    reader.stop()


async def test_mail_that_is_told_of_before_anything_runs_is_not_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox_reader, "POLL_INTERVAL", 3600.0)
    reader, inboxes, _pending, _works = make()
    reader.look_soon()
    reader.begin()
    async with asyncio.timeout(LIMIT):
        await inboxes.looked.wait()
    reader.stop()
