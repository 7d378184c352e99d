"""
A WebSocket against an ASGI application, without a socket.

Frames are what the application hands to the server; every wait is bounded.
What is said in frames (``Speaking``) is the same over a real socket.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from mcp_transport.testing.asgi import LIMIT, Headers, raw_headers
from tests.client import CLIENT_CAPABILITIES, MODERN_REVISION, PROTOCOL_VERSION
from tests.schema import check_message

Json = dict[str, Any]


class Speaking(ABC):
    """One connection: refused with a status, or accepted and, some day, closed with a code."""

    def __init__(self) -> None:
        self.status = 0  # of a refusal
        self.denial: Json = {}
        self.headers: dict[str, str] = {}
        self.is_accepted = False
        self.subprotocol: str | None = None
        self.code: int | None = None
        self.revision = "2025-11-25"
        self._frames: asyncio.Queue[str | None] = asyncio.Queue()
        self._ids = count(1)
        self._methods: dict[Any, str] = {}

    @abstractmethod
    async def open(self) -> Speaking:
        """Ask for the connection; returns when it is accepted or refused."""

    @abstractmethod
    def put(self, text: str | None = None, data: bytes | None = None) -> None:
        """Send a frame."""

    @abstractmethod
    async def leave(self) -> None:
        """Go away."""

    def put_message(self, message: Any) -> None:
        """Send a message as a text frame."""
        for one in message if isinstance(message, list) else [message]:
            if "method" in one and "id" in one:
                self._methods.setdefault(one["id"], one["method"])
        self.put(json.dumps(message))

    def request(self, method: str, params: Json | None = None, *, id: Any = None) -> Any:  # noqa: A002
        """Send a request of a session; its id."""
        id = next(self._ids) if id is None else id  # noqa: A001
        self.put_message({"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}})
        return id

    def request_modern(self, method: str, params: Json | None = None, **options: Any) -> Any:
        """Send a request that says everything about itself; its id."""
        meta = {
            PROTOCOL_VERSION: MODERN_REVISION,
            CLIENT_CAPABILITIES: {},
            **options.pop("meta", {}),
        }
        return self.request(method, {**(params or {}), "_meta": meta}, **options)

    def notify(self, method: str, params: Json | None = None) -> None:
        """Send a notification."""
        self.put_message({"jsonrpc": "2.0", "method": method, "params": params or {}})

    async def frame(self) -> str | None:
        """Wait for the next text frame; None when the connection was closed."""
        async with asyncio.timeout(LIMIT):
            return await self._frames.get()

    async def message(self, revision: str | None = None) -> Json:
        """Wait for the next message, which has to fit its schema."""
        text = await self.frame()
        assert text is not None, f"closed with {self.code}"
        message = json.loads(text)
        asked = self._methods.pop(message["id"], None) if "result" in message else None
        if isinstance(message, dict) and message.get("id") is not None:
            check_message(revision or self.revision, message, method=asked)
        return dict(message)

    async def ask(self, method: str, params: Json | None = None, **options: Any) -> Json:
        """Send a request of a session and take the next message as its answer."""
        id = self.request(method, params, **options)  # noqa: A001
        answer = await self.message()
        assert answer.get("id") == id, answer
        return answer

    async def ask_modern(self, method: str, params: Json | None = None, **options: Any) -> Json:
        """Send a request without a session and take the next message as its answer."""
        id = self.request_modern(method, params, **options)  # noqa: A001
        answer = await self.message(MODERN_REVISION)
        assert answer.get("id") == id, answer
        return answer

    async def initialize(self, revision: str = "2025-11-25", **capabilities: Any) -> Json:
        """Shake hands."""
        self.revision = revision
        answer = await self.ask(
            "initialize",
            {
                "protocolVersion": revision,
                "capabilities": capabilities,
                "clientInfo": {"name": "tests", "version": "1"},
            },
        )
        self.notify("notifications/initialized")
        return dict(answer["result"])

    async def closed(self) -> int:
        """Wait for the server to close; the code."""
        async with asyncio.timeout(LIMIT):
            while await self._frames.get() is not None:
                pass
        assert self.code is not None
        return self.code

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that was not read."""
        return self._frames.empty()


