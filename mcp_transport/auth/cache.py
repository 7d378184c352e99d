"""Principals that were looked up a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable

from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings


class PrincipalCache:
    """
    Principals by the digest of what presented them, each until its hour.

    Bounded: when it is full, what is stale goes first, and everything goes if
    nothing is stale; a look-up brings back whoever is still there. To forget
    everybody take a new one: a look-up that is under way keeps what it finds in
    the one that it began with.
    """

    def __init__(self, limit: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._entries: dict[bytes, tuple[float, Principal]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Principal | None:
        """Who was found under the key, unless that is too long ago."""
        entry = self._entries.get(key)
        return entry[1] if entry is not None and self._clock() < entry[0] else None

    def put(self, key: bytes, principal: Principal, *, until: float) -> None:
        """Keep a principal until the clock says so."""
        if len(self._entries) >= self._limit and key not in self._entries:
            self._make_room()
        self._entries[key] = (until, principal)

    def _make_room(self) -> None:
        now = self._clock()
        fresh = {key: entry for key, entry in self._entries.items() if now < entry[0]}
        self._entries = fresh if len(fresh) < self._limit else {}


def fresh_for(principal: Principal) -> float:
    """Seconds for which a principal may be kept: never beyond its expiry."""
    lifetime: float = settings.MCP_ROW_CACHE_SECONDS
    if principal.expires_at is None:
        return lifetime
    return min(lifetime, principal.expires_at - time.time())
