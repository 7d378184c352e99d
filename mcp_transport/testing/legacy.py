"""A client of the legacy era: it shakes hands, and has a session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from mcp_transport.testing.asgi import Exchange, Http
from mcp_transport.testing.reply import Json, Reply
from mcp_transport.testing.stream import Check, Stream, accept_anything
from mcp_transport.testing.wire import (
    IMPLEMENTATION,
    AnswerCallback,
    WireClient,
    unanswerable,
)


class LegacyClient(WireClient):
    """A client with a handshake, a session and streams that resume."""

    def __init__(
        self,
        http: Http,
        path: str,
        revision: str,
        *,
        token: str = "",
        capabilities: Json | None = None,
        answer: AnswerCallback = unanswerable,
        check: Check = accept_anything,
    ) -> None:
        super().__init__(http, path, token=token, answer=answer, check=check)
        self.revision = revision
        self.capabilities = capabilities or {}
        self.session_id: str | None = None
        self.initialized: Json = {}  # the result of initialize

    async def connect(self) -> Self:
        """Shake hands."""
        reply = await self.initialize()
        self.initialized = reply.result
        assert self.initialized["protocolVersion"] == self.revision
        self.session_id = reply.headers.get("mcp-session-id")
        accepted = await self.notify("notifications/initialized")
        assert accepted.status == 202
        return self

    async def initialize(self, **params: Any) -> Reply:
        """Send the first request as it is; the session is not taken over."""
        exchange = await self.open(
            "initialize",
            {
                "protocolVersion": self.revision,
                "capabilities": self.capabilities,
                "clientInfo": IMPLEMENTATION,
                **params,
            },
        )
        return await self.read(exchange)

    def headers(self) -> dict[str, str | None]:
        """The headers of a request; 2025-03-26 knows no version header."""
        is_named = self.session_id is not None and self.revision >= "2025-06-18"
        return {
            **self.base_headers(),
            "mcp-session-id": self.session_id,
            "mcp-protocol-version": self.revision if is_named else None,
        }

    async def open(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        meta: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        id: Any = None,  # noqa: A002
    ) -> Exchange:
        """Send a request; ``headers`` override, None leaves out."""
        given = dict(params or {})
        if meta:
            given["_meta"] = dict(meta)
        identity = next(self._ids) if id is None else id
        message = {"jsonrpc": "2.0", "id": identity, "method": method, "params": given}
        return await self.post(message, {**self.headers(), **(headers or {})})

    async def ask(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Send a request, answer what the server asks, and read the answer."""
        return await self.read(await self.open(method, params, **options))

    request = ask

    async def call(self, name: str, arguments: Json | None = None, **options: Any) -> Reply:
        """Call a tool."""
        return await self.ask("tools/call", {"name": name, "arguments": arguments or {}}, **options)

    async def notify(self, method: str, params: Json | None = None) -> Reply:
        """Send a notification."""
        message: Json = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        return await self.read(await self.post(message, self.headers()))

    async def respond(self, request: Json, result: Json) -> Reply:
        """Answer a request of the server."""
        message = {"jsonrpc": "2.0", "id": request["id"], "result": result}
        return await self.read(await self.post(message, self.headers()))

    async def batch(self, messages: Sequence[Json]) -> Reply:
        """Send several messages in one array."""
        return await self.read(await self.post(list(messages), self.headers()))

    async def get(self, last_event_id: str | None = None, **headers: str | None) -> Exchange:
        """Open the standalone stream, or resume another."""
        accept = {"accept": "text/event-stream", "content-type": None}
        own = {**self.headers(), **accept, "last-event-id": last_event_id}
        return await self.http.open("GET", self.path, headers={**own, **headers})

    async def listen(self, last_event_id: str | None = None) -> Stream:
        """Open the standalone stream, or resume another, and follow it."""
        return await self.stream_of(await self.get(last_event_id))

    async def delete(self) -> Exchange:
        """End the session."""
        return await self.http.open("DELETE", self.path, headers=self.headers())

    async def _received(self, message: Json) -> None:
        if "method" in message and "id" in message:
            result = self.answer(message["method"], message.get("params", {}))
            accepted = await self.respond(message, result)
            assert accepted.status == 202, accepted
