"""A client of the modern era."""

from __future__ import annotations

import asyncio
import dataclasses
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
NAMED_BY = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
OPEN = ("working", "input_required")
TASK_LIMIT = 30.0  # seconds a task may take, before it is taken to never end
TASK_INTERVAL = 0.02  # seconds between two looks at one; it runs in this very process


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
        """Send a request and answer questions until it is complete, as a task or without."""
        given = dict(params or {})
        earlier: list[Reply] = []
        for _ in range(MAX_ROUNDS):
            reply = await self.ask(method, given, **options)
            reply.earlier = list(earlier)
            response = reply.response
            kind = response.get("result", {}).get("resultType")
            if kind == "task":
                return await self._answered(reply)
            if kind != "input_required":
                return reply
            earlier.append(reply)
            given = {**dict(params or {}), **self.answers_to(response["result"])}
        raise AssertionError(f"{method} asks without end.")

    async def look_at_task(self, task_id: str) -> Json:
        """How a task is."""
        return (await self.ask("tasks/get", {"taskId": task_id})).result

    async def follow_task(self, task_id: str, *, is_answering: bool = True) -> Json:
        """Answer what a task asks until it has ended; how it is then."""
        known: set[str] = set()
        async with asyncio.timeout(TASK_LIMIT):
            while (state := await self.look_at_task(task_id))["status"] in OPEN:
                asked = {k: q for k, q in state.get("inputRequests", {}).items() if k not in known}
                if asked and is_answering:
                    known |= asked.keys()
                    answers = self.answers_to({"inputRequests": asked})
                    _ = (await self.ask("tasks/update", {"taskId": task_id, **answers})).result
                await asyncio.sleep(TASK_INTERVAL)
        return state

    async def _answered(self, reply: Reply) -> Reply:
        """The reply as it would be if the call had been waited for."""
        state = await self.follow_task(reply.result["taskId"])
        outcome: Json = {key: state[key] for key in ("result", "error") if key in state}
        if not outcome:
            outcome = {"error": {"code": -32603, "message": "The task was cancelled."}}
        rest = [message for message in reply.messages if message is not reply.response]
        answer = {"jsonrpc": "2.0", "id": reply.response["id"], **outcome}
        return dataclasses.replace(reply, messages=[*rest, answer])

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