class Socket(Speaking):
    """A connection to an application, with what only its server could do."""

    def __init__(self, application: Any, scope: dict[str, Any]) -> None:
        super().__init__()
        self.scope = scope
        self.writable = asyncio.Event()
        self.writable.set()
        self.lets_through = range(1000, 5000)  # the codes that the server can close with
        self.failure: type[Exception] = Exception
        self.holds_close = False  # whether a client that reads nothing cannot be told either
        self._application = application
        self._to_application: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._answered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> Socket:
        """Ask for the connection; returns when it is accepted or refused."""
        self._task = asyncio.create_task(self._run())
        self._to_application.put_nowait({"type": "websocket.connect"})
        async with asyncio.timeout(LIMIT):
            await self._answered.wait()
        return self

    def put(self, text: str | None = None, data: bytes | None = None) -> None:
        """Send a frame."""
        self._to_application.put_nowait({"type": "websocket.receive", "text": text, "bytes": data})

    async def returned(self) -> None:
        """Wait until the application has returned."""
        assert self._task is not None
        async with asyncio.timeout(LIMIT):
            await asyncio.wait([self._task])

    async def leave(self) -> None:
        """Go away; wait until the application has noticed and returned."""
        self.writable.set()
        self._to_application.put_nowait({"type": "websocket.disconnect", "code": 1000})
        if self._task is not None:
            async with asyncio.timeout(LIMIT):
                await asyncio.wait([self._task])

    async def _run(self) -> None:
        await self._application(self.scope, self._to_application.get, self._send)

    async def _send(self, message: dict[str, Any]) -> None:
        handle: Callable[[dict[str, Any]], None] = {
            "websocket.accept": self._accepted,
            "websocket.send": self._sent,
            "websocket.close": self._closed,
            "websocket.http.response.start": self._refused,
            "websocket.http.response.body": self._told_why,
        }[message["type"]]
        waits = ("websocket.send", "websocket.close") if self.holds_close else ("websocket.send",)
        if message["type"] == "websocket.close" and message["code"] not in self.lets_through:
            raise self.failure("invalid close code")
        if message["type"] in waits:
            await self.writable.wait()
        handle(message)

    def _accepted(self, message: dict[str, Any]) -> None:
        self.is_accepted = True
        self.subprotocol = message.get("subprotocol")
        self._answered.set()

    def _sent(self, message: dict[str, Any]) -> None:
        assert message.get("bytes") is None
        self._frames.put_nowait(message["text"])

    def _closed(self, message: dict[str, Any]) -> None:
        self.code = message["code"]
        self.status = 0 if self.is_accepted else 403
        self._frames.put_nowait(None)
        self._answered.set()

    def _refused(self, message: dict[str, Any]) -> None:
        self.status = message["status"]
        self.headers = {name.decode(): value.decode() for name, value in message["headers"]}

    def _told_why(self, message: dict[str, Any]) -> None:
        self.denial = json.loads(message["body"])
        self._answered.set()


class Sockets:
    """Connections to one application; what is still open at the end is left."""

    def __init__(self, application: Any, *, host: str = "testserver") -> None:
        self._application = application
        self._host = host
        self._open: list[Socket] = []

    async def open(
        self,
        path: str = "/mcp/open/ws",
        *,
        headers: Headers = (),
        subprotocols: Sequence[str] = ("mcp",),
        extensions: Mapping[str, Any] | None = None,
    ) -> Socket:
        """Ask for a connection."""
        raw = raw_headers(headers)
        if not any(name == b"host" for name, _ in raw):
            raw.insert(0, (b"host", self._host.encode()))
        path, _, query = path.partition("?")
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": raw,
            "subprotocols": list(subprotocols),
            "client": ("127.0.0.1", 50000),
            "server": (self._host, 80),
            "extensions": {"websocket.http.response": {}} if extensions is None else extensions,
        }
        socket = Socket(self._application, scope)
        self._open.append(socket)
        return await socket.open()

    async def close(self) -> None:
        """Leave every connection."""
        for socket in self._open:
            await socket.leave()
        self._open.clear()
