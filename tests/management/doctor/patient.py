"""
An endpoint that is well, and what can be wrong with it.

``Patient`` is a small ASGI application that answers every step of the doctor
as it should. A fault is another application around it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

TOKEN = "mcp_good"
LOG_IN = (b"www-authenticate", b'Bearer realm="x"')
WRONG = (b"www-authenticate", b'Bearer realm="x", error="invalid_token"')
JSON = (b"content-type", b"application/json")
STREAM = (b"content-type", b"text/event-stream")
ACKNOWLEDGED = {"jsonrpc": "2.0", "method": "notifications/subscriptions/acknowledged"}
RESULTS: dict[str, Any] = {
    "server/discover": {"supportedVersions": ["2026-07-28"]},
    "initialize": {"protocolVersion": "2025-11-25"},
    "ping": {},
}

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


class Answer(Exception):
    """Stops where a status is decided."""

    def __init__(self, status: int, message: str = "", *headers: Header) -> None:
        self.status, self.message, self.headers = status, message, headers


class Patient:
    """Everything the doctor tries, in the simplest form that is right."""

    def __init__(self) -> None:
        self.sessions: set[str] = set()
        self.is_open = False
        self.pages: list[list[str]] = [["echo"], ["add"]]
        self.keep_alive = 0.02

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        try:
            check_gate(headers)
            if scope["method"] == "OPTIONS":
                raise Answer(204, "", *preflight(headers))
            self.check_token(headers)
            if scope["method"] == "DELETE":
                self.sessions.discard(headers.get("mcp-session-id", ""))
                raise Answer(204)
            await self.answer(json.loads((await receive())["body"]), headers, send)
        except Answer as refusal:
            await refuse(send, refusal)

    def check_token(self, headers: dict[str, str]) -> None:
        """Raises Answer for a token that is missing or wrong."""
        given = headers.get("authorization", "")
        if given and given != f"Bearer {TOKEN}":
            raise Answer(401, "The token is not known.", WRONG)
        if not given and not self.is_open:
            raise Answer(401, "A token is needed.", LOG_IN)

    async def answer(self, message: Any, headers: dict[str, str], send: Send) -> None:
        """Answer one message."""
        method, session = message["method"], headers.get("mcp-session-id")
        if session and session not in self.sessions:
            raise Answer(404, "There is no such session.")
        if method == "notifications/initialized":
            raise Answer(202)
        if method == "subscriptions/listen":
            return await self.stream(send)
        if method == "initialize":
            self.sessions.add("s1")
        result = self.tools(message) if method == "tools/list" else RESULTS[method]
        sent = [(b"mcp-session-id", b"s1")] if method == "initialize" else []
        await reply(send, 200, {"jsonrpc": "2.0", "id": 1, "result": result}, *sent)

    def tools(self, message: Any) -> dict[str, Any]:
        """One page of the list."""
        page = int(message["params"].get("cursor", 0))
        result: dict[str, Any] = {"tools": [{"name": name} for name in self.pages[page]]}
        more = {"nextCursor": str(page + 1)} if page + 1 < len(self.pages) else {}
        return {**result, **more}

    async def stream(self, send: Send) -> None:
        """An acknowledgement, and a comment for as long as nothing happens."""
        await send({"type": "http.response.start", "status": 200, "headers": [STREAM]})
        await part(send, f"data: {json.dumps(ACKNOWLEDGED)}\n\n".encode())
        for _ in range(1000):
            await asyncio.sleep(self.keep_alive)
            await part(send, b": \n\n")


def check_gate(headers: dict[str, str]) -> None:
    """Raises Answer for a host or an origin of somebody else."""
    host = headers["host"]
    if not host.startswith("127.0.0.1"):
        raise Answer(403, f"Host {host!r} is not served here.")
    if headers.get("origin", f"http://{host}") not in (f"http://{host}", "https://app.example"):
        raise Answer(403, "Origin may not call.")


def preflight(headers: dict[str, str]) -> list[Header]:
    """What a page may send."""
    allowed = b"Authorization, Content-Type, Mcp-Method, MCP-Protocol-Version"
    origin = headers.get("origin", "").encode()
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-headers", allowed),
    ]


async def reply(send: Send, status: int, body: Any, *headers: Header) -> None:
    """One answer in JSON, or without a body."""
    sent = [*headers, JSON] if body else list(headers)
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": json.dumps(body).encode() if body else b""})


async def refuse(send: Send, answer: Answer) -> None:
    """An error, or a status without one."""
    error = {"code": -32000, "message": answer.message}
    body = {"jsonrpc": "2.0", "id": None, "error": error} if answer.message else None
    await reply(send, answer.status, body, *answer.headers)


async def part(send: Send, data: bytes) -> None:
    """A part of a stream."""
    await send({"type": "http.response.body", "body": data, "more_body": True})


def always(status: int, body: bytes = b"<html>", *headers: Header) -> Application:
    """Something that is no endpoint."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})

    return application


def changed(
    inner: Application,
    *,
    drop: bytes = b"",
    hide: bytes = b"",
    add: Header | None = None,
    when: Callable[[Scope], bool] = lambda scope: True,
    instead: Application | None = None,
) -> Application:
    """
    A proxy that meddles.

    It drops a header of answers or adds one, hides one of requests, or answers
    some requests by itself.
    """

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if instead is not None and when(scope):
            return await instead(scope, receive, send)

        async def sending(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and when(scope):
                kept = [pair for pair in message["headers"] if pair[0] != drop]
                message = {**message, "headers": [*kept, *([add] if add else [])]}
            await send(message)

        shown = [(n, b"127.0.0.1" if hide == n == b"host" else v) for n, v in scope["headers"]]
        passed = [pair for pair in shown if pair[0] != hide or hide == b"host"]
        await inner({**scope, "headers": passed}, receive, sending)

    return application


def buffering(inner: Application) -> Application:
    """A proxy that passes an answer on when it is complete."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        kept: list[dict[str, Any]] = []

        async def keep(message: dict[str, Any]) -> None:
            kept.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                for one in kept:
                    await send(one)

        await inner(scope, receive, keep)

    return application


def cutting(inner: Application, after: int) -> Application:
    """A proxy that ends a stream after some parts."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        parts = 0

        async def counting(message: dict[str, Any]) -> None:
            nonlocal parts
            parts += message["type"] == "http.response.body" and bool(message.get("more_body"))
            if parts > after:
                await send({"type": "http.response.body", "body": b""})
                raise ConnectionAbortedError
            await send(message)

        try:
            await inner(scope, receive, counting)
        except ConnectionAbortedError:
            return

    return application
