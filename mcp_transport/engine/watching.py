"""
Tells listeners when what they may use has changed.

Looked at once a second for servers that somebody listens to, through the same
cache that requests use: a change made by any process, in the admin or by a
bare UPDATE, is seen without a signal. Each principal is told only of lists
that look different to it.
"""

from __future__ import annotations

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.catalog import Catalog
from mcp_transport.engine.directory import Directory
from mcp_transport.protocol.subscriptions import Change, Kind
from mcp_transport.streams.hub import Hub, Listener

KINDS_OF_FEATURE: dict[Kind, tuple[str, ...]] = {
    "tools": ("tool",),
    "resources": ("resource", "template"),
    "prompts": ("prompt",),
}


#: Seconds in which a change that was hinted at is not found out once more.
ANNOUNCED = 3.0


async def look(directory: Directory, hub: Hub) -> None:
    """Offer every listener what has changed since it was last shown something."""
    by_server: dict[str, list[Listener]] = {}
    for listener in hub.listeners():
        by_server.setdefault(listener.server, []).append(listener)
    for slug, listeners in by_server.items():
        offer = await directory.find(slug)
        for listener in listeners:
            if offer is None or offer.server.id != listener.server_id:
                listener.end()  # switched off, or another server answers here
            elif offer.catalog is not listener.basis:
                _compare(hub, listener, offer.catalog)


def _compare(hub: Hub, listener: Listener, catalog: Catalog) -> None:
    before, listener.basis = listener.basis, catalog
    for kind, entry_kinds in KINDS_OF_FEATURE.items():
        shown = [look_of(c, entry_kinds, listener.principal) for c in (before, catalog)]
        if shown[0] != shown[1] and not hub.take_hint(listener, kind, within=ANNOUNCED):
            listener.offer(Change(kind))


def look_of(
    catalog: Catalog, kinds: tuple[str, ...], principal: Principal
) -> list[dict[str, object]]:
    """What lists show a principal."""
    return [entry.wire for kind in kinds for entry in catalog.visible(kind, principal)]
