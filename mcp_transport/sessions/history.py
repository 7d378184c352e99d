"""
What the owner of sessions may read of them: that they are there, and what was said.

Said is what was kept: events until they cannot be replayed any more, calls as
long as their record. It is read, never written, and whoever reads it takes
nothing from the session's client.
"""

from __future__ import annotations

import datetime
import heapq
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Self

import msgspec
from django.utils import timezone

from mcp_transport.models import Call, Event, Session
from mcp_transport.storage.rows import RowPool

MOST = 100  # sessions, or things that were said, in one answer
# Events of several worker processes are in order of their ids once they are so old.
SETTLED_AFTER = datetime.timedelta(seconds=0.5)
POSITION = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """An open session, as its owner sees it."""

    id: str
    transport: str
    revision: str
    client: dict[str, str]
    created_at: datetime.datetime
    last_seen_at: datetime.datetime


class Position(msgspec.Struct, frozen=True):
    """How far a history was read: the last event and the last call."""

    event: int = 0
    call: int = 0

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The position that a text is, or None if it is none."""
        found = POSITION.fullmatch(text)
        return found and cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.event}.{self.call}"


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was said in a session: a message to its client, or a call of it."""

    kind: str  # "event" or "call"
    at: datetime.datetime
    stream: str = ""
    sequence: int = 0
    message: msgspec.Raw | None = None
    method: str = ""
    entry: str = ""
    outcome: str = ""
    error: str = ""
    arguments: Any = None
    duration_ms: float = 0.0


class SessionHistory:
    """The sessions of principals and what was said in them."""

    def __init__(self, pool: RowPool) -> None:
        self._pool = pool

    async def owned(self, owner: str, server_id: int) -> list[OwnSession]:
        """The open sessions of an owner on a server, the one used last first."""
        return await self._pool.read(_owned, owner, server_id)

    async def find(self, session_id: str, owner: str, server_id: int) -> OwnSession | None:
        """One of them; looking does not count as using it."""
        return await self._pool.read(_find, session_id, owner, server_id)

    async def read(
        self, session_id: str, after: Position | None, limit: int
    ) -> tuple[list[Said], Position]:
        """What was said after a position, oldest first, or the last of it; and how far that is."""
        return await self._pool.read(_read, session_id, after, limit)

    async def newest_event(self, session_id: str) -> int:
        """The event after which nothing was said yet."""
        return await self._pool.read(_newest_event, session_id)

    async def events(self, session_id: str, after: int) -> list[tuple[int, bytes]]:
        """The next events after one, with their ids; the very newest come a moment later."""
        return await self._pool.read(_events, session_id, after)


def _open(owner: str, server_id: int) -> Any:
    return Session.objects.open().in_use().filter(owner=owner, server_id=server_id)


def _owned(owner: str, server_id: int) -> list[OwnSession]:
    rows = _open(owner, server_id).order_by("-last_seen_at", "id")
    return [_shown(row) for row in rows[:MOST]]


def _find(session_id: str, owner: str, server_id: int) -> OwnSession | None:
    row = _open(owner, server_id).filter(id=session_id).first()
    return None if row is None else _shown(row)


def _shown(row: Session) -> OwnSession:
    return OwnSession(
        id=row.id,
        transport=row.transport,
        revision=row.revision,
        client={"name": row.client_name, "version": row.client_version},
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
    )


def _read(session_id: str, after: Position | None, limit: int) -> tuple[list[Said], Position]:
    events = Event.objects.filter(stream__session_id=session_id)
    calls = Call.objects.filter(session=session_id).exclude(session="")  # as the index has it
    if after is None:
        merged = _merged(
            reversed(events.order_by("-id")[:limit]), reversed(calls.order_by("-id")[:limit])
        )
        found, passed = merged[-limit:], merged  # what was left out is before
    else:
        merged = _merged(
            events.filter(id__gt=after.event).order_by("id")[:limit],
            calls.filter(id__gt=after.call).order_by("id")[:limit],
        )
        found = passed = merged[:limit]
    return [said for said, _row in found], _position(after or Position(), passed)


def _merged(events: Iterable[Event], calls: Iterable[Call]) -> list[tuple[Said, Event | Call]]:
    """Both in order of time, each in its own order."""
    told = ((_event(event), event) for event in events)
    made = ((_call(call), call) for call in calls)
    return list(islice(heapq.merge(told, made, key=lambda pair: pair[0].at), 2 * MOST))


def _position(start: Position, found: Sequence[tuple[Said, Event | Call]]) -> Position:
    event, call = start.event, start.call
    for _said, row in found:
        if isinstance(row, Event):
            event = max(event, row.pk)
        else:
            call = max(call, row.pk)
    return Position(event, call)


def _event(event: Event) -> Said:
    return Said(
        kind="event",
        at=event.created_at,
        stream=event.stream_id,
        sequence=event.sequence,
        message=msgspec.Raw(event.data.encode()) if event.data else None,
    )


def _call(call: Call) -> Said:
    return Said(
        kind="call",
        at=call.started_at + datetime.timedelta(microseconds=call.duration_us),
        method=call.method,
        entry=call.entry,
        outcome=call.outcome,
        error=call.error,
        arguments=_decoded(call.arguments),
        duration_ms=call.duration_us / 1000,
    )


def _decoded(arguments: str) -> Any:
    """Arguments as they were kept; those that were cut off are text."""
    try:
        return msgspec.json.decode(arguments) if arguments else None
    except msgspec.DecodeError:
        return arguments


def _newest_event(session_id: str) -> int:
    newest = Event.objects.filter(stream__session_id=session_id).order_by("-id")
    return newest.values_list("id", flat=True).first() or 0


def _events(session_id: str, after: int) -> list[tuple[int, bytes]]:
    rows = Event.objects.filter(
        stream__session_id=session_id,
        id__gt=after,
        created_at__lte=timezone.now() - SETTLED_AFTER,
    )
    values = rows.order_by("id").values_list("id", "data")[:MOST]
    return [(id_, data.encode()) for id_, data in values]
