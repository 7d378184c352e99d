"""
What clients of both eras share: messages in, messages out, nothing hidden.

``ask`` sends one request and reads its answer to the end; ``request`` goes
through all rounds of questions and returns the result.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from mcp_transport.testing.asgi import Exchange, Http
from mcp_transport.testing.reply import Json, Reply, encode
from mcp_transport.testing.stream import Check, Stream

AnswerCallback = Callable[[str, Json], Json]

LEGACY_REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25")
MODERN_REVISION = "2026-07-28"
REVISIONS = (*LEGACY_REVISIONS, MODERN_REVISION)  # those that speak Streamable HTTP

IMPLEMENTATION = {"name": "tests", "version": "1"}


def unanswerable(method: str, params: Json) -> Json:
    """Answer nothing: the test does not expect a question."""
    raise AssertionError(f"The server asked {method} {params!r}")


class WireClient:
    """What clients of both eras share."""

    revision: str

    def __init__(
        self, http: Http, path: str, *, token: str, answer: AnswerCallback, check: Check
    ) -> None:
        self.http = http
        self.path = path
        self.token = token
        self.answer = answer
        self.check = check
        self._ids = count(1)
        self._methods: dict[Any, str] = {}  # what was asked, by its id

    def base_headers(self) -> dict[str, str | None]:
        """What every POST carries."""
        return {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {self.token}" if self.token else None,
        }

    async def post(self, message: Any, headers: Mapping[str, str | None]) -> Exchange:
        """POST a message as it is."""
        for one in message if isinstance(message, list) else [message]:
            if "method" in one and isinstance(one.get("id"), str | int):
                self._methods[one["id"]] = one["method"]
        return await self.http.open("POST", self.path, headers=headers, body=encode(message))

    async def stream_of(self, exchange: Exchange) -> Stream:
        """The event stream of an answer."""
        return Stream(exchange, self.revision, self._methods, self.check)

    async def read(self, exchange: Exchange) -> Reply:
        """Read an answer to its end, answering what the server asks meanwhile."""
        reply = Reply(status=exchange.status, headers=exchange.headers)
        if reply.is_stream:
            stream = await self.stream_of(exchange)
            async for message in stream.messages():
                reply.messages.append(message)
                await self._received(message)
            reply.events = stream.events
        elif body := await exchange.read():
            content = json.loads(body)
            reply.messages = content if isinstance(content, list) else [content]
            for message in reply.messages:
                self.check(self.revision, message, method=self._methods.get(message.get("id")))
        return reply

    async def _received(self, message: Json) -> None:
        """React to a message of a stream."""
