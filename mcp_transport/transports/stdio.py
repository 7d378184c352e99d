"""
Standard input and output: the client has started this process.

One message a line, in both directions (2026-07-28, basic/transports/stdio).
The pipes are one connection that both sides write to, and whoever started the
process is whom it serves.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
from collections.abc import AsyncIterator
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any

from mcp_transport.auth.opening import Who, still
from mcp_transport.auth.permissions import may_use_server
from mcp_transport.conf import settings
from mcp_transport.engine.connection import Connection
from mcp_transport.engine.directory import served
from mcp_transport.engine.incoming import Incoming
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, InvalidRequest, ProtocolError
from mcp_transport.protocol.framing import LINE_LIMIT, Lines
from mcp_transport.threads import ThreadPool
from mcp_transport.transports.worker import Worker

logger = logging.getLogger("mcp_transport.stdio")

TRANSPORT = "stdio"
CHUNK = 64 * 1024  # bytes read at once
MAX_WAITING = 10_000  # messages; the connection holds fewer


class Pipes:
    """
    A pipe to read from and one to write to.

    Threads wait for both: what a process is given as its standard input may be
    a file or a terminal, which an event loop cannot wait for everywhere.
    """

    def __init__(self, source: int, sink: int) -> None:
        self._source = source
        self._sink = sink
        self._writer = ThreadPool(1, MAX_WAITING, "mcp-stdout")

    async def chunks(self) -> AsyncIterator[bytes]:
        """What arrives, until the other side closes."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(1)  # more waits in the pipe
        loop = asyncio.get_running_loop()
        reading = threading.Thread(
            target=self._read, args=(queue, loop), name="mcp-stdin", daemon=True
        )
        reading.start()
        while data := await queue.get():
            yield data

    async def lines(self) -> AsyncIterator[bytes | None]:
        """Each line as it comes; None for one that is too long."""
        lines = Lines()
        async for data in self.chunks():
            for line in lines.feed(data):
                yield line
        for line in lines.finish():
            yield line

    async def write(self, message: bytes) -> None:
        """Send one message; raises OSError when nobody reads any more."""
        await self._writer.run(self._write, message + b"\n")

    def _read(self, queue: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop) -> None:
        data = b" "
        while data:
            data = self._next()
            handing_over = queue.put(data)
            try:
                # Without a limit: a client that is not read from waits at its end of the pipe.
                asyncio.run_coroutine_threadsafe(handing_over, loop).result()
            except (RuntimeError, CancelledError):  # the loop has ended
                handing_over.close()
                return

    def _next(self) -> bytes:
        try:
            return os.read(self._source, CHUNK)
        except OSError:
            return b""

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._sink, rest) :]


def claim() -> Pipes:
    """
    Take standard input and output of this process for messages, for good.

    Nothing but messages may be written there (2026-07-28,
    basic/transports/stdio): what anybody prints goes to standard error from
    here on, and nobody else reads what the client says, neither a tool nor a
    program that it starts.
    """
    pipes = Pipes(os.dup(0), os.dup(1))
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return pipes


class StdioServer:
    """Serves one server over pipes, until they close or it is told to stop."""

    def __init__(self, run: Worker, slug: str, who: Who, pipes: Pipes) -> None:
        self._run = run
        self._slug = slug
        self._who = who
        self._who_now = still(who)
        self._pipes = pipes
        self._is_told_to_stop = asyncio.Event()

    def stop(self) -> None:
        """Read nothing more, and end when what runs has ended."""
        self._is_told_to_stop.set()

    async def serve(self) -> None:
        """
        Serve; what runs when the client has closed its end is still answered.

        The end of standard input is the client's way to say that it has
        finished (2026-07-28, basic/transports/stdio, Shutdown).
        """
        connection = self._connect(await self._admit(None, None))
        reading = asyncio.ensure_future(self._read(connection))
        stopping = asyncio.ensure_future(self._is_told_to_stop.wait())
        try:
            ends = (reading, stopping, connection.ending)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if not connection.ending.done():
                await self._run.engine.drain(settings.MCP_DRAIN_TIMEOUT)
        finally:
            reading.cancel()
            stopping.cancel()
            await self._run.engine.disconnect(connection)

    def _connect(self, incoming: Incoming) -> Connection:
        engine = self._run.engine
        # Whoever started the process decides how long it lives: silence ends
        # nothing, and a client that stands still in a debugger is no attack.
        limits = replace(engine.services.limits, stalled_after=math.inf, idle_after=math.inf)
        return engine.connect(incoming, self._admit, self._pipes.write, limits=limits)

    async def _read(self, connection: Connection) -> None:
        async for line in self._pipes.lines():
            if line is None:
                text = f"The line is longer than {LINE_LIMIT} bytes; it was not read."
                await connection.refuse(InvalidRequest(text))
            elif line.strip():
                await self._take(line, connection)

    async def _take(self, line: bytes, connection: Connection) -> None:
        try:
            await connection.receive(jsonrpc.decode(line))
        except ProtocolError as error:
            await connection.refuse(error)
        except Exception:
            logger.exception("A message on standard input failed")
            await connection.refuse(InternalError())

    async def _admit(self, body: Any, session_id: str | None) -> Incoming:
        slug = self._slug
        offer = served(await self._run.directory.find(slug), slug, TRANSPORT)
        principal = await self._who()
        may_use_server(principal, offer.server)
        return Incoming(
            offer=offer,
            principal=principal,
            transport=TRANSPORT,
            body=body,
            headers={},
            has_routing_headers=False,
            session_id=session_id,
            is_bound=True,
            revisions=offer.server.revisions,
            who_now=self._who_now,
        )
