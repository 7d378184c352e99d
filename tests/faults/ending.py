"""A process that is told to stop while everything that there is runs on it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import ConnectionClosed

from tests.faults.finding import Finding, a_site
from tests.faults.wire import LIMIT, Streams, call, connect, get, said, start
from tests.process import Process

DRAIN = 30.0  # seconds: the default of MCP_DRAIN_TIMEOUT
LISTEN = {"notifications": {"toolsListChanged": True}}
CODES = {"uvicorn": 1012, "daphne": 4012}


class Held:
    """What is open when the signal comes."""

    caller: Streams
    call: asyncio.Task[int]
    listener: Streams
    stream: Streams
    socket: ClientConnection

    def __init__(self, port: int, go: Path) -> None:
        self._port = port
        self._go = go

    async def open(self) -> None:
        """A call that runs, a listener, HTTP with SSE and a WebSocket."""
        self.caller = await connect(self._port)
        working = call(self.caller, "work", reports=0, until=str(self._go))
        self.call = asyncio.create_task(working)
        self.listener = await connect(self._port)
        await start(self.listener, "subscriptions/listen", LISTEN)
        assert await said(self.listener[0], b"acknowledged")
        self.stream = await connect(self._port)
        await get(self.stream, "/mcp/open/sse", "text/event-stream")
        assert await said(self.stream[0], b"event: endpoint")
        url = f"ws://127.0.0.1:{self._port}/mcp/open/ws"
        self.socket = await open_socket(url, subprotocols=["mcp"])  # type: ignore[list-item]  # a NewType of str

    async def results(self) -> dict[str, bool]:
        """How each of them ends."""
        listener, stream, finished = await asyncio.gather(
            said(self.listener[0], b'"resultType":"complete"'),
            said(self.stream[0], b"retry: "),
            self.call,
        )
        for _reader, writer in (self.caller, self.listener, self.stream):
            writer.close()
        return {
            "the call was answered": finished == 200,
            "the listener had its result": listener,
            "HTTP with SSE was told when to come back": stream,
        }

    async def code(self) -> int | None:
        """The code that the WebSocket is closed with."""
        try:
            async with asyncio.timeout(LIMIT):
                await self.socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None
        return None


async def run(path: Path) -> list[Finding]:
    """Each server, once."""
    return [await stop(path / server, server) for server in CODES]


async def stop(path: Path, server: str) -> Finding:
    """Tell it to stop; a second later the work is done."""
    process, go = Process(a_site(path), server), path / "go"
    try:
        await process.start()
        held = Held(process.port, go)
        await held.open()
        process.terminate()
        told_at = time.monotonic()
        results = {"/readyz said 503": await is_draining(process.port)}
        asyncio.get_running_loop().call_later(1.5, go.touch)
        code = asyncio.create_task(held.code())
        results |= await held.results()
        results[f"the WebSocket closed with {CODES[server]}"] = await code == CODES[server]
        await process.ended(within=DRAIN + 5)
        took = time.monotonic() - told_at
    finally:
        process.close()
    missing = [name for name, held_true in results.items() if not held_true]
    return Finding(
        fault=f"SIGTERM, {server}",
        count="1 call, 1 listener, 1 HTTP with SSE, 1 WebSocket",
        expected="; ".join(results) + f"; gone within {DRAIN:.0f} s",
        seen=(f"not: {', '.join(missing)}; " if missing else "all of it; ")
        + f"gone after {took:.1f} s",
        is_good=not missing and took <= DRAIN,
    )


async def is_draining(port: int) -> bool:
    """Whether a process says by a new connection that it wants no more requests."""
    said_so = asyncio.Event()

    async def ask() -> None:
        streams = await connect(port)
        if " 503 " in await get(streams, "/readyz"):
            said_so.set()
        streams[1].close()

    for _ in range(20):
        await ask()
        if said_so.is_set():
            return True
        await asyncio.sleep(0.02)
    return False
