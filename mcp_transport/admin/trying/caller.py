"""
As whom an operator tries something: as themselves, or with less.

Nobody is impersonated. A token that is chosen narrows what its chooser may do
to what it would let a client do; its owner's rights play no part.
"""

from __future__ import annotations

from typing import Any

from mcp_transport.auth.principal import Principal, principal_of
from mcp_transport.models import Token

OWNER = "user:{user}/admin"  # Principal.key; no client's credential makes such a one
NARROWED = "user:{user}/admin:{token}"
MAX_TOKENS = 100  # to choose from


def caller(user: Any, token: Token | None) -> Principal:
    """The user as the admin presents them; makes queries."""
    if token is None:
        return principal_of(user, key=OWNER.format(user=user.pk))
    servers = frozenset(token.servers.values_list("pk", flat=True))
    return principal_of(
        user,
        key=NARROWED.format(user=user.pk, token=token.pk),
        scopes=frozenset(token.scopes) or None,
        server_ids=servers or None,
    )


def again(user: Any, key: str) -> Principal:
    """The same caller as the one that a session belongs to, for what it needs no rights."""
    return principal_of(user, key=key)


def tokens_for(user: Any) -> list[Token]:
    """The tokens that a user may narrow their rights to."""
    rows = Token.objects.usable().only("name", "hint", "scopes", "owner")
    if not user.has_perm("mcp_transport.view_token"):
        rows = rows.filter(owner=user)
    return list(rows[:MAX_TOKENS])
