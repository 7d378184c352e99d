"""
Sessions: opened, found again, touched, changed and closed.

Rows are the truth and survive every process. A worker process keeps what it
has read for MCP_ROW_CACHE_SECONDS, so a session that was closed elsewhere
stops being served within that time.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from mcp_transport.conf import settings
from mcp_transport.models import Session, Stream
from mcp_transport.models.session import idle_limit, new_session_id
from mcp_transport.protocol.revisions import REVISIONS, Revision
from mcp_transport.sessions.subscribing import Subscribe, Unsubscribe
from mcp_transport.storage.readings import Parameter, Reading
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.statements import Row, Statement, Update, insert
from mcp_transport.storage.writer import Stage, Writer, WriterFull

TOUCH_INTERVAL = 30.0  # seconds between two writes of last_seen_at
CACHE_LIMIT = 10_000  # sessions
CANDIDATES = 100  # sessions that are compared when one has to go
# What new_session_id() makes: hard to guess, and visible ASCII (2025-11-25,
# basic/transports, Session Management, 1).
ID = re.compile(r"[A-Za-z0-9_-]{43}")
SHORT = 200  # characters of what a client calls itself that are kept


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A session as a request sees it."""

    id: str
    server_id: int
    owner: str  # Principal.key
    revision: Revision
    client_info: dict[str, Any] = {}
    client_capabilities: dict[str, Any] = {}
    is_initialized: bool = False
    log_level: str = ""
    subscriptions: tuple[str, ...] = ()
    worker: str = ""  # which holds its connection; empty where any one serves it

    @property
    def is_bound(self) -> bool:
        """Whether it lives as long as one connection."""
        return bool(self.worker)


#: Tells the other worker processes that a session has changed.
Announce = Callable[[str], Awaitable[None]]


class Cached(msgspec.Struct):
    """A record, when it was read, and when it was last written that it is in use."""

    record: SessionRecord
    read_at: float  # monotonic seconds
    touched_at: float


