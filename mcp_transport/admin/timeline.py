"""What happened in a session, newest first: calls, what runs, and what the server sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.http import QueryDict
from django.utils.dateparse import parse_datetime

from mcp_transport.admin.call_pages import outcome, page_of
from mcp_transport.admin.figures import duration
from mcp_transport.admin.pages import version_of
from mcp_transport.admin.parts import Moment, Pager, Status
from mcp_transport.admin.reversing import reverse
from mcp_transport.models import Call, Event, Session, Stream
from mcp_transport.models.session import SessionQuerySet

SIZE = 100  # rows of a page
LONGEST = 400  # characters of a body that are shown
KINDS = (("", "All"), ("calls", "Calls"), ("sent", "Sent by the server"), ("errors", "Errors"))
MARKS = ("last_call", "last_event", "last_opened", "last_ended", "last_running")
FINE = ("ok", "input_required", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that happened."""

    key: str
    at: datetime
    arrow: str  # "→" from the client, "←" from the server
    text: str
    state: Status | None = None
    note: str = ""
    body: str = ""
    href: str = ""  # where it is whole

    @property
    def moment(self) -> Moment:
        """When, in words."""
        return Moment(self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A page of rows, and what leads to the one before."""

    rows: list[Row]
    pager: Pager


def timeline(session: Session, parameters: QueryDict) -> Timeline:
    """Return the page that ``before`` and ``kind`` name. Raises: BadRequest."""
    kind, before = parameters.get("kind", ""), _before(parameters)
    found = [*_calls(session, kind, before), *_opened(session, kind, before)]
    if kind in {"", "sent"}:
        found += _sent(session, before)
    if kind in {"", "calls"} and before is None:
        found += _running(session)
    found.sort(key=lambda row: row.at, reverse=True)
    rows = found[:SIZE]
    query = parameters.copy()
    if len(found) > SIZE:
        query["before"] = rows[-1].at.isoformat()
    older = f"?{query.urlencode()}" if len(found) > SIZE else ""
    return Timeline(rows=rows, pager=Pager(older=older))


def marked(rows: SessionQuerySet) -> SessionQuerySet:
    """The sessions, each with what its version is made of."""
    calls = Call.objects.filter(session=OuterRef("pk")).exclude(session="")
    events = Event.objects.filter(stream__session=OuterRef("pk"))
    streams = Stream.objects.filter(session=OuterRef("pk"))
    return rows.annotate(
        last_call=_greatest(calls, "session", "pk"),
        last_event=_greatest(events, "stream__session", "pk"),
        last_opened=_greatest(streams, "session", "opened_at"),
        last_ended=_greatest(streams, "session", "closed_at"),
        last_running=_greatest(streams.filter(closed_at=None), "session", "opened_at"),
    )


def _greatest(rows: QuerySet[Any], of: str, column: str) -> Subquery:
    return Subquery(rows.order_by().values(of).annotate(most=Max(column)).values("most"))


def version(session: Session) -> str:
    """What is another text when the timeline of a marked session is."""
    seen = [repr(getattr(session, name)) for name in MARKS]
    return version_of(f"{seen} {session.closed_at}").strip('"')


def _before(parameters: QueryDict) -> datetime | None:
    place = parameters.get("before", "")
    try:
        at = parse_datetime(place) if place else None
    except ValueError:
        at = None
    if place and (at is None or at.tzinfo is None):
        raise BadRequest(f"{place[:50]!r} is no time with its offset.")
    return at


def _calls_of(session: Session) -> QuerySet[Call]:
    """What was called in a session; SQLite finds the partial index only by its own condition."""
    return Call.objects.filter(session=session.pk).exclude(session="")


def _calls(session: Session, kind: str, before: datetime | None) -> Iterator[Row]:
    if kind == "sent":
        return
    rows = _calls_of(session)
    if kind == "errors":
        rows = rows.exclude(outcome__in=FINE)
    if before:
        rows = rows.filter(started_at__lt=before)
    for call in rows.order_by("-started_at")[: SIZE + 1]:
        yield Row(
            key=f"call-{call.pk}",
            at=call.started_at,
            arrow="→",
            text=f"{call.method} {call.entry}".strip(),
            state=outcome(call),
            note=duration(call.duration_us),
            body="\n".join(filter(None, (call.error, call.arguments)))[:LONGEST],
            href=page_of(call),
        )


def _opened(session: Session, kind: str, before: datetime | None) -> Iterable[Row]:
    if kind or (before and session.created_at >= before):
        return ()
    client = f"{session.client_name or 'a client'} {session.client_version}".strip()
    capabilities = ", ".join(session.client_capabilities) or "no capability"
    return (
        Row(
            key="initialize",
            at=session.created_at,
            arrow="→",
            text="initialize",
            state=Status("ok", "Answered"),
            note=session.revision,
            body=f"{client}, with {capabilities}",
        ),
    )


def _running(session: Session) -> Iterator[Row]:
    for stream in session.streams.filter(closed_at=None).exclude(method="")[:SIZE]:
        yield Row(
            key=f"running-{stream.pk}",
            at=stream.opened_at,
            arrow="→",
            text=f"{stream.method} {stream.entry}".strip(),
            state=Status("info", "Running"),
            note=f"request {stream.request_id}",
        )


def _sent(session: Session, before: datetime | None) -> Iterator[Row]:
    streams = Stream.objects.filter(session=session).values("pk")
    rows = Event.objects.filter(stream__in=streams)
    if before:
        rows = rows.filter(created_at__lt=before)
    for event in rows.order_by("-pk")[: SIZE + 1]:
        yield Row(
            key=f"event-{event.pk}",
            at=event.created_at,
            arrow="←",
            text=_named(event.data),
            body=event.data[:LONGEST],
            href=reverse("admin:mcp_transport_event_change", args=[event.pk]),
        )


def _named(data: str) -> str:
    """What a message is: its method, or that it answers a request."""
    try:
        message: Any = json.loads(data)
    except ValueError:
        return "nothing, to begin the stream"
    if not isinstance(message, dict):
        return "answers to several requests"
    if "method" in message:
        return str(message["method"])
    return f"{'error' if 'error' in message else 'result'} for request {message.get('id')}"
