"""An event stream as its client reads it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from mcp_transport.testing.asgi import Event, Exchange, within
from mcp_transport.testing.reply import Json


class Check(Protocol):
    """Judges a message that the server sent; raises what should fail the test."""

    def __call__(self, revision: str, message: Json, /, *, method: str | None) -> None:
        """``method`` is what the message answers, if it answers anything."""


def accept_anything(revision: str, message: Json, /, *, method: str | None) -> None:
    """Let every message pass."""


class Stream:
    """An event stream whose messages are judged as they come."""

    def __init__(
        self,
        exchange: Exchange,
        revision: str,
        methods: Mapping[Any, str],
        check: Check = accept_anything,
    ) -> None:
        assert exchange.headers["content-type"].startswith("text/event-stream"), exchange.headers
        self.exchange = exchange
        self.events: list[Event] = []
        self._revision = revision
        self._methods = methods
        self._check = check

    async def message(self) -> Json | None:
        """
        Wait for the next message; None when the stream has ended.

        What only keeps the stream alive is none. Raises TimeoutError.
        """
        return await within(self.exchange.limit, self._next)

    async def messages(self) -> AsyncIterator[Json]:
        """Every message until the stream ends."""
        while (message := await self.message()) is not None:
            yield message

    async def expect(self, method: str) -> Json:
        """Take the next message, which has to be this notification or request."""
        message = await self.message()
        assert message is not None, f"The stream ended; {method} was expected."
        assert message.get("method") == method, message
        return dict(message.get("params", {}))

    async def close(self) -> None:
        """Leave the stream."""
        await self.exchange.disconnect()

    async def _next(self) -> Json | None:
        while (event := await self.exchange.event()) is not None:
            self.events.append(event)
            if event.data:  # neither a comment nor the priming event
                return self._checked(json.loads(event.data))
        return None

    def _checked(self, message: Any) -> Json:
        asked = self._methods.get(message.get("id"))
        self._check(self._revision, message, method=asked)
        return dict(message)