class SessionStore:
    """The sessions of every server, for this worker process."""

    def __init__(self, writer: Writer, pool: RowPool, announce: Announce | None = None) -> None:
        self._writer = writer
        self._pool = pool
        self._announce = announce or _tell_nobody
        self._cache: OrderedDict[str, Cached] = OrderedDict()
        #: The newest read of each row that is being read, unless the row has changed since.
        self._reading: dict[str, object] = {}
        self._lifetime = settings.MCP_ROW_CACHE_SECONDS
        self._limit = settings.MCP_MAX_SESSIONS
        #: How many sessions an owner may open on a server before they are counted again.
        self._room: dict[tuple[str, int], int] = {}
        self._anonymous_limit = settings.MCP_MAX_ANONYMOUS_SESSIONS
        self._insert = insert(
            Session, "id", "server_id", "owner", "user_id", "token_id", "revision", "client_name",
            "client_version", "client_info", "client_capabilities", "is_initialized", "log_level",
            "subscriptions", "created_at", "last_seen_at", "close_reason", "transport", "worker",
            "listener", "has_listened",
        )  # fmt: skip
        self._shake = Update(
            Session, "revision", "client_name", "client_version", "client_info",
            "client_capabilities",
        )  # fmt: skip
        self._touch = Update(Session, "last_seen_at")
        self._close = Update(Session, "closed_at", "close_reason")
        self._set_log_level = Update(Session, "log_level")
        self._subscribe, self._unsubscribe = Subscribe(), Unsubscribe()
        self._initialize = Update(Session, "is_initialized")

    async def open(
        self,
        principal: Any,
        *,
        server_id: int,
        revision: Revision,
        client_info: dict[str, Any],
        capabilities: dict[str, Any],
        transport: str = "",
        worker: str = "",
    ) -> SessionRecord:
        """A new session, stored before it is returned; see surplus()."""
        record = SessionRecord(
            id=new_session_id(),
            server_id=server_id,
            owner=principal.key,
            revision=revision,
            client_info=client_info,
            client_capabilities=capabilities,
            worker=worker,
        )
        now = datetime.datetime.now(datetime.UTC)
        row: Row = (
            record.id, server_id, principal.key, principal.user_id, principal.token_id,
            revision.name, *_name(client_info), client_info, capabilities, False, "", [], now, now,
            "", transport, worker, "", False,
        )  # fmt: skip
        await self._writer.write(self._insert, row)
        self._remember(record)
        return record

    async def shake_hands(
        self,
        record: SessionRecord,
        *,
        revision: Revision,
        client_info: dict[str, Any],
        capabilities: dict[str, Any],
    ) -> None:
        """Store what a handshake agreed on in a session that was there before it."""
        agreed = {
            "revision": revision,
            "client_info": client_info,
            "client_capabilities": capabilities,
        }
        row = (revision.name, *_name(client_info), client_info, capabilities, record.id)
        await self._write(self._shake, row, **agreed)

    def find_cached(self, session_id: str) -> SessionRecord | None:
        """A session that was read a moment ago, without waiting."""
        cached = self._cache.get(session_id)
        if cached is None:
            return None
        now = time.monotonic()
        if now - cached.read_at > self._lifetime:
            return None
        self._touch_if_due(cached, now)
        return cached.record

    async def find(self, session_id: str) -> SessionRecord | None:
        """An open session, or None when it never was, has ended or has expired."""
        found = self.find_cached(session_id)
        if found is not None:
            return found
        if not ID.fullmatch(session_id):
            return None  # whatever was sent, a database may not take it as text
        # Too old to be served, and it still knows when last_seen_at was written.
        before = self._cache.get(session_id)
        reading = self._reading[session_id] = object()
        try:
            record = await self._pool.read(_load, session_id)
        finally:
            is_newest = self._reading.get(session_id) is reading
            if is_newest:
                del self._reading[session_id]
        if record is None:
            self.forget(session_id)
        elif is_newest:
            touched_at = before.touched_at if before else -TOUCH_INTERVAL
            self._remember(record, touched_at=touched_at)
            self._touch_if_due(self._cache[session_id], time.monotonic())
        return record

    async def set_log_level(self, record: SessionRecord, level: str) -> None:
        """Store how grave a message has to be for the client."""
        await self._write(self._set_log_level, (level, record.id), log_level=level)
        await self._announce(record.id)

    async def subscribe(
        self, record: SessionRecord, uri: str, *, most: int
    ) -> SessionRecord | None:
        """
        Store that a client wants to hear of a resource, if it hears of fewer than so many.

        The session as it is then; None if it has ended.
        """
        return await self._amend(record, self._subscribe, uri, most)

    async def unsubscribe(self, record: SessionRecord, uri: str) -> SessionRecord | None:
        """Store that it does not any more; see subscribe()."""
        return await self._amend(record, self._unsubscribe, uri)

    async def note_initialized(self, record: SessionRecord) -> None:
        """Store that a client is ready. No other process is told: nothing depends on it."""
        # Waited for: an update that comes late locks rows in another order than who deletes them.
        await self._write(self._initialize, (True, record.id), is_initialized=True)

    async def close(self, session_id: str, reason: str) -> None:
        """End a session: whoever names it from now on is told that there is none."""
        self.forget(session_id)
        now = datetime.datetime.now(datetime.UTC)
        await self._writer.write(self._close, (now, reason, session_id), stage=Stage.DONE)
        self.forget(session_id)  # a request may have read it meanwhile
        await self._announce(session_id)

    def forget(self, session_id: str) -> None:
        """Drop what is kept of a session in this process, and do not keep what is being read."""
        self._cache.pop(session_id, None)
        self._reading.pop(session_id, None)

    def forget_all(self) -> None:
        """Drop what is kept of every session in this process; see forget()."""
        self._cache.clear()
        self._reading.clear()

    async def _write(self, statement: Statement, row: Row, **changes: Any) -> None:
        """Write a row, whose last value is the key, and keep what it changes."""
        session_id = str(row[-1])
        # Before the commit, too: a request that comes meanwhile sees what was asked for before it.
        self._note(session_id, changes)
        await self._writer.write(statement, row)
        self._note(session_id, changes)  # what was read while it was written

    def _note(self, session_id: str, changes: dict[str, Any]) -> None:
        """Change what is kept of a session, which is read again no later for that."""
        self._reading.pop(session_id, None)
        cached = self._cache.get(session_id)
        if cached is not None:
            cached.record = msgspec.structs.replace(cached.record, **changes)

    async def _amend(
        self, record: SessionRecord, statement: Statement, *values: Any
    ) -> SessionRecord | None:
        await self._writer.write(statement, (record.id, *values))
        self.forget(record.id)
        await self._announce(record.id)
        return await self.find(record.id)

    def _remember(self, record: SessionRecord, *, touched_at: float | None = None) -> None:
        now = time.monotonic()
        self._cache[record.id] = Cached(record, now, now if touched_at is None else touched_at)
        self._cache.move_to_end(record.id)
        while len(self._cache) > CACHE_LIMIT:
            self.forget(next(iter(self._cache)))

    async def surplus(self, principal: Any, server_id: int) -> list[str]:
        """
        The sessions that a principal, who opened one, has too many of on a server.

        Those used longest ago, whichever process opened them. Counted again only
        when half of the room that was left may be taken.
        """
        key = (principal.key, server_id)
        room = self._room.get(key, 0)
        if room > 0:
            self._room[key] = room - 1
            return []
        limit = self._anonymous_limit if principal.is_anonymous else self._limit
        surplus, oldest = await self._pool.read(_surplus, principal.key, server_id, limit)
        if len(self._room) >= CACHE_LIMIT:
            self._room.clear()
        # Half, for other processes open sessions of the same owner meanwhile.
        self._room[key] = -surplus // 2
        return sorted(oldest, key=self._idle_since(oldest))[: max(surplus, 0)]

    def _idle_since(self, seen: dict[str, datetime.datetime]) -> Callable[[str], float]:
        """When a session was used last: this process knows better than the row if it used it."""
        now, now_at = time.monotonic(), datetime.datetime.now(datetime.UTC)

        def since(session_id: str) -> float:
            cached = self._cache.get(session_id)
            if cached is not None:
                return cached.read_at
            return now - (now_at - seen[session_id]).total_seconds()

        return since

    def _touch_if_due(self, cached: Cached, now: float) -> None:
        """Write that a session is in use; every so often, and not for each request."""
        if now - cached.touched_at >= TOUCH_INTERVAL:
            cached.touched_at = now
            with contextlib.suppress(WriterFull):  # the next request will do
                now_at = datetime.datetime.now(datetime.UTC)
                self._writer.post(self._touch, (now_at, cached.record.id))


