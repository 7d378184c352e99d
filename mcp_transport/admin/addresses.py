"""Where the things are that a page names; empty where the reader may not go."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils import timezone

from mcp_transport.admin.record_form import MOMENT
from mcp_transport.admin.reversing import reverse
from mcp_transport.audit.tallies import Entry
from mcp_transport.models import Session, Task

CALLS = "admin:mcp_transport_call_changelist"
SESSIONS = "admin:mcp_transport_session_changelist"
TASKS = "admin:mcp_transport_task_changelist"


def first(names: tuple[str, ...], *arguments: object) -> str:
    """Return the address of the first page that exists."""
    for name in names:
        try:
            return reverse(name, args=arguments)
        except NoReverseMatch:
            continue
    return ""


def server_page(request: HttpRequest, key: object) -> str:
    """The page of one server."""
    if not request.user.has_perm("mcp_transport.view_server"):
        return ""
    return first(("admin:mcp_server", "admin:mcp_transport_server_change"), key)


def session_page(session: Session) -> str:
    """The page of one session; a short part of its id names it, as the whole opens it."""
    return reverse("admin:mcp_session", args=[session.handle])


def task_page(task: Task) -> str:
    """The page of one task, which is named like a session."""
    return reverse("admin:mcp_task", args=[task.handle])


def sessions(request: HttpRequest) -> str:
    """The list of open sessions."""
    if not request.user.has_perm("mcp_transport.view_session"):
        return ""
    return f"{reverse(SESSIONS)}?state=open"


def calls(
    request: HttpRequest,
    *,
    since: datetime,
    outcome: str = "",
    entry: Entry | None = None,
    **filters: str,
) -> str:
    """
    The list of calls since a time, of one kind.

    ``outcome`` is one of Call.Outcome, "failed" or "denied"; filters are
    columns of the call.
    """
    if not request.user.has_perm("mcp_transport.view_call"):
        return ""
    if entry is not None:
        filters = {"server": entry.server, "kind": entry.kind, "entry": entry.name} | filters
    query = {"since": timezone.localtime(since).strftime(MOMENT), "outcome": outcome} | filters
    return f"{reverse(CALLS)}?{urlencode({name: value for name, value in query.items() if value})}"
