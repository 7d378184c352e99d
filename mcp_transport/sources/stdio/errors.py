"""What can go wrong with a child; each message is for whoever called it."""

from __future__ import annotations

from mcp_transport.protocol.shortening import capped


class ChildError(Exception):
    """A child did not do what it was asked."""

    def __init__(self, message: str) -> None:
        self.message = capped(message)
        super().__init__(self.message)


class Away(ChildError):
    """There is no child that could be asked, now."""


class Gone(ChildError):
    """The child ended before it answered."""


class Unsent(Gone):
    """The child had ended before it could be asked, so that another may be."""


class Answered(ChildError):
    """The child answered with an error of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
