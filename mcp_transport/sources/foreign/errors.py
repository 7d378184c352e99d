"""What can go wrong with a server of others; each message is for whoever called it."""

from __future__ import annotations

from mcp_transport.protocol.shortening import capped


class ForeignError(Exception):
    """A server of others did not do what it was asked."""

    def __init__(self, message: str, *, detail: str = "") -> None:
        self.message = capped(message)
        self.detail = detail or self.message  # for operators
        super().__init__(self.message)


class Away(ForeignError):
    """There is nobody who could be asked, now."""


class Gone(ForeignError):
    """It ended before it answered."""


class Unsent(Gone):
    """It had ended before it could be asked, so that another may be."""


class Answered(ForeignError):
    """It answered with an error of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
