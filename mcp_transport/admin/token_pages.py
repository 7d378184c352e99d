"""What is on the pages of tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from mcp_transport.admin.base import USERNAME
from mcp_transport.admin.clients import copyables, server_url
from mcp_transport.admin.filter_form import FilterForm
from mcp_transport.admin.keyset import keyset_page
from mcp_transport.admin.parts import Column, Copyable, Empty, Link, Moment, Pager, Status, Table
from mcp_transport.admin.reversing import reverse
from mcp_transport.admin.token_form import in_words
from mcp_transport.admin.token_state import Shelves, state, warnings
from mcp_transport.client_settings import authorization
from mcp_transport.models import Server, Session, Token

MOST_SERVERS = 5  # for which the settings of clients are shown
SHOWN_ENTRIES = 12  # by name, of each server


class TokenFilter(FilterForm):
    """What tokens are chosen by."""

    q = forms.CharField(label="Name, owner or beginning", required=False, widget=forms.SearchInput)
    state = forms.ChoiceField(
        required=False,
        choices=[("", "all"), *((name, name) for name in ("accepted", "revoked", "expired"))],
    )

    def chosen(self) -> QuerySet[Token]:
        """Return the tokens that fit."""
        return _in_state(_named(Token.objects.all(), self.said("q")), self.said("state"))


def _named(rows: QuerySet[Token], text: str) -> QuerySet[Token]:
    if not text:
        return rows
    by_owner = Q(**{f"owner__{USERNAME}__icontains": text})
    return rows.filter(Q(name__icontains=text) | Q(hint__startswith=text) | by_owner)


def _in_state(rows: QuerySet[Token], state: str) -> QuerySet[Token]:
    now = timezone.now()
    if state == "accepted":
        return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
    if state == "revoked":
        return rows.exclude(revoked_at=None)
    return rows.filter(expires_at__lte=now, revoked_at=None) if state == "expired" else rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One token of the list."""

    token: Token
    href: str
    scopes: str
    servers: str
    state: Status
    warnings: list[Status]
    last_used: Moment
    expires: Moment


def token_list(request: HttpRequest) -> dict[str, Any]:
    """The page of tokens that the query string asks for."""
    form = TokenFilter(request.GET)
    rows = form.chosen().select_related("owner").prefetch_related("servers")
    page = keyset_page(rows, request.GET, order=("-id",))
    shelves = Shelves(with_texts=False) if page.rows else None
    return {
        "lines": [_line(token, shelves) for token in page.rows if shelves],
        "pager": Pager(newer=page.newer, older=page.older),
        "form": form,
        "empty": Empty(title="Nothing fits", links=[Link("Clear", "?")])
        if form.is_set
        else Empty(title="No tokens", text="Clients that sign in with OAuth need none."),
    }


def _line(token: Token, shelves: Shelves) -> Line:
    servers = list(token.servers.all())
    return Line(
        token=token,
        href=reverse("admin:mcp_token", args=[token.pk]),
        scopes=in_words(token.scopes),
        servers=", ".join(map(str, servers)) or "every one",
        state=state(token),
        warnings=warnings(token, shelves.risky(token.scopes, servers)),
        last_used=Moment(token.last_used_at),
        expires=Moment(token.expires_at),
    )


def token_context(token: Token) -> dict[str, Any]:
    """One token with what it reaches and who uses it."""
    servers = list(token.servers.all())
    shelves = Shelves()
    line = _line(token, shelves)
    return {
        "token": token,
        "line": line,
        "state": line.state,
        "is_usable": token.is_usable,
        "warnings": line.warnings,
        "reach": _reach(shelves, token, servers),
        "sessions": open_sessions([token.pk]),
        "successor": token.successor
        and Link(token.successor.name, reverse("admin:mcp_token", args=[token.successor.pk])),
    }


def open_sessions(tokens: Iterable[int]) -> int:
    """How many live sessions go on with tokens."""
    counted = Session.objects.open().filter(token__in=tokens).aggregate(n=Count("pk"))
    return int(counted["n"])


def reach_table(token: Token, servers: Iterable[Server]) -> Table:
    """The entries that a token would reach, before it is saved."""
    return _reach(Shelves(), token, list(servers))


def _reach(shelves: Shelves, token: Token, servers: list[Server]) -> Table:
    owner = token.owner
    rows = []
    for reached in shelves.reached(token.scopes, servers, owner.has_perm):
        server, names = reached.server, [entry.name for entry in reached.entries]
        if server.access == Server.Access.PERMISSION and not owner.has_perm(server.permission):
            continue
        rest = len(names) - SHOWN_ENTRIES
        shown = ", ".join(names[:SHOWN_ENTRIES]) + (f" and {rest} more" if rest > 0 else "")
        risk = (
            Status("warn", f"{reached.risky} may destroy")
            if reached.risky
            else Status("ok", "none")
        )
        link = Link(str(server), reverse("admin:mcp_server", args=[server.pk]))
        rows.append((link, len(names), risk, shown))
    return Table(
        caption="What it reaches",
        columns=(
            Column("Server"), Column("Entries", is_number=True), Column("Destructive"),
            Column("Names"),
        ),
        rows=rows,
        empty=Empty(title="It reaches nothing", text="No enabled server offers what it covers."),
    )  # fmt: skip


def issued(request: HttpRequest, token: Token, value: str) -> dict[str, Any]:
    """A value, and what clients have to be told with it."""
    servers = list(token.servers.all()) or list(Server.objects.filter(is_enabled=True))
    return {
        "token": token,
        "value": Copyable(label="Token", value=value, block=True),
        "servers": [
            (server, copyables(server.slug, server_url(request, server.slug), authorization(value)))
            for server in servers[:MOST_SERVERS]
        ],
        "home": reverse("admin:mcp_token", args=[token.pk]),
    }
