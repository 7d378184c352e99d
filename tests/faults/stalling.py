"""A client that asks for much and reads nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

from websockets.asyncio.client import connect as open_socket

from tests.faults.finding import Finding, a_site
from tests.faults.leaving import open_files, resident
from tests.faults.wire import META, call, connect, start
from tests.process import Process

MOST = 10 * 2**20  # bytes that a client may cost
PIECES, SIZE = 3200, 64 * 1024  # 200 MiB
LATE = 10.0  # seconds after the stall at which it has to be over
SLOWEST = 2.0  # seconds that nobody else may wait
FLOOD = {"name": "flood", "arguments": {"pieces": PIECES, "size": SIZE}}
LOUD = {"io.modelcontextprotocol/logLevel": "debug"}


async def run(path: Path, stall: int) -> list[Finding]:
    """One client of each kind, cut off after so many seconds."""
    process = Process(a_site(path, MCP_STALL_TIMEOUT=stall))
    try:
        await process.start()
        return [await look(name, process, stall) for name in KINDS]
    finally:
        process.close()


async def look(name: str, process: Process, stall: int) -> Finding:
    """What a client costs, when it is cut off, and how others fare meanwhile."""
    others = await connect(process.port)
    for _ in range(50):
        await call(others)
    await asyncio.sleep(1)
    memory, files = resident(process.pid), open_files(process.pid)
    begun = time.monotonic()
    slowest, most, cut_after = 0.0, memory, 0.0
    async with KINDS[name](process.port):
        while not cut_after and time.monotonic() - begun < stall + LATE:
            asked_at = time.monotonic()
            assert await call(others) == 200
            slowest = max(slowest, time.monotonic() - asked_at)
            most = max(most, resident(process.pid))
            is_over = open_files(process.pid) <= files and time.monotonic() - begun > 1
            cut_after = time.monotonic() - begun if is_over else 0.0
            await asyncio.sleep(0.05)
    others[1].close()
    cost = most - memory
    return Finding(
        fault=f"{name}: a client that reads nothing of 200 MiB",
        count="1",
        expected=f"costs 10 MiB at most, is cut after {stall} s; others are served",
        seen=f"cost {cost / 2**20:.1f} MiB, cut after {cut_after:.1f} s; slowest other call "
        f"{slowest * 1000:.0f} ms",
        is_good=cost <= MOST and stall <= cut_after + 1 and bool(cut_after) and slowest < SLOWEST,
    )


@contextlib.asynccontextmanager
async def over_http(port: int) -> AsyncIterator[None]:
    """A call whose stream is not read."""
    streams = await connect(port, limit=1024)
    await start(streams, "tools/call", FLOOD, LOUD)
    yield
    streams[1].close()


@contextlib.asynccontextmanager
async def over_websocket(port: int) -> AsyncIterator[None]:
    """The same over a WebSocket, below which nobody reads."""
    url = f"ws://127.0.0.1:{port}/mcp/open/ws"
    socket = await open_socket(url, subprotocols=["mcp"], max_queue=1, close_timeout=1)  # type: ignore[list-item]  # a NewType of str
    params = {**FLOOD, "_meta": {**META, **LOUD}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    socket.transport.pause_reading()
    await socket.send(json.dumps(message))
    yield
    socket.transport.abort()


KINDS = {"Streamable HTTP": over_http, "WebSocket": over_websocket}
