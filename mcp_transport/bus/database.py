"""
A bus over the site's own database, for sites without a broker.

PostgreSQL carries messages by LISTEN and NOTIFY; beside an SQLite file lies
another one that every process looks at several times a second. One thread of
each worker process does both directions, over a connection of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import selectors
import socket
import threading
from collections import deque
from importlib.util import find_spec
from typing import Any, ClassVar

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error
from django.db import connections

from mcp_transport.bus.base import Bus, Receive
from mcp_transport.bus.link import Link
from mcp_transport.bus.postgresql import PostgresLink
from mcp_transport.bus.sqlite import SqliteLink, is_in_memory

logger = logging.getLogger("mcp_transport.bus")


WAITING_LIMIT = 1000  # messages; the oldest goes first
START_LIMIT = 6.0  # seconds a start waits for the first connection; a driver gives up after 5
RETRY_INTERVAL = 1.0  # seconds between two attempts to reach a database that is away
STOP_LIMIT = 3.0  # seconds for the last messages to leave


class DatabaseBus(Bus):
    """
    Messages through the database ``DATABASE`` names, else the default one.

    A pooler that lends a connection for one transaction carries no LISTEN:
    DATABASE then names an alias that leads past it.
    """

    option_names: ClassVar[frozenset[str]] = frozenset({"DATABASE"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._alias: str = options.get("DATABASE", "default")
        self._sender = secrets.token_hex(8).encode()
        self._waiting: deque[bytes] = deque(maxlen=WAITING_LIMIT)
        #: Who waits for a message to leave; whoever is pushed out has waited long enough.
        self._is_stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._bell = Bell()

    async def start(self, receive: Receive) -> None:
        """See Bus.start(); returns when others are heard, or the database turns out to be away."""
        loop = asyncio.get_running_loop()
        tried: asyncio.Future[None] = loop.create_future()
        self._bell.open()
        self._is_stopping.clear()
        carrier = Carrier(self, loop, receive, tried)
        # A daemon: a driver that hangs does not keep the process from ending.
        self._thread = threading.Thread(target=carrier.run, name="mcp-bus", daemon=True)
        self._thread.start()
        with contextlib.suppress(TimeoutError):  # the thread goes on trying
            await asyncio.wait_for(tried, START_LIMIT)

    async def publish(self, message: bytes) -> None:
        """See Bus.publish(); the thread sends it."""
        self._waiting.append(self._sender + b" " + message)
        self._bell.ring()

    async def stop(self) -> None:
        """See Bus.stop(); what was published before is sent if that is possible in time."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._is_stopping.set()
            self._bell.ring()
            await asyncio.to_thread(thread.join, STOP_LIMIT)
            if not thread.is_alive():  # else it may still look at it
                self._bell.close()

    def check(self) -> list[CheckMessage]:
        """See Bus.check()."""
        messages = super().check()
        if problem := self._problem():
            hint = (
                "Name in OPTIONS['DATABASE'] an alias of DATABASES on PostgreSQL or an SQLite file."
            )
            messages.append(Error(f"The database bus {problem}.", hint=hint, id="mcp.E009"))
        return messages

    def _problem(self) -> str:
        """What is wrong with the database; empty for a good one."""
        database = django_settings.DATABASES.get(self._alias)
        if database is None:
            return f"is to use the database {self._alias!r}, which DATABASES does not have"
        kind = database["ENGINE"].rpartition(".")[2]
        if kind in {"sqlite3", "spatialite"}:
            is_lost = is_in_memory(str(database["NAME"]))
            return "cannot reach other processes through a database in memory" if is_lost else ""
        if kind not in {"postgresql", "postgis"}:
            return f"knows PostgreSQL and SQLite, and {self._alias!r} is {database['ENGINE']!r}"
        has_psycopg = find_spec("psycopg") is not None
        return "" if has_psycopg else "needs the package psycopg, version 3, for PostgreSQL"

    def connect(self) -> Link:
        """A new connection, by which others are heard from now on."""
        # Not the thread's own: that one Django closes, or a pool lends to somebody else.
        connection = connections.create_connection(self._alias)
        if connection.vendor == "postgresql":
            return PostgresLink(connection.get_connection_params())
        return SqliteLink(str(connection.settings_dict["NAME"]))

    def carry(self, link: Link, receive: Receive) -> None:
        """Send and receive until the end, or until the connection breaks."""
        with selectors.DefaultSelector() as selector:
            for watched in (self._bell.fileno(), link.fileno()):
                if watched is not None:
                    selector.register(watched, selectors.EVENT_READ)
            while not self._is_stopping.is_set():
                selector.select(link.interval)
                self._bell.quieten()
                self._send(link)
                self._hand_over(link, receive)
            self._send(link)  # what was published after the last look, and before the stop

    def pause(self) -> bool:
        """Wait before the next attempt; whether there is to be one."""
        return not self._is_stopping.wait(RETRY_INTERVAL)

    def _send(self, link: Link) -> None:
        messages = _emptied(self._waiting)
        if messages:
            link.send(messages)

    def _hand_over(self, link: Link, receive: Receive) -> None:
        for envelope in link.receive():
            sender, _, message = envelope.partition(b" ")
            if sender != self._sender:
                receive(message)