async def _tell_nobody(_session_id: str) -> None:
    """There is no other process."""


def _name(client_info: dict[str, Any]) -> tuple[str, str]:
    """What a client calls itself, and its version."""
    return str(client_info.get("name", ""))[:SHORT], str(client_info.get("version", ""))[:SHORT]


def _surplus(owner: str, server_id: int, limit: int) -> tuple[int, dict[str, datetime.datetime]]:
    """How many sessions an owner has too many, and those of which one is used least."""
    rows = Session.objects.open().filter(owner=owner, server_id=server_id)
    surplus = rows.count() - limit
    if surplus <= 0:
        return surplus, {}
    oldest = rows.order_by("last_seen_at").values_list("id", "last_seen_at")
    return surplus, dict(oldest[: surplus + CANDIDATES])


#: Read once a second for each session in use.
OPEN = Reading(lambda: Session.objects.open().filter(id=Parameter("id")))


def _load(session_id: str) -> SessionRecord | None:
    for row in OPEN.instances(id=session_id):
        if row.revision in REVISIONS and not _has_expired(row):
            return _record_of(row)
    return None


def _has_expired(row: Session) -> bool:
    idle = datetime.datetime.now(datetime.UTC) - row.last_seen_at
    if idle < idle_limit(is_initialized=row.is_initialized):
        return False
    # Whoever waits for an answer is there, however long it says nothing.
    return not Stream.objects.filter(session=row, closed_at=None).exists()


def _record_of(row: Session) -> SessionRecord:
    return SessionRecord(
        id=row.id,
        server_id=row.server_id,
        owner=row.owner,
        revision=REVISIONS[row.revision],
        client_info=row.client_info,
        client_capabilities=row.client_capabilities,
        is_initialized=row.is_initialized,
        log_level=row.log_level,
        subscriptions=tuple(row.subscriptions),
        worker=row.worker,
    )
