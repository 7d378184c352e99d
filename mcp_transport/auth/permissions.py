"""The rule of who may use a server, and the challenge for those who may not."""

from __future__ import annotations

from typing import Any, Protocol

from mcp_transport.auth.errors import (
    CredentialsRequired,
    InsufficientScope,
    InvalidToken,
    NotPermitted,
)
from mcp_transport.auth.principal import Principal, has_every_right, rights_of

TOO_MUCH = "This user may do what you may not: a token is issued by somebody who has its rights."


class ServerAccess(Protocol):
    """What of a server decides who may use it."""

    @property
    def id(self) -> int:
        """Its primary key."""

    @property
    def slug(self) -> str:
        """Its name in the URL."""

    @property
    def access(self) -> str:
        """One of Server.Access."""

    @property
    def permission(self) -> str:
        """The permission that access by permission asks for."""


def may_use_server(principal: Principal, server: ServerAccess) -> None:
    """
    Return when the principal may use the server.

    Raises an AuthenticationError that says why not. A credential for other
    servers is refused even where none is needed: it was sent by mistake.
    """
    if not principal.reaches(server.id):
        raise InvalidToken(f"This token was not issued for the server {server.slug!r}.")
    if principal.scopes is not None and not principal.scopes:
        raise InsufficientScope(f"This token has no scope that the server {server.slug!r} knows.")
    if server.access == "public":
        return
    if principal.is_anonymous:
        raise CredentialsRequired(
            f"The server {server.slug!r} asks for a bearer token, in the header Authorization."
        )
    if server.access == "permission" and not principal.may(server.permission):
        raise NotPermitted(f"The server {server.slug!r} asks for a permission you do not have.")


def may_issue_for(issuer: Any, owner: Any) -> bool:
    """Whether a user may make tokens of another: nobody gives out rights they have not."""
    if has_every_right(issuer) or issuer.pk == owner.pk:
        return True
    return not has_every_right(owner) and rights_of(owner) <= rights_of(issuer)


def challenge(
    server_url: str, error: str = "", scope: str = "", resource_metadata: str = ""
) -> str:
    """Give the WWW-Authenticate header of a refusal (RFC 6750, section 3; RFC 9728, 5.1)."""
    parameters = {
        "realm": server_url,
        "error": error,
        "scope": scope,
        "resource_metadata": resource_metadata,
    }
    return "Bearer " + ", ".join(
        f"{name}={quoted(value)}" for name, value in parameters.items() if value
    )


def quoted(value: str) -> str:
    """Write a quoted-string that cannot end early or begin another header."""
    printable = "".join(c for c in value if c.isascii() and c.isprintable())
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'
