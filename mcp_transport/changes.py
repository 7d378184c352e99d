"""
Says that something clients read has changed, wherever a site changes it.

A tool says so by its context; this is for what is not a tool: the signals of a
model, a view, a form of the admin. A change is told when the transaction that
it belongs to is committed, and not at all if that is rolled back. Clients hear
of it from every worker process, each once, if it may know of it. Called in a
process that does not serve, as a management command is, nobody hears.
"""

from __future__ import annotations

from mcp_transport.models import Server
from mcp_transport.protocol.subscriptions import Change, Kind
from mcp_transport.streams.notices import Changed
from mcp_transport.worker.lifespan import announce_on_commit


def resource_updated(uri: str, *, server: Server | None = None, using: str | None = None) -> None:
    """A resource reads differently now, on one server or on all of them."""
    _tell(Change("resources", uri), server, using)


def list_changed(kind: Kind, *, server: Server | None = None, using: str | None = None) -> None:
    """The list of tools, resources or prompts looks different now."""
    _tell(Change(kind), server, using)


def _tell(change: Change, server: Server | None, using: str | None) -> None:
    announce_on_commit(Changed(change, server.pk if server else None), using=using)
