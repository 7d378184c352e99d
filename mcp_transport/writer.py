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
from itertools import groupby
from operator import attrgetter
from queue import Empty, SimpleQueue

import msgspec
from django.db import InterfaceError, OperationalError, connections, transaction

from mcp_transport.statements import Row, Statement
from mcp_transport.threads import Delivery

logger = logging.getLogger("mcp_transport.writer")

MAX_BATCH = 1000  # rows in one transaction
POST_DELAY = 0.05  # seconds a posted row may wait for company
MAX_PAUSE = 1.0  # seconds between two attempts while the database is away
SQLITE_ERROR = 1  # a wrong statement, which Django calls operational too


class WriterFull(Exception):
    """The queue of rows is at its bound, or the writer was stopped."""


class Entry(msgspec.Struct, frozen=True):
    """One row on its way, and who waits for it."""

    statement: Statement
    row: Row
    future: asyncio.Future[None] | None
    delivery: Delivery | None


class Marker(Statement):
    """Passes through the queue and writes nothing."""


MARKER = Marker("")
DELIVERY_OF = attrgetter("delivery")
STATEMENT_OF = attrgetter("statement")


class Writer:
    """
    Owns the thread, its database connection and the queue in front of it.

    Rows are written in the order in which they were handed over. A row that
    the database refuses fails alone. While the database is away the thread
    tries again for ``patience`` seconds; then the rows somebody waits for
    fail, and the posted ones are kept until it is back.

    A connection that breaks during the commit leaves open whether the rows
    are in; they are written once more, by ``Statement.execute`` with
    ``is_repeated``.
    """

    def __init__(
        self, alias: str = "default", *, queue_limit: int = 10_000, patience: float = 10.0
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
        self._away_since: float | None = None

    @property
    def depth(self) -> int:
        """Rows that wait to be written."""
        return len(self._entries)

    def write(self, statement: Statement, row: Row) -> asyncio.Future[None]:
        """
        Hand over a row; the future is done when it is committed.

        A waiter that is cancelled does not take its row back.

        Raises: WriterFull, at once. The future raises what the database said.
        """
        self._admit()
        return self._submit(statement, row)

    def post(self, statement: Statement, row: Row) -> None:
        """
        Hand over a row that nobody waits for; callable from any thread.

        Raises: WriterFull.
        """
        self._admit()
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
            await asyncio.wait_for(self._submit(MARKER, ()), wait)

    async def stop(self, wait: float) -> bool:
        """Like shutdown(), without blocking the loop."""
        return await asyncio.to_thread(self.shutdown, wait)

    def shutdown(self, wait: float) -> bool:
        """
        Refuse new rows, write what waits, close the connection, end the thread.

        False when rows are left, or the thread still runs, after that many
        seconds.
        """
        self._is_stopped = True
        with self._lock:
            thread = self._thread
        if thread is None:
            return True
        self._wake.put(None)
        thread.join(wait)
        return not thread.is_alive() and not self._entries

    def _admit(self) -> None:
        if self._is_stopped:
            raise WriterFull("The writer has been stopped.")
        if len(self._entries) >= self.queue_limit:
            raise WriterFull(
                f"{self.queue_limit} rows wait to be written to the database "
                f"{self.alias!r}, which is the limit; try again later."
            )
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mcp-writer", daemon=True)
                self._thread.start()

    def _submit(self, statement: Statement, row: Row) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        delivery = self._delivery
        if delivery is None or delivery.loop is not loop:
            delivery = self._delivery = Delivery(loop)
        future: asyncio.Future[None] = loop.create_future()
        self._entries.append(Entry(statement, row, future, delivery))
        if self._kicking is not loop:
            self._kicking = loop
            loop.call_soon(self._kick)  # once for all rows of this turn of the loop
        return future

    def _kick(self) -> None:
        self._kicking = self._lingering = None
        if self._is_asleep and self._entries:
            self._is_asleep = False
            self._wake.put(None)

    # What follows runs in the thread.

    def _work(self) -> None:
        try:
            while self._wait_for_entries():
                self._write_batch(self._take_batch())
        finally:
            connections[self.alias].close()
            stopped = WriterFull("The writer was stopped before the row was written.")
            _settle(self._entries, stopped)

    def _wait_for_entries(self) -> bool:
        while not self._entries:
            if self._is_stopped:
                return False
            self._is_asleep = True
            if not self._entries:  # nobody kicks a thread that was awake
                self._wake.get()
            self._is_asleep = False
        return not (self._is_stopped and self._away_since)

    def _take_batch(self) -> list[Entry]:
        entries = self._entries
        return [entries.popleft() for _ in range(min(len(entries), MAX_BATCH))]

    def _write_batch(self, batch: list[Entry]) -> None:
        """Write the entries; of a batch that is refused, each half by itself."""
        try:
            self._commit_patiently(batch)
        except Exception as error:  # noqa: BLE001 - the waiter raises it, or it is logged
            if _is_away(error):
                self._give_up(batch, error)
            elif len(batch) == 1:
                _refuse(batch[0], error)
            else:
                middle = len(batch) // 2
                self._write_batch(batch[:middle])
                self._write_batch(batch[middle:])
        else:
            _settle(batch, None)

    def _commit_patiently(self, batch: list[Entry]) -> None:
        pause = 0.02
        is_repeated = False
        while True:
            try:
                self._commit(batch, is_repeated=is_repeated)
            except (OperationalError, InterfaceError) as error:
                if not self._may_try_again(error):
                    raise
                is_repeated = True
            else:
                return self._note_success()
            self._pause(pause)
            pause = min(pause * 2, MAX_PAUSE)

    def _commit(self, batch: list[Entry], *, is_repeated: bool) -> None:
        runs = [
            (statement, [entry.row for entry in run])
            for statement, run in groupby(batch, STATEMENT_OF)
            if statement is not MARKER
        ]
        if not runs:
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

    def _execute(self, runs: list[tuple[Statement, list[Row]]], *, is_repeated: bool) -> None:
        connection = connections[self.alias]
        first, rows = runs[0]
        if len(runs) == 1 and first.is_one_command(connection, rows):
            # The ordinary batch, without the round trips of BEGIN and COMMIT.
            return first.execute(connection, rows, is_repeated=is_repeated)
        with transaction.atomic(using=self.alias):
            for statement, rows in runs:
                statement.execute(connection, rows, is_repeated=is_repeated)
        return None

    def _may_try_again(self, error: Exception) -> bool:
        if not _is_away(error):
            return False
        connections[self.alias].close()
        now = time.monotonic()
        if self._away_since is None:
            self._away_since = now
            logger.warning("The database %r is away: %s", self.alias, error)
        return now - self._away_since < self.patience and not self._is_stopped

    def _note_success(self) -> None:
        if self._away_since is not None:
            logger.warning("The database %r is back.", self.alias)
            self._away_since = None

    def _give_up(self, batch: list[Entry], error: Exception) -> None:
        self._entries.extendleft(entry for entry in reversed(batch) if entry.future is None)
        _settle([entry for entry in batch if entry.future is not None], error)
        if self._is_stopped and self._entries:
            logger.error("%d rows were not written: %s", len(self._entries), error)
        self._pause(MAX_PAUSE)

    def _pause(self, seconds: float) -> None:
        """Wait, unless the writer is being stopped."""
        if not self._is_stopped:
            try:
                self._wake.get(timeout=seconds)
            except Empty:
                return


def _is_away(error: Exception) -> bool:
    """Whether trying again may help: the database is locked, gone or starting."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    return getattr(error.__cause__, "sqlite_errorcode", None) != SQLITE_ERROR


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
