"""A client of the modern era."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport.testing.asgi import Exchange, Http
from mcp_transport.testing.reply import Json, Reply
from mcp_transport.testing.stream import Check, Stream, accept_anything
from mcp_transport.testing.wire import (
    IMPLEMENTATION,
    MODERN_REVISION,
    AnswerCallback,
    WireClient,
    unanswerable,
)

PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
LOG_LEVEL = "io.modelcontextprotocol/logLevel"

MAX_ROUNDS = 20  # of questions, before a request is taken to ask without end
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}


class ModernClient(WireClient):
    """A client of 2026-07-28: no session; every request says what it needs."""

    revision = MODERN_REVISION

    def __init__(
        self,
        http: Http,
        path: str,
        *,
        token: str = "",
        capabilities: Json | None = None,
        answer: AnswerCallback = unanswerable,
        check: Check = accept_anything,
    ) -> None:
        super().__init__(http, path, token=token, answer=answer, check=check)
        self.capabilities = capabilities or {}

    def meta(self, extra: Mapping[str, Any]) -> Json:
        """The ``_meta`` of a request; None leaves a key out."""
        own = {
            PROTOCOL_VERSION: self.revision,
            CLIENT_CAPABILITIES: self.capabilities,
            CLIENT_INFO: IMPLEMENTATION,
        }
        return {key: value for key, value in {**own, **extra}.items() if value is not None}

    def headers(self, method: str, params: Mapping[str, Any]) -> dict[str, str | None]:
        """The headers of a request."""
        name = params.get(NAMED_BY.get(method, ""))
        return {
            **self.base_headers(),
            "mcp-protocol-version": self.revision,
            "mcp-method": method,
            "mcp-name": name if isinstance(name, str) else None,
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
        """Send a request; ``meta`` and ``headers`` override, None leaves out."""
        given = dict(params or {})
        message = {
            "jsonrpc": "2.0",
            "id": next(self._ids) if id is None else id,
            "method": method,
            "params": {**given, "_meta": self.meta(meta or {})},
        }
        return await self.post(message, {**self.headers(method, given), **(headers or {})})

    async def ask(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Send one request and read its answer."""
        return await self.read(await self.open(method, params, **options))

    async def request(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Send a request and answer questions until it is complete."""
        given = dict(params or {})
        earlier: list[Reply] = []
        for _ in range(MAX_ROUNDS):
            reply = await self.ask(method, given, **options)
            reply.earlier = list(earlier)
            response = reply.response
            if response.get("result", {}).get("resultType") != "input_required":
                return reply
            earlier.append(reply)
            given = {**dict(params or {}), **self.answers_to(response["result"])}
        raise AssertionError(f"{method} asks without end.")

    def answers_to(self, result: Json) -> Json:
        """What a retry has to carry."""
        carried: Json = {}
        if "inputRequests" in result:
            carried["inputResponses"] = {
                key: self.answer(question["method"], question.get("params", {}))
                for key, question in result["inputRequests"].items()
            }
        if "requestState" in result:
            carried["requestState"] = result["requestState"]
        return carried

    async def call(self, name: str, arguments: Json | None = None, **options: Any) -> Reply:
        """Call a tool through all its questions."""
        return await self.request(
            "tools/call", {"name": name, "arguments": arguments or {}}, **options
        )

    async def listen(self, notifications: Json, **options: Any) -> Stream:
        """Subscribe; the acknowledgement is the stream's first message."""
        exchange = await self.open(
            "subscriptions/listen", {"notifications": notifications}, **options
        )
        return await self.stream_of(exchange)

    async def _received(self, message: Json) -> None:
        asks = "method" in message and "id" in message
        assert not asks, f"A request on a stream of {self.revision}: {message!r}"
