"""
A remote server on a free port that does as a test tells it.

It has the tools ``echo``, ``wait`` and ``ask``, a resource, a template and a
prompt, and speaks the era that it is set to. What ``act`` answers comes first.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from uvicorn.server import ServerState

from tests.uvicorn_serving import serving

Json = dict[str, Any]
Send = Callable[[Json], Awaitable[None]]
NAME = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@dataclass
class Got:
    """A request as it arrived, and the way back."""

    method: str
    headers: dict[str, str]
    body: bytes
    send: Send
    gone: asyncio.Event  # set when the caller has left
    path: str = "/mcp"

    @property
    def message(self) -> Json:
        """The message, if it is one."""
        return json.loads(self.body) if self.body[:1] == b"{" else {}

    @property
    def rpc(self) -> str:
        """The method of the message."""
        return str(self.message.get("method", ""))

    async def start(self, status: int = 200, **headers: str) -> None:
        """Send the beginning of an answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        pairs = [(name.encode(), value.encode()) for name, value in named.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": pairs})

    async def piece(self, data: bytes, *, is_last: bool = False) -> None:
        """Send a piece of the body."""
        await self.send({"type": "http.response.body", "body": data, "more_body": not is_last})

    async def reply(self, value: Any, /, status: int = 200, **headers: str) -> None:
        """Send a whole answer."""
        await self.start(status, content_type="application/json", **headers)
        await self.piece(value if isinstance(value, bytes) else encode(value), is_last=True)

    async def result(self, result: Json, **headers: str) -> None:
        """Answer the request."""
        said = {"jsonrpc": "2.0", "id": self.message["id"], "result": result}
        await self.reply(said, 200, **headers)

    async def error(self, code: int, message: str, status: int = 200) -> None:
        """Refuse the request."""
        told = {"code": code, "message": message}
        await self.reply({"jsonrpc": "2.0", "id": self.message.get("id"), "error": told}, status)

    async def stream(self, *messages: Json, is_last: bool = False, ids: bool = False) -> None:
        """Answer with a stream, or its beginning."""
        await self.start(content_type="text/event-stream")
        for number, message in enumerate(messages):
            await self.event(message, id_=f"e-{number}" if ids else "")
        if is_last:
            await self.piece(b"", is_last=True)

    async def event(self, message: Json | None, *, id_: str = "") -> None:
        """Send an event."""
        head = f"id: {id_}\n".encode() if id_ else b""
        await self.piece(head + b"data: " + (encode(message) if message else b"") + b"\n\n")


Act = Callable[[Got], Awaitable[bool]]


async def nothing(_got: Got) -> bool:
    """Leave a request to the script."""
    return False


@dataclass
class Scripted:
    """The server: what it got, and how it is."""

    port: int = 0
    era: str = "2026-07-28"
    act: Act = nothing
    got: list[Got] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    begun: int = 0  # sessions
    more: bool = False  # whether it lists one more tool
    listeners: list[Got] = field(default_factory=list)
    answers: asyncio.Queue[Json] = field(default_factory=asyncio.Queue)
    has_stream: bool = True

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/mcp"

    def calls(self, rpc: str = "tools/call") -> list[Got]:
        """The requests of a method that came."""
        return [got for got in self.got if got.rpc == rpc]

    async def tell(self, method: str, **params: Any) -> None:
        """Tell who listens."""
        for listener in self.listeners:
            await listener.event({"jsonrpc": "2.0", "method": method, "params": params})

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        """Note a request, and answer it."""
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        got = Got(scope["method"], headers, body, send, asyncio.Event(), scope["path"])
        self.got.append(got)
        leaving = asyncio.ensure_future(_leave(receive, got))
        try:
            if not await self.act(got):
                await self.serve(got)
        finally:
            leaving.cancel()

    async def serve(self, got: Got) -> None:
        """Do what a server does."""
        is_modern = "io.modelcontextprotocol/protocolVersion" in str(got.message.get("params"))
        if is_modern != (self.era == "2026-07-28"):
            return await got.error(-32600, "Bad Request: Missing session ID", 400)
        if got.rpc == "initialize":
            self.begun += 1
            self.sessions.add(f"s-{self.begun}")
            told = {"protocolVersion": self.era, "capabilities": CAPABILITIES}
            return await got.result(told, mcp_session_id=f"s-{self.begun}")
        if not is_modern and got.headers.get("mcp-session-id") not in self.sessions:
            return await got.error(-32001, "Session not found", 404)
        return await self.serve_within(got)

    async def serve_within(self, got: Got) -> None:
        """Serve a request of a session, or one that needs none."""
        if got.method == "DELETE":
            self.sessions.discard(got.headers["mcp-session-id"])
            return await got.reply(b"", 200)
        if got.method == "GET" or got.rpc == "subscriptions/listen":
            return await self.listen(got)
        if "method" not in got.message:
            self.answers.put_nowait(got.message)
            return await got.reply(b"", 202)
        if "id" not in got.message:
            return await got.reply(b"", 202)
        return await got.result(await self.result_of(got))

    async def listen(self, got: Got) -> None:
        """Tell of changes until the listener leaves."""
        if not self.has_stream:
            return await got.reply(b"", 405)
        told = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged"}
        await got.stream(*([] if got.method == "GET" else [told]))
        if got.method == "GET":
            await got.piece(b": hello\n\n")
        self.listeners.append(got)
        await got.gone.wait()
        self.listeners.remove(got)
        return None

    async def result_of(self, got: Got) -> Json:
        """The result of what every server has."""
        params = got.message.get("params", {})
        tools: list[Json] = [tool("echo", {"text": {"type": "string"}}), tool("wait"), tool("ask")]
        if self.more:
            tools.append(tool("more"))
        match got.rpc:
            case "server/discover":
                return {"supportedVersions": [self.era], "capabilities": CAPABILITIES}
            case "tools/list":
                return {"tools": tools}
            case "resources/list":
                return {"resources": [{"uri": "note://one", "name": "one"}]}
            case "resources/templates/list":
                return {"resourceTemplates": [{"uriTemplate": "note://{name}", "name": "any"}]}
            case "prompts/list":
                return {"prompts": [{"name": "letter"}]}
            case "resources/read":
                return {"contents": [{"uri": params["uri"], "text": "first"}]}
            case "tools/call":
                return text(params["arguments"].get("text", ""))
            case _:
                return {}


CAPABILITIES = {
    "tools": {"listChanged": True},
    "resources": {"subscribe": True, "listChanged": True},
    "prompts": {},
}


def encode(value: Any) -> bytes:
    """A value as JSON."""
    return json.dumps(value).encode()


def tool(name: str, properties: Json | None = None) -> Json:
    """A tool as it is listed."""
    return {"name": name, "inputSchema": {"type": "object", "properties": properties or {}}}


def text(value: str) -> Json:
    """A result of one text."""
    return {"content": [{"type": "text", "text": value}], "resultType": "complete"}


async def _leave(receive: Any, got: Got) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    got.gone.set()


@asynccontextmanager
async def running() -> AsyncIterator[Scripted]:
    """A server that runs until the block ends."""
    server = Scripted()
    async with serving(server, ServerState()) as server.port:
        yield server
