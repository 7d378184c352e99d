"""What a token is, in words: its state, what it reaches, and what to worry about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from mcp_transport.admin.effects import DESTRUCTIVE, UNKNOWN, effects
from mcp_transport.admin.parts import Status
from mcp_transport.auth.principal import Principal
from mcp_transport.engine.catalog import Offered
from mcp_transport.engine.offering import Shelf, known_sources, shelf_of, site_sources
from mcp_transport.models import Server, Token

SOON = timedelta(days=7)
UNUSED = timedelta(days=60)
YOUNG = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The entries of one server that a token is good for."""

    server: Server
    entries: list[Offered]
    risky: int  # of them destroy something, or do not say that they do not


def state(token: Token, now: datetime | None = None) -> Status:
    """Whether a token is accepted."""
    now = now or timezone.now()
    if token.revoked_at is not None:
        return Status("denied", "revoked")
    if token.expires_at is not None and token.expires_at <= now:
        return Status("off", "expired")
    if not token.owner.is_active:
        return Status("off", "owner inactive")
    if token.successor_id is not None:
        return Status("info", "rotated, still accepted")
    return Status("ok", "accepted")


def warnings(token: Token, risky: int, now: datetime | None = None) -> list[Status]:
    """What an operator should know of a token that is accepted."""
    now = now or timezone.now()
    if state(token, now).kind not in {"ok", "info"}:
        return []
    found = []
    if token.expires_at is None:
        found.append("never expires")
    elif token.expires_at - now <= SOON:
        found.append(f"expires in {_days(token.expires_at - now)}")
    if token.last_used_at is None and now - token.created_at > YOUNG:
        found.append("never used")
    elif token.last_used_at is not None and now - token.last_used_at > UNUSED:
        found.append(f"unused {_days(now - token.last_used_at)}")
    if risky:
        found.append("can reach destructive tools")
    return [Status("warn", words) for words in found]


def _days(span: timedelta) -> str:
    days = max(1, round(span / timedelta(days=1)))
    return f"{days} day{'' if days == 1 else 's'}"


class Shelves:
    """What the enabled servers offer, put together once for a page of tokens."""

    def __init__(self, *, with_texts: bool = True) -> None:
        sources = site_sources() if with_texts else known_sources()
        rows = Server.objects.filter(is_enabled=True).prefetch_related("overrides")
        self._shelves: dict[int, tuple[Server, Shelf]] = {}
        for server in rows:
            self._shelves[server.pk] = (server, shelf_of(server, sources))

    def reached(self, scopes: list[str], servers: Iterable[Any], may: Any = None) -> list[Reached]:
        """What a token with these scopes reaches; ``may`` says which permissions its owner has."""
        keys = [server.pk for server in servers] or list(self._shelves)
        found = (self._reached(scopes, key, may) for key in keys if key in self._shelves)
        return [one for one in found if one.entries]

    def risky(self, scopes: list[str], servers: Iterable[Any]) -> int:
        """How many tools it reaches that destroy, or do not say that they do not."""
        return sum(one.risky for one in self.reached(scopes, servers))

    def _reached(self, scopes: list[str], key: int, may: Any) -> Reached:
        server, shelf = self._shelves[key]
        # Its scopes count alone; without any it is good for everything.
        bearer = Principal(key="", user=None, scopes=frozenset(scopes) or None)
        entries = [
            entry
            for entry in shelf.entries()
            if shelf.is_on(entry)
            and entry.is_covered(bearer)
            and (may is None or not entry.permission or may(entry.permission))
        ]
        risky = sum(effects(entry) in {DESTRUCTIVE, UNKNOWN} for entry in entries)
        return Reached(server=server, entries=entries, risky=risky)
