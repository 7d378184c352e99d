"""What is left for other worker processes, as rows."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.utils import timezone

from mcp_transport.engine.inbox import ANSWER, AT_ONCE, CANCEL, CLOSE, Delivered, Inboxes
from mcp_transport.models import Inbox, Server, Session, Stream, Worker
from mcp_transport.protocol.jsonrpc import Response
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.writer import Writer, WriterFull
from mcp_transport.streams.notices import Mail
from tests.storage.test_writer import Recorded, block

LIMIT = 30.0


class Two:
    """The inboxes of two worker processes, and one session."""

    def __init__(self, writer: Writer, pool: RowPool, session: Session) -> None:
        self.session = session
        self.one = Inboxes(writer, pool, worker_id="one")
        self.two = Inboxes(writer, pool, worker_id="two")


@pytest.fixture
def session(transactional_db: None) -> Session:
    server = Server.objects.create(slug="own")
    return Session.objects.create(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=timezone.now()
    )


@pytest.fixture
async def workers(session: Session) -> AsyncIterator[Two]:
    writer, pool = Writer(), RowPool(1, 100, "inbox", patience=LIMIT)
    yield Two(writer, pool, session)
    assert await writer.stop(LIMIT)
    assert await pool.stop(LIMIT)


async def open_stream(session: Session, worker: str, name: str, **more: Any) -> None:
    await Stream.objects.acreate(
        id=name, session=session, worker=worker, opened_at=timezone.now(), **more
    )


async def live(worker: str, **more: Any) -> None:
    now = timezone.now()
    later = now + datetime.timedelta(hours=1)  # however slow the test is
    fields = {"hostname": "here", "pid": 1, "started_at": now, "seen_at": later, **more}
    await Worker.objects.acreate(id=worker, **fields)


async def test_an_answer_goes_to_the_worker_that_asked(workers: Two) -> None:
    await open_stream(workers.session, "one", "asked")
    await open_stream(workers.session, "three", "other")
    await workers.two.answer(workers.session.pk, Response("asked.1", {"action": "accept"}))
    payload = {"result": {"action": "accept"}, "error": None}
    assert await workers.one.take() == [Delivered(ANSWER, workers.session.pk, "asked.1", payload)]
    assert not await Inbox.objects.aexists()


@pytest.mark.parametrize(
    ("body", "is_left"),
    [
        ({"id": 1, "method": "tools/list"}, False),
        ([{"id": 1, "method": "tools/list"}], False),
        ({"id": "asked.1", "result": {}}, True),
        ({"method": "notifications/cancelled"}, True),
    ],
)
async def test_what_belongs_to_running_work_is_left_although_the_queue_is_full(
    workers: Two, body: Any, is_left: bool
) -> None:
    await live("one")
    writer = workers.two._writer
    blocked = await block(writer)
    writer.queue_limit = 4
    for _ in range(4):
        writer.post(Recorded(), ())
    leaving = asyncio.ensure_future(workers.two.forward("one", workers.session.pk, body))
    async with asyncio.timeout(LIMIT):
        while writer.depth == 4 and not leaving.done():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
    blocked.opened.set()
    if is_left:
        assert await leaving
    else:
        with pytest.raises(WriterFull):
            await leaving


async def test_an_error_is_an_answer_too(workers: Two) -> None:
    await open_stream(workers.session, "one", "asked")
    error = {"code": -1, "message": "no"}
    await workers.two.answer(workers.session.pk, Response("asked.2", None, error))
    (delivered,) = await workers.one.take()
    assert delivered.payload == {"result": None, "error": error}


@pytest.mark.parametrize("question", ["nobody", "nobody.1", ".1", "", 7])
async def test_an_answer_to_nothing_is_left_nowhere(workers: Two, question: Any) -> None:
    await open_stream(workers.session, "one", "asked")
    await workers.two.answer(workers.session.pk, Response(question, {}))
    assert not await Inbox.objects.aexists()


async def test_an_answer_from_another_session_is_left_nowhere(workers: Two) -> None:
    await open_stream(workers.session, "one", "asked")
    await workers.two.answer("s" * 43, Response("asked.1", {}))
    assert not await Inbox.objects.aexists()


async def test_an_answer_to_a_request_that_has_ended_is_left_nowhere(workers: Two) -> None:
    await open_stream(workers.session, "one", "asked", closed_at=timezone.now())
    await workers.two.answer(workers.session.pk, Response("asked.1", {}))
    assert not await Inbox.objects.aexists()


async def test_a_late_answer_to_this_worker_is_left_nowhere(workers: Two) -> None:
    await open_stream(workers.session, "two", "asked")
    await workers.two.answer(workers.session.pk, Response("asked.1", {}))
    assert not await Inbox.objects.aexists()


@pytest.mark.parametrize("request_id", [1, "1"])
async def test_a_cancellation_goes_to_the_worker_with_the_stream_of_the_request(
    workers: Two, request_id: str | int
) -> None:
    for worker, name, id_ in (("one", "a", '"1"'), ("three", "b", "1"), ("two", "c", "7")):
        await live(worker)
        await open_stream(workers.session, worker, name, request_id=id_)
    await workers.two.cancel(workers.session.pk, request_id)
    (row,) = [row async for row in Inbox.objects.all()]
    assert row.worker == {1: "three", "1": "one"}[request_id]
    assert (row.kind, row.payload) == (CANCEL, {"request_id": request_id})


async def test_a_cancellation_goes_to_all_that_live_while_a_request_has_no_stream(
    workers: Two,
) -> None:
    for worker in ("one", "two", "three"):
        await live(worker)
    await live("dead", seen_at=timezone.now() - datetime.timedelta(minutes=1))
    await open_stream(workers.session, "one", "a", request_id="7")
    await workers.two.cancel(workers.session.pk, 1)
    assert {row.worker async for row in Inbox.objects.all()} == {"one", "three"}
    (delivered,) = await workers.one.take()
    assert delivered == Delivered(CANCEL, workers.session.pk, "", {"request_id": 1})


async def test_the_end_of_a_session_goes_to_its_workers(workers: Two) -> None:
    await open_stream(workers.session, "one", "a")
    await workers.two.close(workers.session.pk)
    assert await workers.one.take() == [Delivered(CLOSE, workers.session.pk, "", {})]


async def test_a_full_inbox_is_taken_in_parts_and_in_order(workers: Two) -> None:
    await live("one")
    async with asyncio.timeout(LIMIT):
        for number in range(AT_ONCE + 1):
            await workers.two.cancel(workers.session.pk, number)
    taken = await workers.one.take()
    assert [item.payload["request_id"] for item in taken] == list(range(AT_ONCE))
    assert len(await workers.one.take()) == 1
    assert await workers.one.take() == []


async def test_a_process_is_told_of_what_is_left_for_it(session: Session) -> None:
    told: list[Mail] = []

    class FakeHub:
        wakes_others = True

        async def announce(self, notice: Mail) -> None:
            told.append(notice)
            assert await Inbox.objects.acount() == 1  # a process that is woken finds it

    writer, pool = Writer(), RowPool(1, 100, "inbox", patience=LIMIT)
    one = Inboxes(writer, pool, worker_id="one", hub=FakeHub())  # type: ignore[arg-type]  # what it uses
    assert one.are_told_of
    assert not Inboxes(writer, pool, worker_id="one").are_told_of
    await one.cancel(session.pk, 7)
    assert told == []
    await live("one")
    await live("two")
    await one.cancel(session.pk, 7)
    assert told == [Mail(("two",))]
    assert await writer.stop(LIMIT)
    assert await pool.stop(LIMIT)
