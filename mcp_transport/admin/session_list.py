"""The list of sessions, and what was called without one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Max, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from mcp_transport.admin import figures
from mcp_transport.admin.addresses import CALLS, session_page
from mcp_transport.admin.base import USERNAME
from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.admin.keyset import keyset_page
from mcp_transport.admin.parts import Column, Empty, Link, Moment, Named, Pager, Status, Table
from mcp_transport.admin.record_form import MOMENT
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.tallies import FAILED
from mcp_transport.models import Call, Server, Session
from mcp_transport.models.session import SessionQuerySet

REACH = 10_000  # calls that are looked at for those without a session
Context = dict[str, Any]


class SessionForm(FilterForm):
    """What sessions are chosen by."""

    state = forms.ChoiceField(
        required=False, choices=[("", "any"), ("open", "open"), ("closed", "ended")]
    )
    server = forms.ModelChoiceField(
        Server.objects.all(), required=False, empty_label="all", to_field_name="slug"
    )
    user = forms.CharField(required=False, max_length=200)
    client = forms.CharField(required=False, max_length=200)

    def chosen(self) -> QuerySet[Session]:
        """Return the sessions that fit; none while the form has errors."""
        if not self.is_valid():
            return Session.objects.none()
        said = self.cleaned_data
        rows: QuerySet[Session] = Session.objects.all()
        if said["state"]:
            rows = rows.filter(closed_at__isnull=said["state"] == "open")
        for name, column in (
            ("server", "server"),
            ("user", f"user__{USERNAME}"),
            ("client", "client_name"),
        ):
            if said[name]:
                rows = rows.filter(**{column: said[name]})
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One session of the list."""

    session: Session
    href: str
    state: Status
    who: str
    since: Moment
    seen: Moment


def session_list(request: HttpRequest) -> Context:
    """The sessions that the query string asks for."""
    form = SessionForm(request.GET)
    rows = form.chosen().select_related("server", "user", "token")
    page = keyset_page(rows, request.GET, order=("-created_at", "-id"))
    return {
        "form": form,
        "lines": [_line(session) for session in page.rows],
        "pager": Pager(newer=page.newer, older=page.older),
        "empty": Empty(
            title="No session fits" if form.is_set else "No session yet",
            text="Clients of 2026-07-28 have none; what they call is in the other tab.",
        ),
        "has_open": any(session.closed_at is None for session in page.rows),
        "chosen_user": form.said("user"),
    }


def _line(session: Session) -> Line:
    return Line(
        session=session,
        href=session_page(session),
        state=state_of(session),
        who=who(session),
        since=Moment(session.created_at),
        seen=Moment(session.last_seen_at),
    )


def state_of(session: Session) -> Status:
    """Whether a session goes on, or why it does not."""
    if session.closed_at is None:
        return Status("ok", "Open")
    return Status("off", f"Ended: {session.close_reason or 'no reason given'}")


def who(session: Session) -> str:
    """Whose session it is, and by which token."""
    name = session.user.get_username() if session.user else "nobody"
    return f"{name}, token {session.token.name}" if session.token else name


@dataclass(slots=True)
class Hour:
    """Calls of one principal in one hour."""

    calls: int = 0
    failed: int = 0
    last_at: datetime | None = None
    clients: set[str] = field(default_factory=set)


def without_session(request: HttpRequest) -> Context:
    """Calls of clients that have no sessions, by who called, and the hour."""
    newest = Call.objects.aggregate(newest=Max("pk"))["newest"] or 0
    columns = ("started_at", "server", "username", "token_id", "client", "outcome")
    rows = Call.objects.filter(pk__gt=newest - REACH, session="").values_list(*columns)
    hours: dict[tuple[datetime, str, str, int | None], Hour] = defaultdict(Hour)
    for started_at, server, username, token_id, client, outcome in rows:
        begun = started_at.replace(minute=0, second=0, microsecond=0)
        hour = hours[begun, server, username, token_id]
        hour.calls += 1
        hour.failed += outcome in FAILED
        hour.last_at = max(hour.last_at or started_at, started_at)
        hour.clients.add(client)
    newest_first = sorted(hours.items(), key=lambda item: item[0][0], reverse=True)
    return {"table": _hours(newest_first[:100]), "reach": figures.count(REACH)}


def _hours(hours: list[tuple[tuple[datetime, str, str, int | None], Hour]]) -> Table:
    return Table(
        caption="Calls without a session, by who called, and the hour",
        columns=(
            Column("Hour"), Column("Who"), Column("Clients"), Column("Calls", is_number=True),
            Column("Failed", is_number=True), Column("Last call"),
        ),
        rows=[
            (
                Link(f"{begun:%d %b %H:00} UTC", _calls_of(begun, server, username, token_id)),
                Named(username or "nobody", f"{server}, token {token_id}" if token_id else server),
                ", ".join(sorted(filter(None, hour.clients))[:3]) or "unnamed",
                figures.count(hour.calls),
                figures.share(hour.failed, hour.calls),
                Moment(hour.last_at),
            )
            for (begun, server, username, token_id), hour in hours
        ],
        empty=Empty(title="No client without a session has called anything"),
    )  # fmt: skip


def _calls_of(begun: datetime, server: str, username: str, token_id: int | None) -> str:
    ends = {"since": begun, "until": begun + timedelta(hours=1)}
    query = {name: timezone.localtime(at).strftime(MOMENT) for name, at in ends.items()}
    query |= {"server": server, "username": username, "token_id": str(token_id or "")}
    said = urlencode({name: value for name, value in query.items() if value})
    return f"{reverse(CALLS)}?{said}"


def open_of(username: str) -> SessionQuerySet:
    """The open sessions of a user."""
    return Session.objects.open().filter(**{f"user__{USERNAME}": username})


def running(sessions: QuerySet[Session]) -> int:
    """How many requests run in sessions."""
    goes_on = Q(streams__closed_at=None) & ~Q(streams__method="")
    return int(sessions.aggregate(running=Count("streams", filter=goes_on))["running"] or 0)
