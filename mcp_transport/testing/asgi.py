"""
HTTP against an ASGI application, without a socket.

A request is a real ``receive``/``send`` pair: the answer's status, headers and
body arrive as the application sends them, and the client may go away in the
middle. Every wait is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

LIMIT = 30.0  # seconds any single wait may take, unless a client is told otherwise

T = TypeVar("T")

Headers = Mapping[str, str | None] | Sequence[tuple[str, str | bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One block of an event stream; a comment travels as an event without data."""

    id: str | None = None
    event: str | None = None
    data: str | None = None  # None: the block has no data line
    retry: int | None = None
    comments: tuple[str, ...] = ()


def parse_event(block: str) -> Event:
    """Read one block; the blank line that ends it is not part of it."""
    fields: dict[str, Any] = {}
    data: list[str] = []
    comments: list[str] = []
    for line in block.splitlines():
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not name:
            comments.append(value)
        elif name == "data":
            data.append(value)
        elif name == "retry":
            fields[name] = int(value)
        else:
            fields[name] = value
    return Event(data="\n".join(data) if data else None, comments=tuple(comments), **fields)


def raw_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Names in lower case, as a server hands them on; None leaves a header out."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [
        (name.lower().encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
        for name, value in pairs
        if value is not None
    ]


async def within(limit: float, waiting: Callable[[], Awaitable[T]]) -> T:
    """
    Wait for something that may be cancelled and begun again.

    The limit is one of real time: a test that moves the clock on does not
    mean its own patience. Raises TimeoutError.
    """
    until = time.perf_counter() + limit
    while True:
        try:
            async with asyncio.timeout(until - time.perf_counter()):
                return await waiting()
        except TimeoutError:
            if time.perf_counter() >= until:
                raise


class Exchange:
    """One HTTP request and what the application answers to it."""

    def __init__(
        self,
        application: Any,
        scope: dict[str, Any],
        body: Sequence[bytes],
        *,
        limit: float = LIMIT,
    ) -> None:
        self.limit = limit
        self.status = 0
        self.headers: dict[str, str] = {}
        self._application = application
        self._scope = scope
        self._body = list(body)
        self._sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._text = ""
        self._ended = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> Exchange:
        """Send the request and wait for the status and the headers."""
        self._task = asyncio.create_task(self._run())
        message = await self._next()
        assert message is not None, "The application ended without an answer."
        assert message["type"] == "http.response.start"
        self.status = message["status"]
        for name, value in message.get("headers", ()):
            self.headers[name.decode().lower()] = value.decode("latin-1")
        return self

    async def chunk(self) -> bytes | None:
        """Wait for the next piece of the body; None at its end."""
        while not self._ended:
            message = await self._next()
            if message is None:
                assert self._gone.is_set(), "The application ended in the middle of its answer."
                self._ended = True
                break
            self._ended = not message.get("more_body", False)
            if message.get("body"):
                return bytes(message["body"])
        return None

    async def read(self) -> bytes:
        """Read the rest of the body."""
        pieces = []
        while (piece := await self.chunk()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    async def event(self) -> Event | None:
        """Wait for the next event or comment; None when the stream has ended."""
        while "\n\n" not in self._text:
            piece = await self.chunk()
            if piece is None:
                assert not self._text.strip(), f"An event was cut off: {self._text!r}"
                return None
            self._text += piece.decode().replace("\r\n", "\n")
        block, _, self._text = self._text.partition("\n\n")
        return parse_event(block)

    async def events(self) -> AsyncIterator[Event]:
        """Every event until the stream ends."""
        while (event := await self.event()) is not None:
            yield event

    async def disconnect(self) -> None:
        """Go away; wait until the application has noticed and returned."""
        self.leave()
        await self._finished()

    def leave(self) -> None:
        """Go away without waiting for anything."""
        self._gone.set()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come that was not read."""
        return self._sent.empty() and not self._text

    @property
    def is_over(self) -> bool:
        """Whether the application has returned."""
        return self._task is not None and self._task.done()

    async def _run(self) -> None:
        try:
            await self._application(self._scope, self._receive, self._send)
        finally:
            self._sent.put_nowait(None)

    async def _next(self) -> dict[str, Any] | None:
        message = await within(self.limit, self._sent.get)
        if message is None and self._task is not None:
            self._sent.put_nowait(None)
            await self._finished()
            self._task.result()  # raises what the application raised
        return message

    async def _finished(self) -> None:
        if self._task is not None:
            await within(self.limit, partial(asyncio.wait, [self._task]))

    async def _receive(self) -> dict[str, Any]:
        if self._body:
            piece = self._body.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(self._body)}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if not self._gone.is_set():
            self._sent.put_nowait(message)


class Http:
    """Requests to one application; what is still open at the end is closed."""

    def __init__(self, application: Any, *, host: str = "testserver", limit: float = LIMIT) -> None:
        self.limit = limit
        self._application = application
        self._host = host
        self._open: list[Exchange] = []

    async def open(
        self,
        method: str,
        path: str,
        *,
        headers: Headers = (),
        body: bytes | Sequence[bytes] = b"",
    ) -> Exchange:
        """Send a request; the exchange is returned when the headers have come."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        scope = self._scope(method, path, headers)
        exchange = Exchange(self._application, scope, pieces, limit=self.limit)
        self._open.append(exchange)
        return await exchange.start()

    def leave_newest(self) -> None:
        """Go away from the request that was sent last, answered or not."""
        self._open[-1].leave()

    async def close(self) -> None:
        """Leave every exchange that is still open."""
        for exchange in self._open:
            await exchange.disconnect()
        self._open.clear()

    def _scope(self, method: str, path: str, headers: Headers) -> dict[str, Any]:
        raw = raw_headers(headers)
        if not any(name == b"host" for name, _ in raw):
            raw.insert(0, (b"host", self._host.encode()))
        path, _, query = path.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": raw,
            "client": ("127.0.0.1", 50000),
            "server": (self._host, 80),
        }
