"""What is on the pages of one server."""

from __future__ import annotations

import time
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.http import HttpRequest

from mcp_transport.admin import figures
from mcp_transport.admin.addresses import session_page
from mcp_transport.admin.call_pages import calls_table
from mcp_transport.admin.clients import copyables, server_url
from mcp_transport.admin.entry_list import EntryForm, entry_list
from mcp_transport.admin.overview_parts import chart
from mcp_transport.admin.pages import version_of
from mcp_transport.admin.parts import (
    Column,
    Copyable,
    Empty,
    Link,
    Moment,
    Status,
    Tab,
    Table,
    Tabs,
    Tile,
)
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.viewpoint import viewpoint
from mcp_transport.audit.statistics import Statistics
from mcp_transport.audit.tallies import Window
from mcp_transport.client_settings import NO_TOKEN, authorization
from mcp_transport.conf import settings
from mcp_transport.engine.offering import Shelf
from mcp_transport.models import Call, Server, Session, Stream, Token
from mcp_transport.models.server import Transport
from mcp_transport.protocol.revisions import SUPPORTED

MOST_SESSIONS = 50
MOST_CALLS = 20
MOST_TOKENS = 50
NAMES = (
    ("entries", "Entries", "admin:mcp_server"),
    ("sessions", "Sessions", "admin:mcp_server_sessions"),
    ("access", "Access", "admin:mcp_server_access"),
    ("connect", "Connect", "admin:mcp_server_connect"),
    ("settings", "Settings", "admin:mcp_transport_server_change"),
)


def tabs(server: Server, current: str) -> Tabs:
    """The views of a server."""
    return Tabs(
        label=f"Views of {server}",
        tabs=[
            Tab(text=text, href=reverse(at, args=[server.pk]), is_current=name == current)
            for name, text, at in NAMES
        ],
    )


def state_of(server: Server) -> Status:
    """Whether a server serves."""
    return Status("ok", "Serving") if server.is_enabled else Status("off", "Turned off")


def entries(request: HttpRequest, server: Server, shelf: Shelf) -> dict[str, Any]:
    """The entries tab."""
    seen = viewpoint(request, shelf.record)
    used = Statistics(Window.last("24h"), server=server.slug)
    form = EntryForm(request)
    found = entry_list(request, form, server.pk, shelf=shelf, seen=seen, used=used.entries)
    return {
        "form": form,
        "entries": found,
        "chart": chart(used, "24 h"),
        "seen": seen,
        "nothing": Empty(
            title="Nothing fits",
            text=f"{found.offered} entries are offered; none of them fits the filter.",
            links=[Link("Clear", "?")],
        ),
        "no_entries": Empty(
            title="No entries registered",
            text="The server offers nothing yet: choose apps or single entries in its settings.",
            links=[
                Link("Settings", reverse("admin:mcp_transport_server_change", args=[server.pk]))
            ],
        ),
    }


