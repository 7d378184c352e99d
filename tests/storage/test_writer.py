"""Group commit by one thread."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from mcp_transport.models import Inbox, Worker
from mcp_transport.storage import writer as writer_module
from mcp_transport.storage.statements import Row, Statement, insert
from mcp_transport.storage.writer import MARKER, Entry, Stage, Writer, WriterFull
from mcp_transport.testing.clock import Clock

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 30.0  # seconds a test may wait
MakeWriter = Callable[..., Writer]


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers without patience give up by themselves; nobody else lets their waiters go."""
    monkeypatch.setattr(writer_module, "LOOK_INTERVAL", 60.0)


@pytest.fixture
def make_writer() -> Iterator[MakeWriter]:
    writers: list[Writer] = []

    def make(**options: Any) -> Writer:
        writers.append(Writer(**options))
        return writers[-1]

    yield make
    for writer in writers:
        writer.shutdown(LIMIT)


@pytest.fixture
def writer(make_writer: MakeWriter) -> Writer:
    return make_writer()


WORKERS = ("id", "hostname", "pid", "started_at", "seen_at")


def worker_row(name: str) -> Row:
    return name, "host", 1, timezone.now(), timezone.now()


def stored() -> list[str]:
    return sorted(Worker.objects.values_list("id", flat=True))


async def stored_later() -> list[str]:
    return await asyncio.to_thread(on_own_connection, stored)


def on_own_connection(function: Callable[[], Any]) -> Any:
    try:
        return function()
    finally:
        connection.close()


class Recorded(Statement):
    """Notes what is asked of it, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        super().__init__("")
        self.failures = list(failures)
        self.executed: list[tuple[Sequence[Row], bool]] = []
        self.outcomes: list[str] = []
        self.ended = threading.Event()

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        self.executed.append((rows, is_repeated))
        if self.failures:
            raise self.failures.pop(0)

    def committed(self) -> None:
        self.outcomes.append("committed")
        self.ended.set()

    def rolled_back(self) -> None:
        self.outcomes.append("rolled back")
        self.ended.set()


class Blocked(Recorded):
    """Holds the writer's thread until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.opened = threading.Event()

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        self.entered.set()
        assert self.opened.wait(LIMIT)


async def block(writer: Writer) -> Blocked:
    blocked = Blocked()
    writer.write(blocked, ())
    assert await asyncio.to_thread(blocked.entered.wait, LIMIT)
    return blocked


async def thread_to_sleep(writer: Writer) -> None:
    """Wait until the writer's thread has nothing to do and waits to be woken."""
    async with asyncio.timeout(LIMIT):
        while not writer._is_asleep:  # noqa: ASYNC110 - a thread tells no loop that it sleeps
            await asyncio.sleep(0)


async def test_a_written_row_is_committed_when_the_wait_ends(writer: Writer) -> None:
    await asyncio.wait_for(writer.write(insert(Worker, *WORKERS), worker_row("a")), LIMIT)
    assert await stored_later() == ["a"]


async def test_rows_of_many_tasks_go_down_together(writer: Writer) -> None:
    statement = Recorded()
    blocked = await block(writer)
    waiting = [writer.write(statement, (i,)) for i in range(5)]
    blocked.opened.set()
    await asyncio.wait_for(asyncio.gather(*waiting), LIMIT)
    assert statement.executed == [([(0,), (1,), (2,), (3,), (4,)], False)]


async def test_rows_that_come_turn_after_turn_go_down_together(writer: Writer) -> None:
    statement = Recorded()
    await asyncio.wait_for(writer.write(statement, ()), LIMIT)
    await thread_to_sleep(writer)
    waiting = []
    for i in range(4):
        waiting += [writer.write(statement, (i, "a")), writer.write(statement, (i, "b"))]
        await asyncio.sleep(0)  # the next turn
    await asyncio.wait_for(asyncio.gather(*waiting), LIMIT)
    assert [len(rows) for rows, _ in statement.executed] == [1, 8]


async def test_the_order_between_statements_is_kept(writer: Writer) -> None:
    statement = insert(Worker, *WORKERS)
    rename = Statement("UPDATE mcp_transport_worker SET id = %s WHERE id = %s")
    writer.post(statement, worker_row("a"))
    writer.post(rename, ("b", "a"))
    writer.post(statement, worker_row("a"))
    await writer.flush(LIMIT)
    assert await stored_later() == ["a", "b"]