def _emptied(queue: deque[bytes]) -> list[bytes]:
    items = []
    with contextlib.suppress(IndexError):
        while True:
            items.append(queue.popleft())
    return items


class Carrier:
    """What the thread does."""

    def __init__(
        self,
        bus: DatabaseBus,
        loop: asyncio.AbstractEventLoop,
        receive: Receive,
        tried: asyncio.Future[None],
    ) -> None:
        self._bus = bus
        self._loop = loop
        self._receive = receive
        self._tried = tried

    def run(self) -> None:
        """Carry messages; connect anew as often as that is needed."""
        while not self._has_carried():
            if not self._bus.pause():
                return

    def _has_carried(self) -> bool:
        """Carry messages until the bus is to stop; False when its database went away before."""
        try:
            with contextlib.closing(self._bus.connect()) as link:
                self._say_tried()
                if self._bus.is_away:
                    logger.info("The bus reaches its database again.")
                self._bus.is_away = False
                self._bus.carry(link, self._hand_over)
        except Exception as error:  # noqa: BLE001 - drivers have many; requests never wait for it
            if not self._bus.is_away:
                logger.warning("The bus does not reach its database: %s", error)
            self._bus.is_away = True
            self._say_tried()
            return False
        return True

    def _hand_over(self, message: bytes) -> None:
        self._call(self._receive, message)

    def _say_tried(self) -> None:
        self._call(lambda: None if self._tried.done() else self._tried.set_result(None))

    def _call(self, function: Any, *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(function, *arguments)


class Bell:
    """Wakes a thread that waits for sockets."""

    def __init__(self) -> None:
        self._ends: tuple[socket.socket, socket.socket] | None = None
        self._is_rung = False  # and the thread has not looked since

    def open(self) -> None:
        """Make it ring from now on."""
        self._ends, self._is_rung = socket.socketpair(), False
        for end in self._ends:
            end.setblocking(False)

    def close(self) -> None:
        """Let go of the sockets."""
        ends, self._ends = self._ends, None
        for end in ends or ():
            end.close()

    def fileno(self) -> int | None:
        """What to wait for."""
        return self._ends[1].fileno() if self._ends else None

    def ring(self) -> None:
        """Wake the thread; harmless when it is awake."""
        if self._ends is not None and not self._is_rung:
            self._is_rung = True
            with contextlib.suppress(OSError):  # full: it will wake anyway
                self._ends[0].send(b"x")

    def quieten(self) -> None:
        """Wait again from now on; what rang is looked for after this."""
        self._is_rung = False
        if self._ends is not None:
            with contextlib.suppress(OSError):
                while self._ends[1].recv(4096):
                    pass