def traffic_version(pk: int) -> str:
    """What is another text when the traffic looks different; one query."""
    last_call = Call.objects.filter(server=OuterRef("slug")).order_by("-id").values("id")[:1]
    is_open = Q(sessions__closed_at=None)
    state = Server.objects.filter(pk=pk).values_list("updated_at", "slug")
    row = state.annotate(
        last_call=Subquery(last_call),
        open=Count("sessions", filter=is_open),
        seen=Max("sessions__last_seen_at", filter=is_open),
    )
    minute = int(time.time() // 60)  # ages are told by the minute
    return version_of(f"{minute} {list(row)!r}").strip('"')


def traffic(server: Server) -> dict[str, Any]:
    """Who is there, and what was asked last."""
    rows = server.sessions.open().select_related("user").order_by("-last_seen_at")
    sessions = list(rows[: MOST_SESSIONS + 1])
    calls = list(Call.objects.filter(server=server.slug).order_by("-id")[:MOST_CALLS])
    count = f"{len(sessions)}" if len(sessions) <= MOST_SESSIONS else f"{MOST_SESSIONS}+"
    return {
        "tiles": [
            Tile(label="Open sessions", value=count),
            Tile(label="Last call", value=figures.age(calls[0].started_at) if calls else "never"),
        ],
        "sessions": _sessions_table(sessions[:MOST_SESSIONS]),
        "calls": calls_table(calls, "Last calls"),
    }


def _sessions_table(sessions: list[Session]) -> Table:
    columns = ("Session", "User", "Revision", "Transport", "Since", "Last seen")
    return Table(
        caption="Open sessions",
        columns=[Column(name) for name in columns],
        rows=[
            (
                Link(str(s), session_page(s)),
                s.user.get_username() if s.user else "nobody",
                s.revision,
                _way_in(s.transport),
                Moment(s.created_at),
                Moment(s.last_seen_at),
            )
            for s in sessions
        ],
        empty=Empty(
            title="Nobody is connected",
            text="Clients of 2026-07-28 have no sessions; their calls are below.",
        ),
    )


def _way_in(name: str) -> str:
    """A transport as a person calls it."""
    return str(Transport(name).label) if name in Transport.values else name


def access(request: HttpRequest, server: Server) -> dict[str, Any]:
    """Who may use a server, in words."""
    return {
        "policy": {
            Server.Access.PUBLIC: "Anybody may use it, without credentials.",
            Server.Access.TOKEN: "Anybody with a token of this site may use it.",
            Server.Access.PERMISSION: "Users with a permission may use it, with a token of theirs:",
        }[Server.Access(server.access)],
        "permission": server.permission if server.access == "permission" else "",
        "transports": _transports(server),
        "revisions": [name for name in SUPPORTED if name in server.revisions] or SUPPORTED,
        "origins": [*settings.MCP_ALLOWED_ORIGINS, *server.allowed_origins],
        "tokens": _tokens_table(server)
        if request.user.has_perm("mcp_transport.view_token")
        else None,
    }


def _transports(server: Server) -> list[Status]:
    """Each way in and whether it is open, the site's settings included."""
    off_by_site = {
        Transport.REST: not settings.MCP_REST,
        Transport.HTTP_SSE: not settings.MCP_HTTP_SSE,
    }
    found = []
    for name, label in Transport.choices:
        if server.transports and name not in server.transports:
            found.append(Status("off", f"{label}: off for this server"))
        elif off_by_site.get(Transport(name)):
            found.append(Status("off", f"{label}: off by the site's settings"))
        else:
            found.append(Status("ok", label))
    return found


def _tokens_table(server: Server) -> Table:
    rows = Token.objects.usable().filter(servers=server).select_related("owner")[:MOST_TOKENS]
    return Table(
        caption="Tokens for this server",
        columns=[Column(name) for name in ("Token", "Owner", "Scopes", "Last used", "Expires")],
        rows=[
            (
                Link(token.name, reverse("admin:mcp_transport_token_change", args=[token.pk])),
                token.owner.get_username(),
                ", ".join(token.scopes) or "everything",
                Moment(token.last_used_at),
                Moment(token.expires_at),
            )
            for token in rows
        ],
        empty=Empty(
            title="No token names this server",
            text="A token that names no server is good for each that its owner may use.",
        ),
    )


def connect(request: HttpRequest, server: Server) -> dict[str, Any]:
    """What clients have to be told."""
    url = server_url(request, server.slug)
    is_public = server.access == Server.Access.PUBLIC
    program = f"manage.py mcp stdio {server.slug}"
    return {
        "is_public": is_public,
        "no_token": NO_TOKEN,
        "token_url": reverse("admin:mcp_transport_token_add") + f"?servers={server.pk}",
        "may_issue": request.user.has_perm("mcp_transport.add_token"),
        "settings": copyables(server.slug, url, None if is_public else authorization(None)),
        "program": Copyable(label="On this machine, without a network", value=program, block=True),
    }


def switch_question(server: Server) -> tuple[str, list[str], str]:
    """What is asked before a server is turned off or on: the question, what follows, the button."""
    if not server.is_enabled:
        return f"Turn {server} on again?", ["Clients find it at once."], f"Turn {server.slug} on"
    sessions = Session.objects.open().filter(server=server).count()
    running = Stream.objects.filter(session__server=server, closed_at=None).exclude(method="")
    return (
        f"Turn {server} off?",
        [
            f"{_number(sessions, 'live session')} cannot go on; listening clients are sent away.",
            f"{_number(running.count(), 'call')} in flight: they end, and are recorded.",
            "Whoever calls it is told that there is no such server.",
            "Nothing is deleted: it can be turned on again.",
        ],
        f"Turn {server.slug} off",
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