async def test_a_jump_of_a_tests_clock_is_no_time_that_the_database_took(
    writer: Writer, mcp_clock: Clock
) -> None:
    blocked = await block(writer)
    waiting = writer.write(insert(Worker, *WORKERS), worker_row("a"))
    mcp_clock.advance(61)
    for _ in range(4):  # turns, in which whoever looks at the time does
        await asyncio.sleep(0)
    assert not writer.is_away
    blocked.opened.set()
    await asyncio.wait_for(waiting, LIMIT)


def test_rows_may_come_while_others_are_taken() -> None:
    writer = Writer()
    entry = Entry(MARKER, (), None, None)
    writer._entries.extend([entry] * 10)

    def hand_over(_phase: str, _info: object) -> None:  # as another thread might, at any moment
        writer._entries.append(entry)

    threshold = gc.get_threshold()
    gc.callbacks.append(hand_over)
    gc.set_threshold(1)
    try:
        batch, _ = writer._take_batch()
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(hand_over)
    assert len(batch) >= 10


async def test_a_refused_row_fails_alone(writer: Writer) -> None:
    statement = insert(Worker, *WORKERS)
    blocked = await block(writer)
    waiting = [writer.write(statement, worker_row(name)) for name in "abcacd"]
    blocked.opened.set()
    outcomes = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), LIMIT)
    assert [type(outcome) for outcome in outcomes[3:5]] == [IntegrityError, IntegrityError]
    assert [*outcomes[:3], outcomes[5]] == [None] * 4
    assert await stored_later() == ["a", "b", "c", "d"]


