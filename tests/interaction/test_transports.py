"""One body over every transport and each revision that it carries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

import pytest

from mcp_transport.testing import Http
from tests.client import (
    CLIENT_CAPABILITIES,
    LEGACY_REVISIONS,
    MODERN_REVISION,
    LegacyClient,
    ModernClient,
    text_of,
)
from tests.interaction.conftest import OPEN
from tests.interaction.requirements import covers
from tests.old_client import OldClient
from tests.sockets import Socket, Sockets

ABLE: dict[str, Any] = {"elicitation": {}, "sampling": {}}
ANSWERS: dict[str, Any] = {
    "elicitation/create": {"action": "accept", "content": {"name": "Ada"}},
    "sampling/createMessage": {
        "role": "assistant",
        "model": "m",
        "content": {"type": "text", "text": "a poem"},
    },
}

COMBINATIONS = [
    *(("http", revision) for revision in (*LEGACY_REVISIONS, MODERN_REVISION)),
    *(("websocket", revision) for revision in (*LEGACY_REVISIONS, MODERN_REVISION)),
    *(("http_sse", revision) for revision in ("2024-11-05", *LEGACY_REVISIONS)),
]


class AnyClient(Protocol):
    """What the bodies below need of a transport."""

    async def ask(self, method: str, params: dict[str, Any]) -> tuple[list[Any], Any]:
        """What was notified before the response, and the response; questions are answered."""


def answer(method: str, _params: Any) -> Any:
    return ANSWERS[method]


class OverHttp:
    """Streamable HTTP."""

    def __init__(self, client: ModernClient | LegacyClient) -> None:
        self.client = client

    async def ask(self, method: str, params: dict[str, Any]) -> tuple[list[Any], Any]:
        meta = params.pop("_meta", {})
        if isinstance(self.client, ModernClient) and method == "tools/call":
            reply = await self.client.request(method, params, meta=meta)
        else:
            reply = await self.client.ask(method, params, meta=meta)
        return reply.notifications, reply.response


class OverConnection:
    """WebSocket, or HTTP with SSE: messages of every kind on one channel."""

    def __init__(self, client: Socket | OldClient, revision: str) -> None:
        self.client = client
        self.revision = revision
        self._count = 0

    async def ask(self, method: str, params: dict[str, Any]) -> tuple[list[Any], Any]:
        self._count += 1
        await self._send(method, params)
        notified: list[Any] = []
        while True:
            message = await self._next()
            if "method" in message and "id" in message:
                await self._answer(message)
            elif "method" in message:
                notified.append(message)
            elif message.get("result", {}).get("resultType") == "input_required":
                await self._send(method, {**params, **self._answers_to(message["result"])})
            else:
                return notified, message

    async def _send(self, method: str, params: dict[str, Any]) -> None:
        if isinstance(self.client, OldClient):
            request = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
            await self.client.post(request)
        elif self.revision == MODERN_REVISION:
            meta = {CLIENT_CAPABILITIES: ABLE, **params.get("_meta", {})}
            self.client.request_modern(method, params, meta=meta, id=self._count)
        else:
            self.client.request(method, params, id=self._count)

    async def _next(self) -> Any:
        if isinstance(self.client, OldClient):
            return await self.client.message()
        return await self.client.message(self.revision)

    async def _answer(self, question: Any) -> None:
        result = ANSWERS[question["method"]]
        message = {"jsonrpc": "2.0", "id": question["id"], "result": result}
        if isinstance(self.client, OldClient):
            await self.client.post(message)
        else:
            self.client.put_message(message)

    def _answers_to(self, result: Any) -> dict[str, Any]:
        asked = result["inputRequests"].items()
        responses = {key: ANSWERS[question["method"]] for key, question in asked}
        return {"requestState": result["requestState"], "inputResponses": responses}


@pytest.fixture(params=COMBINATIONS, ids=lambda pair: f"{pair[0]}-{pair[1]}")
async def client(
    request: pytest.FixtureRequest, http: Http, sockets: Sockets
) -> AsyncIterator[AnyClient]:
    """A client of each transport at each revision in turn."""
    transport, revision = request.param
    if transport == "http_sse":
        old = await OldClient(http).connect()
        await old.initialize(revision, **ABLE)
        yield OverConnection(old, revision)
    elif transport == "websocket":
        socket = await sockets.open()
        if revision != MODERN_REVISION:
            await socket.initialize(revision, **ABLE)
        yield OverConnection(socket, revision)
    elif revision == MODERN_REVISION:
        yield OverHttp(ModernClient(http, OPEN, capabilities=ABLE, answer=answer))
    else:
        connecting = LegacyClient(http, OPEN, revision, capabilities=ABLE, answer=answer)
        yield OverHttp(await connecting.connect())


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


@covers("WS-1", "WS-3", "OLD-3", "ERA-1")
async def test_a_tool_is_called(client: AnyClient) -> None:
    _notified, response = await client.ask("tools/call", call("repeat", text="snowman ☃"))
    assert text_of(response["result"]) == "snowman ☃"


@covers("WS-1", "OLD-3")
async def test_lists_are_the_same_everywhere(client: AnyClient) -> None:
    for method, member in (
        ("tools/list", "tools"),
        ("resources/list", "resources"),
        ("prompts/list", "prompts"),
    ):
        _notified, response = await client.ask(method, {})
        assert response["result"][member]


@covers("WS-3", "OLD-3")
async def test_progress_is_told_before_the_result(client: AnyClient) -> None:
    params = {**call("count"), "_meta": {"progressToken": "t"}}
    notified, response = await client.ask("tools/call", params)
    assert [note["params"]["progress"] for note in notified] == [1, 2, 3]
    assert text_of(response["result"]) == "counted"


@covers("WS-3", "OLD-3", "ERA-17")
async def test_a_tool_asks_the_client_s_model(client: AnyClient) -> None:
    _notified, response = await client.ask("tools/call", call("compose", words="Write."))
    assert text_of(response["result"]) == "a poem"


@covers("WS-10", "OLD-3")
async def test_errors_have_the_same_codes_everywhere(client: AnyClient) -> None:
    _notified, response = await client.ask("tools/call", call("no_such_tool"))
    assert response["error"]["code"] == -32602
    _notified, response = await client.ask("no/such", {})
    assert response["error"]["code"] == -32601
    _notified, response = await client.ask("tools/call", call("fails"))
    assert response["result"]["isError"] is True
