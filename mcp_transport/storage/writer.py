"""
Rows of many tasks, written by one thread in few transactions.

A task waits for its row's commit and not for its turn at the database: what
comes in while one transaction runs goes down in the next.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from enum import IntEnum
from itertools import chain, groupby
from operator import attrgetter
from queue import Empty, SimpleQueue

import msgspec
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_transport.storage.statements import Row, Statement
from mcp_transport.threads import Delivery

logger = logging.getLogger("mcp_transport.writer")

MAX_BATCH = 1000  # rows in one transaction
MOST_TURNS = 4  # of the loop in which an awaited row may get company
POST_DELAY = 0.05  # seconds a posted row may wait for company
MAX_PAUSE = 0.5  # seconds between two attempts while the database is away
STOP_PAUSE = 0.1  # the same while the writer is being stopped
LOCK_WAIT = 1000  # milliseconds one attempt waits for SQLite's lock
LOOK_INTERVAL = 0.25  # seconds between two looks at how long rows have been waiting
SQLITE_ERROR = 1  # a wrong statement, which Django calls operational too


class WriterFull(Exception):
    """The queue of rows is at its bound, or the writer was stopped."""


class Stage(IntEnum):
    """
    How far the work is that a row belongs to, and so what would be lost with it.

    Behind the bound there is room for as many rows again, for what has been
    worked for: a site that cannot keep up refuses work, and never a result.
    Half of that room is for what is said meanwhile, so that a function that
    reports without end takes nothing away from the results of the others.
    """

    NEW = 0  # nothing was done yet, and whoever asks may come back
    BEGUN = 1
    DONE = 2


class Entry(msgspec.Struct, frozen=True):
    """One row on its way, and who waits for it."""

    statement: Statement
    row: Row
    future: asyncio.Future[None] | None
    delivery: Delivery | None
    is_kept: bool = True  # although nobody waits for it, or does no longer


class Marker(Statement):
    """Passes through the queue and writes nothing."""


MARKER = Marker("")
DELIVERY_OF = attrgetter("delivery")
STATEMENT_OF = attrgetter("statement")


class Writer:
    """
    Owns the thread, its database connection and the queue in front of it.

    Rows are written in the order in which they were handed over. A row that
    the database refuses fails alone. Nobody waits longer than ``patience``
    seconds for a database that is away or does not answer: then whoever waits
    is let go with an error, and the rows that are to be kept, among them all
    posted ones, are written when it is back.

    A connection that breaks during the commit leaves open whether the rows
    are in; they are written once more, by ``Statement.execute`` with
    ``is_repeated``.
    """

    def __init__(
        self, alias: str = "default", *, queue_limit: int = 10_000, patience: float = 4.0
    ) -> None:
        self.alias = alias
        self.queue_limit = queue_limit
        self.patience = patience
        self._entries: deque[Entry] = deque()
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_asleep = False
        self._is_stopped = False
        self._delivery: Delivery | None = None
        # The loops that will wake the thread; one that closed first never does,
        # so these are loops and not flags.
        self._kicking: asyncio.AbstractEventLoop | None = None
        self._lingering: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.AbstractEventLoop | None = None
        self._batch: list[Entry] = []  # what the thread has taken
        # By perf_counter(), which a test's clock does not move: the database took none of that.
        self._batch_since = 0.0
        self._unsure = 0  # entries at the front that may be stored already
        self._away_since: float | None = None
        self._steady_since = 0.0
        self._stop_at = 0.0
        self.is_away = False  # whether waiters were let go, and nothing was written since

    @property
    def depth(self) -> int:
        """Rows that wait to be written."""
        return len(self._entries)

    @property
    def is_full(self) -> bool:
        """Whether so many rows wait that no work should be begun whose rows would come on top."""
        return len(self._entries) >= self.queue_limit

    @property
    def is_crowded(self) -> bool:
        """Whether so many rows wait that whoever has more should wait for the next."""
        return len(self._entries) * 2 > self.queue_limit

    def is_steady(self, seconds: float) -> bool:
        """Whether the database was not away, nor silent, for so long."""
        now = time.perf_counter()
        is_stuck = bool(self._batch) and now - self._batch_since > seconds
        return self._away_since is None and not is_stuck and now - self._steady_since >= seconds

    def write(
        self,
        statement: Statement,
        row: Row,
        *,
        is_kept: bool = False,
        stage: Stage = Stage.NEW,
    ) -> asyncio.Future[None]:
        """
        Hand over a row; the future is done when it is committed.

        A waiter that is cancelled does not take its row back. A row that is
        kept is written later when the future says that the database is away;
        of any other that is uncertain.

        Raises: WriterFull, at once. The future raises what the database said.
        """
        self._admit(stage)
        return self._submit(statement, row, is_kept=is_kept)

    def post(self, statement: Statement, row: Row, *, stage: Stage = Stage.NEW) -> None:
        """
        Hand over a row that nobody waits for; callable from any thread.

        Raises: WriterFull.
        """
        self._admit(stage)
        self._entries.append(Entry(statement, row, None, None))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return self._kick()
        if self._lingering is not loop:
            self._lingering = loop
            loop.call_later(POST_DELAY, self._kick)
        return None

    async def flush(self, wait: float) -> None:
        """
        Return when everything handed over before is committed or refused.

        Raises: TimeoutError, or OperationalError while the database is away.
        """
        if self._thread is not None and self._thread.is_alive():
            await asyncio.wait_for(self._submit(MARKER, (), is_kept=False), wait)

    async def stop(self, wait: float) -> bool:
        """Like shutdown(), without blocking the loop."""
        return await asyncio.to_thread(self.shutdown, wait)

    def shutdown(self, wait: float) -> bool:
        """
        Refuse new rows, write what waits, close the connection, end the thread.

        While the database is away the thread goes on trying. False when rows
        are left, or the thread still runs, after that many seconds.
        """
        self._stop_at = time.perf_counter() + wait - STOP_PAUSE
        self._is_stopped = True
        with self._lock:  # _start() may be making it in another thread
            thread = self._thread
        if thread is None:
            return True
        self._wake.put(None)
        thread.join(wait)
        return not thread.is_alive() and not self._entries

    def _admit(self, stage: Stage) -> None:
        if self._is_stopped:
            raise WriterFull("The writer has been stopped.")
        if self.is_full and len(self._entries) >= self._room(stage):
            raise WriterFull(
                f"{self._room(stage)} rows wait to be written to the database "
                f"{self.alias!r}, which is the limit; try again later."
            )
        if self._thread is None:
            self._start()

    def _room(self, stage: Stage) -> int:
        """How many rows may wait before one of this stage is refused."""
        return self.queue_limit * (Stage.DONE + stage) // Stage.DONE

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mcp-writer", daemon=True)
                self._thread.start()

    def _submit(self, statement: Statement, row: Row, *, is_kept: bool) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        delivery = self._delivery
        if delivery is None or delivery.loop is not loop:
            delivery = self._delivery = Delivery(loop)
        future: asyncio.Future[None] = loop.create_future()
        self._entries.append(Entry(statement, row, future, delivery, is_kept))
        if self._kicking is not loop:
            self._kicking = loop
            loop.call_soon(self._gather, loop, len(self._entries), MOST_TURNS)
            if self._looking is not loop:
                self._looking = loop
                loop.call_later(LOOK_INTERVAL, self._look, loop)
        return future

    def _gather(self, loop: asyncio.AbstractEventLoop, seen: int, turns: int) -> None:
        """
        Wake the thread as soon as a turn of the loop brings no more rows.

        Woken for the first, it would write few rows at a time and fight with
        the loop for the interpreter.
        """
        count = len(self._entries)
        if self._is_asleep and count > seen and turns:
            loop.call_soon(self._gather, loop, count, turns - 1)
        else:
            self._kick()

    def _kick(self) -> None:
        self._kicking = self._lingering = None
        if self._is_asleep and self._entries:
            self._is_asleep = False
            self._wake.put(None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let those go whose rows the thread cannot get rid of; it may be held by the database."""
        batch, since = self._batch, self._batch_since
        if batch and time.perf_counter() - since > self.patience and self._batch is batch:
            self._let_go([*batch, *self._entries.copy()], loop)
        is_awake = not (self._is_asleep or self._is_stopped)  # it may be taking the next rows
        if batch or self._entries or is_awake:
            loop.call_later(LOOK_INTERVAL, self._look, loop)
        elif self._looking is loop:
            self._looking = None

    def _let_go(self, entries: list[Entry], loop: asyncio.AbstractEventLoop) -> None:
        self.is_away = True
        error = OperationalError(
            f"The database {self.alias!r} has not answered for {self.patience:g} seconds."
        )
        for entry in entries:
            future = entry.future
            if future is not None and future.get_loop() is loop and not future.done():
                future.set_exception(error)

    # What follows runs in the thread.

    def _work(self) -> None:
        try:
            while self._wait_for_entries():
                self._write_batch(*self._take_batch())
        finally:
            connections[self.alias].close()
            stopped = WriterFull("The writer was stopped before the row was written.")
            _settle(self._entries.copy(), stopped)

    def _wait_for_entries(self) -> bool:
        while not self._entries:
            if self._is_stopped:
                return False
            # Noted before it looks once more: who hands a row over in between sees it asleep
            # and kicks. The other way round both could wait for each other.
            self._is_asleep = True
            if not self._entries:  # nobody kicks a thread that was awake
                self._wake.get()
            self._is_asleep = False
        is_late = self._is_stopped and time.perf_counter() >= self._stop_at
        return not (is_late and self._away_since)

    def _take_batch(self) -> tuple[list[Entry], bool]:
        """The next entries, and whether they may be stored already."""
        entries = self._entries
        unsure, self._unsure = self._unsure, 0
        count = unsure or min(len(entries), MAX_BATCH)
        self._batch_since = time.perf_counter()
        # One by one: an iterator breaks as soon as another thread hands over a row.
        self._batch = [entries.popleft() for _ in range(count)]
        return self._batch, unsure > 0

    def _write_batch(self, batch: list[Entry], is_repeated: bool) -> None:
        """Write the entries; of a batch that is refused, each half by itself."""
        # Halved until the row that the database refuses is alone: of a thousand rows that takes
        # twenty transactions, and in the ordinary case there is only the first.
        parts = [batch]
        while parts:
            part = parts.pop()
            try:
                self._commit_patiently(part, is_repeated=is_repeated)
            except Exception as error:  # noqa: BLE001 - the waiter raises it, or it is logged
                if is_away(error):
                    self._give_up([*part, *chain.from_iterable(reversed(parts))], error)
                    break
                if len(part) == 1:
                    _refuse(part[0], error)
                else:
                    middle = len(part) // 2
                    parts += [part[middle:], part[:middle]]
            else:
                _settle(part, None)
        self._batch = []

    def _commit_patiently(self, batch: list[Entry], *, is_repeated: bool) -> None:
        pause = 0.02
        while True:
            try:
                self._commit(batch, is_repeated=is_repeated)
            except (OperationalError, InterfaceError) as error:
                if not self._may_try_again(error):
                    raise
                is_repeated = True
            else:
                return
            self._pause(pause)
            pause = min(pause * 2, MAX_PAUSE)

    def _commit(self, batch: list[Entry], *, is_repeated: bool) -> None:
        runs = [
            (statement, [entry.row for entry in run])
            for statement, run in groupby(batch, STATEMENT_OF)
            if statement is not MARKER
        ]
        if not runs:  # nothing was asked of the database
            return
        statements = {statement for statement, _ in runs}
        try:
            self._execute(runs, is_repeated=is_repeated)
        except BaseException:
            for statement in statements:
                statement.rolled_back()
            raise
        for statement in statements:
            statement.committed()
        self._note_success()

    def _execute(self, runs: list[tuple[Statement, list[Row]]], *, is_repeated: bool) -> None:
        connection = self._connection()
        first, rows = runs[0]
        if len(runs) == 1 and first.is_one_command(connection, rows):
            # The ordinary batch, without the round trips of BEGIN and COMMIT.
            return first.execute(connection, rows, is_repeated=is_repeated)
        with transaction.atomic(using=self.alias):
            for statement, rows in runs:
                statement.execute(connection, rows, is_repeated=is_repeated)
        return None

    def _connection(self) -> BaseDatabaseWrapper:
        connection = connections[self.alias]
        if connection.connection is None:
            connection.ensure_connection()
            if connection.vendor == "sqlite":
                # The site's own timeout may be longer than anybody here waits.
                with connection.cursor() as cursor:
                    cursor.execute(f"PRAGMA busy_timeout = {LOCK_WAIT}")
        return connection

    def _may_try_again(self, error: Exception) -> bool:
        if not is_away(error):
            return False
        connections[self.alias].close()
        if self._away_since is None:
            self._away_since = self._batch_since
            logger.warning("The database %r is away: %s", self.alias, error)
        now = time.perf_counter()
        if self._is_stopped:
            return now < self._stop_at
        return now - self._away_since < self.patience

    def _note_success(self) -> None:
        self.is_away = False
        if self._away_since is not None:
            logger.warning("The database %r is back.", self.alias)
            self._away_since = None
            self._steady_since = time.perf_counter()

    def _give_up(self, batch: list[Entry], error: Exception) -> None:
        """Let everybody go who waits, in the batch and behind it, and keep what is to be kept."""
        self.is_away = True
        behind = [self._entries.popleft() for _ in range(len(self._entries))]
        kept, others = _unawaited(batch), _unawaited(behind)
        # Only the batch was tried; what it holds goes together again, as it may be stored.
        self._unsure = len(kept)
        self._entries.extendleft(reversed(kept + others))
        if self._is_stopped and self._entries:
            logger.error("%d rows were not written: %s", len(self._entries), error)
        _settle([*batch, *behind], error)
        self._batch = []
        self._pause(MAX_PAUSE)

    def _pause(self, seconds: float) -> None:
        """Wait, or until the writer is being stopped."""
        try:
            self._wake.get(timeout=STOP_PAUSE if self._is_stopped else seconds)
        except Empty:
            return


def is_away(error: BaseException) -> bool:
    """Whether trying again may help: the database is locked, gone or starting."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    # "No such table" is operational to the driver, and no pause mends it.
    return getattr(error.__cause__, "sqlite_errorcode", None) != SQLITE_ERROR


def _unawaited(entries: Iterable[Entry]) -> list[Entry]:
    """Those of the entries that are kept, without who waits for them."""
    return [Entry(entry.statement, entry.row, None, None) for entry in entries if entry.is_kept]


def _refuse(entry: Entry, error: Exception) -> None:
    if entry.future is None:
        logger.error("A row was refused by the database.", exc_info=error)
    else:
        _settle([entry], error)


def _settle(batch: Iterable[Entry], error: Exception | None) -> None:
    """Hand the outcome back, to each loop at once."""
    for delivery, entries in groupby(batch, DELIVERY_OF):
        if delivery is not None:
            delivery.hand_back([(entry.future, None, error) for entry in entries])