async def test_a_refused_posted_row_is_logged(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    statement = insert(Worker, *WORKERS)
    for name in "aab":
        writer.post(statement, worker_row(name))
    await writer.flush(LIMIT)
    assert [record.message for record in caplog.records] == ["A row was refused by the database."]
    assert await stored_later() == ["a", "b"]


async def test_a_wrong_statement_is_not_tried_again(writer: Writer) -> None:
    with pytest.raises(Exception, match="no_such_table"):
        await asyncio.wait_for(writer.write(Statement("DELETE FROM no_such_table"), ()), LIMIT)


async def test_posted_rows_are_written_without_anybody_asking(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "POST_DELAY", 0.001)
    statement = Recorded()
    writer.post(statement, (1,))
    writer.post(statement, (2,))
    assert await asyncio.to_thread(statement.ended.wait, LIMIT)
    assert statement.executed == [([(1,), (2,)], False)]


async def test_a_row_can_be_posted_from_a_thread_without_a_loop(writer: Writer) -> None:
    statement = Recorded()
    await asyncio.to_thread(writer.post, statement, (1,))
    await writer.flush(LIMIT)
    assert statement.executed == [([(1,)], False)]


async def test_a_full_queue_refuses_rows(make_writer: MakeWriter) -> None:
    writer = make_writer(queue_limit=2)
    blocked = await block(writer)
    kept = [writer.write(Recorded(), ()) for _ in range(2)]
    assert writer.depth == 2
    for refused in (writer.write, writer.post):
        with pytest.raises(WriterFull, match="2 rows wait to be written to the database 'default'"):
            refused(Recorded(), ())
    blocked.opened.set()
    await asyncio.wait_for(asyncio.gather(*kept), LIMIT)
    assert writer.depth == 0


async def test_behind_the_bound_there_is_room_for_what_was_worked_for(
    make_writer: MakeWriter,
) -> None:
    writer = make_writer(queue_limit=4)
    blocked = await block(writer)
    taken = Recorded()
    for stage, room in ((Stage.NEW, 4), (Stage.BEGUN, 6), (Stage.DONE, 8)):
        while writer.depth < room:
            writer.post(taken, (stage,), stage=stage)
        with pytest.raises(WriterFull, match=f"{room} rows wait"):
            writer.write(Recorded(), (), stage=stage)
    blocked.opened.set()
    await writer.flush(LIMIT)
    assert [row[0] for rows, _ in taken.executed for row in rows] == [0, 0, 0, 0, 1, 1, 2, 2]


async def test_a_row_is_written_although_its_waiter_was_cancelled(writer: Writer) -> None:
    blocked = await block(writer)
    waiting = asyncio.ensure_future(writer.write(insert(Worker, *WORKERS), worker_row("a")))
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    blocked.opened.set()
    await writer.flush(LIMIT)
    assert await stored_later() == ["a"]


async def test_rows_are_written_again_when_the_database_comes_back(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    statement = Recorded(OperationalError("gone"), OperationalError("starting"))
    await asyncio.wait_for(writer.write(statement, (1,)), LIMIT)
    assert [is_repeated for _, is_repeated in statement.executed] == [False, True, True]
    assert statement.outcomes == ["rolled back", "rolled back", "committed"]
    assert [record.message for record in caplog.records] == [
        "The database 'default' is away: gone",
        "The database 'default' is back.",
    ]


async def test_a_waiter_learns_that_the_database_stays_away(make_writer: MakeWriter) -> None:
    writer = make_writer(patience=0.0)
    statement = Recorded(OperationalError("gone"))
    with pytest.raises(OperationalError):
        await asyncio.wait_for(writer.write(statement, (1,)), LIMIT)
    assert statement.outcomes == ["rolled back"]


async def test_posted_rows_are_kept_until_the_database_is_back(
    make_writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_PAUSE", 0.001)
    writer = make_writer(patience=0.0)
    statement = Recorded(*[OperationalError("gone")] * 3)
    writer.post(statement, (1,))
    writer.post(statement, (2,))
    async with asyncio.timeout(LIMIT):
        while "committed" not in statement.outcomes:
            with suppress(OperationalError):
                await writer.flush(LIMIT)
    assert statement.executed[-1] == ([(1,), (2,)], True)


async def test_a_kept_row_is_written_although_its_waiter_was_let_go(
    make_writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_PAUSE", 0.3)
    writer = make_writer(patience=0.0)
    statement = Recorded(OperationalError("gone"))
    kept = writer.write(statement, (1,), is_kept=True)
    other = writer.write(statement, (2,))
    for waiting in (kept, other):
        with pytest.raises(OperationalError):
            await asyncio.wait_for(waiting, LIMIT)
    was_away = writer.is_away
    await writer.flush(LIMIT)
    assert statement.executed[-1] == ([(1,)], True)
    assert (was_away, writer.is_away) == (True, False)


async def test_rows_behind_those_that_may_be_stored_are_written_by_themselves(
    make_writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_PAUSE", 0.05)
    writer = make_writer(patience=0.0)
    statement = Recorded(OperationalError("gone"))
    with pytest.raises(OperationalError):
        await asyncio.wait_for(writer.write(statement, (1,), is_kept=True), LIMIT)
    await asyncio.wait_for(writer.write(statement, (2,)), LIMIT)
    assert statement.executed[1:] == [([(1,)], True), ([(2,)], False)]


async def test_whoever_waits_behind_rows_that_are_tried_again_is_let_go_too(
    make_writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_PAUSE", 0.001)
    writer = make_writer(patience=0.0)
    away, other = Recorded(*[OperationalError("gone")] * 5), Recorded()
    writer.post(away, (1,))
    with pytest.raises(OperationalError):
        await writer.flush(LIMIT)
    dropped, kept = writer.write(other, (2,)), writer.write(other, (3,), is_kept=True)
    for waiting in (dropped, kept):
        with pytest.raises(OperationalError):
            await asyncio.wait_for(waiting, LIMIT)
    async with asyncio.timeout(LIMIT):
        while writer.depth or away.failures:
            with suppress(OperationalError):
                await writer.flush(LIMIT)
    assert [row for rows, _ in other.executed for row in rows] == [(3,)]


async def test_nothing_overtakes_a_half_of_a_batch_that_could_not_be_written(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_PAUSE", 0.001)
    writer.patience = 0.0
    statement = Recorded(IntegrityError("no"), OperationalError("gone"))
    blocked = await block(writer)
    for number in range(4):
        writer.post(statement, (number,))
    blocked.opened.set()
    with suppress(OperationalError):
        await writer.flush(LIMIT)
    await writer.flush(LIMIT)
    numbers = [[number for (number,) in rows] for rows, _ in statement.executed]
    assert numbers == [[0, 1, 2, 3], [0, 1], [0, 1, 2, 3]]


async def test_waiters_are_let_go_when_the_database_does_not_answer(
    make_writer: MakeWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "LOOK_INTERVAL", 0.005)
    writer = make_writer(patience=0.02)
    statement = Recorded()
    blocked = await block(writer)
    waiting = writer.write(statement, (1,))
    with pytest.raises(OperationalError, match="has not answered for 0.02 seconds"):
        await asyncio.wait_for(waiting, LIMIT)
    was_away = writer.is_away
    assert not writer.is_steady(0.01)
    writer.patience = LIMIT  # what follows may wait for a busy machine
    blocked.opened.set()
    await writer.flush(LIMIT)
    assert statement.executed == [([(1,)], False)]
    assert (was_away, writer.is_away) == (True, False)


async def test_a_writer_is_steady_when_the_database_has_been_back_for_long_enough(
    writer: Writer,
) -> None:
    assert writer.is_steady(3.0)
    statement = Recorded(OperationalError("gone"))
    await asyncio.wait_for(writer.write(statement, (1,)), LIMIT)
    assert not writer.is_steady(3600.0)


async def test_a_queue_that_is_over_half_full_is_crowded(make_writer: MakeWriter) -> None:
    writer = make_writer(queue_limit=2)
    blocked = await block(writer)
    crowded = []
    for _ in range(2):
        writer.post(Recorded(), ())
        crowded.append(writer.is_crowded)
    assert crowded == [False, True]
    blocked.opened.set()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no lock on everything")
async def test_no_attempt_waits_for_the_whole_of_the_sites_own_timeout(writer: Writer) -> None:
    class Ask(Statement):
        waits = 0

        def execute(
            self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
        ) -> None:
            with connection.cursor() as cursor:
                self.waits = cursor.execute("PRAGMA busy_timeout").fetchone()[0]

    ask = Ask("")
    await asyncio.wait_for(writer.write(ask, ()), LIMIT)
    assert ask.waits == writer_module.LOCK_WAIT


def test_a_writer_serves_one_loop_after_another(writer: Writer) -> None:
    async def write(name: str) -> None:
        await asyncio.wait_for(writer.write(insert(Worker, *WORKERS), worker_row(name)), LIMIT)

    for name in "abc":
        asyncio.run(write(name))
    assert stored() == ["a", "b", "c"]


def test_a_loop_that_closes_at_once_stops_nobody(writer: Writer) -> None:
    statement = Recorded()

    async def leave() -> None:
        writer.write(statement, (1,)).cancel()
        writer.post(statement, (2,))

    async def stay() -> None:
        await asyncio.wait_for(writer.write(statement, (3,)), LIMIT)

    asyncio.run(leave())
    asyncio.run(stay())
    assert [row for rows, _ in statement.executed for row in rows] == [(1,), (2,), (3,)]


async def test_stopping_writes_what_waits(writer: Writer) -> None:
    writer.post(insert(Worker, *WORKERS), worker_row("a"))
    assert await writer.stop(LIMIT)
    assert await stored_later() == ["a"]


async def test_a_stopped_writer_refuses_rows(writer: Writer) -> None:
    assert await writer.stop(LIMIT)
    with pytest.raises(WriterFull, match="stopped"):
        writer.post(Recorded(), ())
    await writer.flush(LIMIT)


async def test_stopping_while_the_database_is_away_says_what_is_lost(
    writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    statement = Recorded(*[OperationalError("gone")] * 50)
    writer.post(statement, (1,))
    waiting = writer.write(statement, (2,))
    assert await asyncio.to_thread(statement.ended.wait, LIMIT)
    assert not await writer.stop(0.3)
    with pytest.raises(OperationalError):
        await waiting
    assert "1 rows were not written: gone" in [record.message for record in caplog.records]
    statement.failures.clear()


async def test_a_database_that_comes_back_before_the_end_gets_what_waits(writer: Writer) -> None:
    statement = Recorded(*[OperationalError("gone")] * 3)
    writer.post(statement, (1,))
    assert await writer.stop(LIMIT)
    assert statement.outcomes[-1] == "committed"


async def test_a_broken_connection_is_replaced(writer: Writer) -> None:
    statement = insert(Inbox, "worker", "session", "kind", "key", "payload", "created_at")
    row: Row = ("w", "s", "answer", "k", {}, timezone.now())
    await asyncio.wait_for(writer.write(statement, row), LIMIT)

    class Breaking(Statement):
        def execute(
            self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
        ) -> None:
            if not is_repeated:
                connection.connection.close()
            statement.execute(connection, [row], is_repeated=is_repeated)

    with suppress(Exception):  # what SQLite calls a wrong use, PostgreSQL a lost connection
        await asyncio.wait_for(writer.write(Breaking(""), ()), LIMIT)
    await asyncio.wait_for(writer.write(statement, row), LIMIT)
