"""Clients that connect and leave at once, again and again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from websockets.asyncio.client import connect as open_socket

from tests.faults.finding import Finding, a_site
from tests.faults.wire import call, connect, get, said, start
from tests.process import Process

WARMING = 100  # cycles of each kind, at least, after which a process has what it keeps for ever
GROWTH = 8 * 2**20  # bytes
SIDE_BY_SIDE = 10
SETTLED = 10.0  # seconds
SOON = 0.05  # seconds until a call that runs is answered with a stream, which can be left


async def leave_a_call(port: int) -> None:
    """Leave while a call runs."""
    streams = await connect(port)
    await start(streams, "tools/call", {"name": "hold", "arguments": NOWHERE})
    streams[1].close()


async def leave_a_stream(port: int) -> None:
    """Leave a stream of HTTP with SSE."""
    streams = await connect(port)
    await get(streams, "/mcp/open/sse", "text/event-stream")
    assert await said(streams[0], b"event: endpoint")
    streams[1].close()


async def leave_a_socket(port: int) -> None:
    """Leave a WebSocket in the middle of a call, without a closing handshake."""
    socket = await open_socket(f"ws://127.0.0.1:{port}/mcp/open/ws", subprotocols=["mcp"])  # type: ignore[list-item]  # a NewType of str
    await socket.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {}}))
    socket.transport.abort()


NOWHERE = {"started": "/dev/null", "cancelled": "/dev/null"}
KINDS: dict[str, Callable[[int], Awaitable[None]]] = {
    "HTTP": leave_a_call,
    "HTTP with SSE": leave_a_stream,
    "WebSocket": leave_a_socket,
}


async def run(path: Path, cycles: int, kinds: Sequence[str] = ()) -> list[Finding]:
    """So many cycles of each kind, or of some."""
    wanted = kinds or tuple(KINDS)
    process = Process(a_site(path, MCP_MAX_STREAMS=1000, MCP_STREAM_AFTER=SOON))
    try:
        await process.start()
        for name in wanted:
            await repeat(KINDS[name], process.port, max(WARMING, cycles // 2))
        return [await look(name, process, cycles) for name in wanted]
    finally:
        process.close()


async def look(name: str, process: Process, cycles: int) -> Finding:
    """The cycles of one kind, and what they left behind."""
    before = await settled(process, open_files(process.pid))
    memory = resident(process.pid)
    await repeat(KINDS[name], process.port, cycles)
    streams = await connect(process.port)
    assert await call(streams) == 200
    streams[1].close()
    after = await settled(process, before)
    growth = resident(process.pid) - memory
    return Finding(
        fault=f"{name}: connect and leave",
        count=f"{cycles:,} cycles, after {max(WARMING, cycles // 2):,}",
        expected="no file descriptor more, memory within 8 MiB",
        seen=f"{after - before:+d} descriptors, {growth / 2**20:+.1f} MiB",
        is_good=after <= before and growth <= GROWTH,
    )


async def repeat(kind: Callable[[int], Awaitable[None]], port: int, cycles: int) -> None:
    """A few clients side by side, until so many have come and gone."""

    async def client() -> None:
        for _ in range(cycles // SIDE_BY_SIDE):
            await kind(port)

    await asyncio.gather(*(client() for _ in range(SIDE_BY_SIDE)))


async def settled(process: Process, expected: int) -> int:
    """How many files it has open once it has noticed who left."""
    for _ in range(int(SETTLED / 0.1)):
        await asyncio.sleep(0.1)
        if open_files(process.pid) <= expected:
            break
    return open_files(process.pid)


def open_files(pid: int) -> int:
    """How many descriptors a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident(pid: int) -> int:
    """The memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * 4096
