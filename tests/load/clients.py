"""
Clients that call as fast as they are answered, and remember every answer.

They speak HTTP over plain sockets, so that most of the machine is left to the
server. Half of them have a session, which they keep over every restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION

PATH = "/mcp/open"
LEGACY, MODERN = "2025-11-25", "2026-07-28"
IMPLEMENTATION = {"name": "load", "version": "1"}
ANSWER_LIMIT = 40.0  # seconds
TOOLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("repeat", {"text": "hello"}),  # asynchronous
    ("add", {"a": 1, "b": 2}),  # in a thread
)


class Load:
    """So many clients against one address; the server may come and go."""

    def __init__(self, port: int, clients: int) -> None:
        self.answered: dict[str, str] = {}  # the tool, by the request's id as JSON
        self.statuses: Counter[int] = Counter()
        self.lost_sessions = 0
        self.is_up = asyncio.Event()
        self._port = port
        self._clients = [Client(self, number) for number in range(clients)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Call until the block ends; every client's last answer is waited for."""
        tasks = [asyncio.create_task(client.run()) for client in self._clients]
        try:
            yield
        finally:
            for client in self._clients:
                client.is_done = True
            self.is_up.set()
            await asyncio.gather(*tasks)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the server."""
        return await asyncio.open_connection("127.0.0.1", self._port)


class Client:
    """One connection at a time, one request at a time."""

    def __init__(self, load: Load, number: int) -> None:
        self.is_done = False
        self._load = load
        self._number = number
        self._has_session = number % 2 == 1
        self._session_id = ""
        self._ids = count(1)

    async def run(self) -> None:
        """Call until told otherwise, over as many connections as it takes."""
        while not self.is_done:
            await self._load.is_up.wait()
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await self._load.connect()
                try:
                    await self._call_on(reader, writer)
                finally:
                    writer.close()

    async def _call_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._has_session and not self._session_id:
            await self._initialize(reader, writer)
        while not self.is_done:
            number = next(self._ids)
            request_id = f"{self._number}-{number}"
            tool, arguments = TOOLS[number % len(TOOLS)]
            status, _headers, body = await self._post(reader, writer, request_id, tool, arguments)
            self._load.statuses[status] += 1
            if status == 404 and self._has_session:
                self._load.lost_sessions += 1
            if status == 200:
                assert json.loads(body)["id"] == request_id
                self._load.answered[json.dumps(request_id)] = tool

    async def _initialize(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": IMPLEMENTATION}
        message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
        _status, headers, _body = await exchange(reader, writer, {}, message)
        self._session_id = headers["mcp-session-id"]

    async def _post(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request_id: str,
        tool: str,
        arguments: dict[str, Any],
    ) -> tuple[int, dict[str, str], bytes]:
        params: dict[str, Any] = {"name": tool, "arguments": arguments}
        if self._has_session:
            headers = {"mcp-session-id": self._session_id, "mcp-protocol-version": LEGACY}
        else:
            headers = {
                "mcp-protocol-version": MODERN,
                "mcp-method": "tools/call",
                "mcp-name": tool,
            }
            params["_meta"] = {
                PROTOCOL_VERSION: MODERN,
                CLIENT_CAPABILITIES: {},
                CLIENT_INFO: IMPLEMENTATION,
            }
        message = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
        return await exchange(reader, writer, headers, message)


async def exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    headers: dict[str, str],
    message: dict[str, Any],
) -> tuple[int, dict[str, str], bytes]:
    """Send a request and read the whole of its answer; raises when it is cut off."""
    body = json.dumps(message).encode()
    lines = [
        f"POST {PATH} HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        "accept: application/json, text/event-stream",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    async with asyncio.timeout(ANSWER_LIMIT):
        status_line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        found = dict(line.lower().split(": ", 1) for line in rest if line)
        answer = await _body(reader, found)
    return int(status_line.split()[1]), _with_case(found, rest), answer


def _with_case(found: dict[str, str], lines: list[str]) -> dict[str, str]:
    """The headers by lower-case name, their values as they came."""
    return {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines if line}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):  # chunked: a stream of events
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    data = [line[6:] for line in b"".join(parts).splitlines() if line.startswith(b"data: ")]
    return data[-1] if data else b"{}"
