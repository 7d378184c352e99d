"""
Tells listeners when what they may use has changed.

Looked at once a second for servers that somebody listens to, through the same
cache that requests use: a change made by any process, in the admin or by a
bare UPDATE, is seen without a signal. Each principal is told only of lists
that look different to it.
"""

from __future__ import annotations

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.catalog import FEATURE_OF_KIND, Catalog
from mcp_transport.engine.directory import Directory
from mcp_transport.protocol.subscriptions import KINDS, Change, Kind
from mcp_transport.streams.hub import Hub, Listener

ANNOUNCED = 3.0  # seconds in which a change that was hinted at is not found out once more


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
    for kind in KINDS:
        shown = [look_of(c, kind, listener.principal) for c in (before, catalog)]
        if shown[0] != shown[1] and not hub.take_hint(listener, kind, within=ANNOUNCED):
            listener.offer(Change(kind))


def look_of(catalog: Catalog, feature: Kind, principal: Principal) -> list[dict[str, object]]:
    """What the lists of a feature show a principal."""
    kinds = [kind for kind, its_feature in FEATURE_OF_KIND.items() if its_feature == feature]
    return [entry.wire for kind in kinds for entry in catalog.visible(kind, principal)]
