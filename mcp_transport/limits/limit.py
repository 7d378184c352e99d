"""What may be asked of one server, as its row and the settings have it."""

from __future__ import annotations

import msgspec


class Limit(msgspec.Struct, frozen=True):
    """How many requests a minute, and how many at once; None is no limit."""

    rate: int | None = None
    concurrency: int | None = None

    @property
    def is_limiting(self) -> bool:
        """Whether it keeps anybody from anything."""
        return self.rate is not None or self.concurrency is not None


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one server: for all its clients together, and for each."""

    key: str = ""  # what the server counts under
    whole: Limit = Limit()
    principal: Limit = Limit()
    anonymous: Limit = Limit()  # each address of those who send no credentials

    @property
    def are_limiting(self) -> bool:
        """Whether any of them keeps anybody from anything."""
        return any(limit.is_limiting for limit in (self.whole, self.principal, self.anonymous))


def chosen(own: int | None, default: int | None) -> int | None:
    """A number that a row or an entry may leave to a default; 0 of its own is no limit."""
    return default if own is None else own or None
