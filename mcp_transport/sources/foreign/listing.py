"""
What each server of others listed last, for this whole process.

A list stands while its origin is away: what was there comes back with the
next peer. It is one list for all callers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import chain
from typing import Any

from mcp_transport.sources.foreign.definitions import ForeignEntries, Listed, entries_of
from mcp_transport.sources.foreign.errors import Answered
from mcp_transport.sources.foreign.origin import Origin
from mcp_transport.sources.foreign.peer import Peer

# What one lists: the capability that says so, the method, the member of its result, ours.
LISTS = (
    ("tools", "tools/list", "tools", "tools"),
    ("resources", "resources/list", "resources", "resources"),
    ("resources", "resources/templates/list", "resourceTemplates", "templates"),
    ("prompts", "prompts/list", "prompts", "prompts"),
)


class Known:
    """The lists of every origin of a kind that this process has looked at."""

    def __init__(self) -> None:
        self.generation = 0
        self._lists: dict[Origin, tuple[Listed, ForeignEntries]] = {}
        self._lock = threading.Lock()

    def put(self, origin: Origin, listed: Listed) -> None:
        """Keep what an origin lists now."""
        before = self._lists.get(origin)
        if before is not None and before[0] == listed:
            return
        entries = entries_of(origin, listed)
        with self._lock:
            self._lists[origin] = listed, entries
            self.generation += 1

    def entries(self, origins: Iterable[Origin]) -> ForeignEntries:
        """What these origins offer, as far as it is known."""
        found = [self._lists[origin][1] for origin in origins if origin in self._lists]
        return ForeignEntries(
            tools=tuple(chain.from_iterable(one.tools for one in found)),
            resources=tuple(chain.from_iterable(one.resources for one in found)),
            templates=tuple(chain.from_iterable(one.templates for one in found)),
            prompts=tuple(chain.from_iterable(one.prompts for one in found)),
        )


async def listed(peer: Peer) -> Listed:
    """All that a peer lists. Raises ForeignError."""
    found = {ours: await _items(peer, *names) for *names, ours in LISTS}
    return Listed(**found, completes="completions" in peer.capabilities)


async def _items(peer: Peer, capability: str, method: str, member: str) -> list[dict[str, Any]]:
    if capability not in peer.capabilities:
        return []
    try:
        return await peer.list(method, member)
    except Answered as error:
        peer.origin.logger.debug("%s: %s: %s", peer.origin.place, method, error)
        return []
