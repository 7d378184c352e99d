"""Requests over plain sockets, so that most of the machine is left to the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION
from tests.load.clients import IMPLEMENTATION, MODERN, PATH, exchange

LIMIT = 30.0  # seconds any single wait may take
META = {PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: {}, CLIENT_INFO: IMPLEMENTATION}
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def modern(
    method: str, params: dict[str, Any], more: dict[str, Any] | None = None
) -> tuple[dict[str, str], Any]:
    """The headers and the message of a request without a session."""
    headers = {"mcp-protocol-version": MODERN, "mcp-method": method}
    if "name" in params:
        headers["mcp-name"] = params["name"]
    body = {"jsonrpc": "2.0", "id": 1, "method": method}
    return headers, {**body, "params": {**params, "_meta": {**META, **(more or {})}}}


async def connect(port: int, **options: Any) -> Streams:
    """A connection to a process."""
    async with asyncio.timeout(LIMIT):
        return await asyncio.open_connection("127.0.0.1", port, **options)


async def call(streams: Streams, tool: str = "repeat", **arguments: Any) -> int:
    """Call a tool; the status of a whole answer."""
    params = {"name": tool, "arguments": arguments or {"text": "hello"}}
    headers, message = modern("tools/call", params)
    status, _headers, _body = await exchange(*streams, headers, message)
    return status


async def ask(streams: Streams) -> tuple[int, bool]:
    """Call a tool; the status, and whether the connection is kept."""
    headers, message = modern("tools/call", {"name": "repeat", "arguments": {"text": "hello"}})
    status, found, _body = await exchange(*streams, headers, message)
    return status, found.get("connection", "").lower() != "close"


async def start(
    streams: Streams, method: str, params: dict[str, Any], more: dict[str, Any] | None = None
) -> str:
    """Send a request and read the head of its answer: the rest is a stream."""
    headers, message = modern(method, params, more)
    body = json.dumps(message).encode()
    lines = [
        f"POST {PATH} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json",
        "accept: application/json, text/event-stream", f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]  # fmt: skip
    streams[1].write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    return await head(streams[0])


async def get(streams: Streams, path: str, accept: str = "*/*") -> str:
    """GET a path; the head of the answer."""
    request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: {accept}\r\n\r\n"
    streams[1].write(request.encode())
    return await head(streams[0])


async def head(reader: asyncio.StreamReader) -> str:
    """The status line and the headers of an answer."""
    async with asyncio.timeout(LIMIT):
        return (await reader.readuntil(b"\r\n\r\n")).decode()


async def said(reader: asyncio.StreamReader, words: bytes, within: float = LIMIT) -> bool:
    """Whether a stream says something before it ends, or before it is too late."""
    text = b""
    with contextlib.suppress(TimeoutError, OSError):
        async with asyncio.timeout(within):
            while words not in text and (piece := await reader.read(65_536)):
                text += piece
    return words in text
