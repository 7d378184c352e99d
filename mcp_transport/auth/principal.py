"""Who asks."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import msgspec
from django.contrib.auth.models import AnonymousUser, Permission

NOTHING: frozenset[str] = frozenset()
LONGEST_KEY = 200  # characters, which a session's row has room for
BEGINNING = 120  # characters that an operator still reads of a longer one
# The scope that covers every entry of a kind; a template is a resource to its reader.
SCOPE_OF_KIND = {
    "tool": "tools",
    "resource": "resources",
    "template": "resources",
    "prompt": "prompts",
}


def scopes_for(kind: str, name: str, is_read_only: bool) -> tuple[str, ...]:
    """The scopes of which each covers an entry, the narrowest first."""
    if kind != "tool":
        return (SCOPE_OF_KIND[kind],)
    return (f"tool:{name}", "tools:read", "tools") if is_read_only else (f"tool:{name}", "tools")


def broader(scope: str) -> tuple[str, ...]:
    """A scope, and those that cover all that it does."""
    return (scope, "tools") if scope == "tools:read" or scope.startswith("tool:") else (scope,)


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """
    A user as one credential presents them.

    Frozen and made once per look-up: permissions are those of that moment, and
    whoever keeps a principal keeps it no longer than MCP_ROW_CACHE_SECONDS.

    ``key`` says whose sessions, limits and records are one's own: "anonymous",
    "user:5/token:12", an issuer with a subject. Of a key that is too long to be
    kept everywhere, or no plain text, it is the beginning and a digest.
    """

    key: str
    user: Any
    username: str = ""
    user_id: int | None = None  # None, too, where the site's users have other keys
    token_id: int | None = None
    identity_id: int | None = None  # of a user whom another site vouches for
    grant_id: int | None = None  # of a client that the user let in by signing in
    is_superuser: bool = False
    permissions: frozenset[str] = NOTHING
    scopes: frozenset[str] | None = None  # None: everything
    server_ids: frozenset[int] | None = None  # None: every server
    expires_at: float | None = None  # seconds since the epoch

    def __post_init__(self) -> None:
        """Make the key fit, wherever the principal comes from."""
        if len(self.key) > LONGEST_KEY or not self.key.isprintable():
            msgspec.structs.force_setattr(self, "key", _shortened(self.key))

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody is known to ask; a superuser is somebody, with or without a row."""
        return not self.is_superuser and bool(self.user.is_anonymous)

    def may(self, permission: str | None) -> bool:
        """Whether the user has a permission; everybody has the one that is not named."""
        return not permission or self.is_superuser or permission in self.permissions

    def covers(self, kind: str, name: str, is_read_only: bool) -> bool:
        """Whether the credential is good for an entry, whatever its user may do."""
        scopes = self.scopes
        return scopes is None or not scopes.isdisjoint(scopes_for(kind, name, is_read_only))

    def reaches(self, server_id: int) -> bool:
        """Whether the credential is good for a server."""
        return self.server_ids is None or server_id in self.server_ids


def _shortened(key: str) -> str:
    beginning = "".join(filter(str.isprintable, key))[:BEGINNING]
    return f"{beginning}#{sha256(key.encode(errors='surrogatepass')).hexdigest()}"


ANONYMOUS = Principal(key="anonymous", user=AnonymousUser())
# Whoever runs a management command can do all that the site can.
OPERATOR = Principal(
    key="operator", user=AnonymousUser(), username="management command", is_superuser=True
)


def principal_of(user: Any, **credential: Any) -> Principal:
    """
    Present a user; the credential's members are those of Principal.

    Reads the user's permissions, so it runs where the ORM may be used.
    """
    credential.setdefault("key", f"user:{user.pk}")
    is_superuser = has_every_right(user)
    return Principal(
        user=user,
        username=user.get_username(),
        user_id=user.pk if isinstance(user.pk, int) else None,
        is_superuser=is_superuser,
        permissions=NOTHING if is_superuser else rights_of(user),
        **credential,
    )


def has_every_right(user: Any) -> bool:
    """Whether a user is a superuser; not every model of users has such."""
    return bool(getattr(user, "is_superuser", False))


def rights_of(user: Any) -> frozenset[str]:
    """
    Every permission that a user has; makes queries.

    A model of users without Django's PermissionsMixin cannot list them, and is
    asked for each that the site knows.
    """
    if hasattr(user, "get_all_permissions"):
        return frozenset(user.get_all_permissions())
    if not hasattr(user, "has_perm"):
        return NOTHING
    known = Permission.objects.order_by().values_list("content_type__app_label", "codename")
    names = (f"{app_label}.{codename}" for app_label, codename in known)
    return frozenset(name for name in names if user.has_perm(name))


def present(token: Any, server_ids: Iterable[int] | None = None) -> Principal:
    """
    Show a token's owner with the rights that the token carries; makes queries.

    ``server_ids`` are those of the token, where they are known.
    """
    if server_ids is None:
        server_ids = token.servers.values_list("pk", flat=True)
    servers = frozenset(server_ids)
    return principal_of(
        token.owner,
        key=f"user:{token.owner_id}/token:{token.pk}",
        token_id=token.pk,
        scopes=frozenset(token.scopes) or None,
        server_ids=servers or None,
        expires_at=token.expires_at.timestamp() if token.expires_at else None,
    )
