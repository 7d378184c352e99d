"""Refusals for who asks, each with its HTTP status and RFC 6750's word for it."""

from __future__ import annotations

from typing import ClassVar

from mcp_transport.protocol.errors import Refused

# One message for every reason: a guesser learns nothing from it.
REFUSAL = "The token is unknown, expired or revoked, or its owner is inactive; ask for a new one."


class AuthenticationError(Refused):
    """The request is refused because of who sent it."""

    http_status: ClassVar[int] = 401
    error: ClassVar[str] = ""  # empty: a challenge that blames nothing

    def __init__(self, message: str, *, needs: tuple[tuple[str, ...], ...] = ()) -> None:
        super().__init__(self.http_status, message)
        #: Scopes that would do: one of each group, whose narrowest stands first.
        self.needs = needs


class CredentialsRequired(AuthenticationError):
    """Nobody said who asks, and the server has to know."""


class InvalidToken(AuthenticationError):
    """The credential is not good, or not good here."""

    error = "invalid_token"


class NotPermitted(AuthenticationError):
    """The user is known and lacks a permission; another credential would not help."""

    http_status = 403


class InsufficientScope(AuthenticationError):
    """The user could, with a credential of a wider scope."""

    http_status = 403
    error = "insufficient_scope"


class AuthenticationUnavailable(AuthenticationError):
    """Whether the credential is good cannot be found out now: nobody gets in."""

    http_status = 503

    def __init__(self) -> None:
        super().__init__("Credentials cannot be checked at the moment; try again.")
        self.headers["Retry-After"] = "1"
