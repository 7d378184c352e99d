"""What the rest of the project is told: there is an authorization server, and its rows change."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.db.models.signals import post_delete, post_save

from mcp_transport.auth.authenticators import announce_authenticator
from mcp_transport.auth.opening import announce_grants
from mcp_transport.auth.resources import AuthorizationServer, announce_authorization_servers
from mcp_transport.models.rows_changed import rows_changed
from mcp_transport.oauth.addresses import issuer, path_of
from mcp_transport.oauth.models import Connection
from mcp_transport.streams.notices import Stale
from mcp_transport.worker.lifespan import announce_on_commit

AUTHENTICATOR = "mcp_transport.oauth.authenticator.ConnectionAuthenticator"


@cache
def connect() -> None:
    """Announce the site as an authorization server, and begin to notice changes; works once."""
    announce_authorization_servers(own)
    announce_authenticator(AUTHENTICATOR)
    announce_grants(stands)
    for signal in (post_save, post_delete, rows_changed):
        signal.connect(_changed, sender=Connection, dispatch_uid="mcp_oauth.Connection")


def own() -> Iterable[AuthorizationServer]:
    """The authorization server that the site is, where it has the addresses for it."""
    if path_of("metadata"):
        yield AuthorizationServer(issuer=issuer(), has_tool_scopes=True)


def stands(grant_id: int) -> bool:
    """Whether a client that a user let in still is."""
    return Connection.objects.live().filter(pk=grant_id).exists()


def _changed(using: str | None = None, **_signal: Any) -> None:
    announce_on_commit(Stale("tokens"), using=using)
