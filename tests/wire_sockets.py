"""WebSockets to a server process over the wire, in the form that the tests use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from mcp_transport.testing.asgi import Headers, raw_headers
from tests.fleet.fleet import Fleet
from tests.process import LIMIT, Process
from tests.sockets import Speaking


class WireSocket(Speaking):
    """A connection to a port of this machine, under the name that its headers give it."""

    def __init__(self, port: int, path: str, headers: Headers, protocols: Sequence[str]) -> None:
        super().__init__()
        named = {name.decode(): value.decode() for name, value in raw_headers(headers)}
        self._connecting = connect(
            f"ws://{named.pop('host')}{path}",
            host="127.0.0.1",
            port=port,
            additional_headers=named,
            subprotocols=[Subprotocol(name) for name in protocols] or None,
            proxy=None,
            compression=None,
            open_timeout=LIMIT,
            close_timeout=LIMIT,
        )
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._connection: ClientConnection | None = None

    async def open(self) -> WireSocket:
        """Ask for the connection; returns when it is accepted or refused."""
        try:
            self._connection = await self._connecting
        except InvalidStatus as refusal:
            self._refused(refusal)
        else:
            self.is_accepted = True
            self.subprotocol = self._connection.subprotocol
            work = (self._send(self._connection), self._receive(self._connection))
            self._tasks = [asyncio.create_task(job) for job in work]
        return self

    def put(self, text: str | None = None, data: bytes | None = None) -> None:
        """Send a frame."""
        frame = text if text is not None else data
        assert frame is not None
        self._outgoing.put_nowait(frame)

    async def leave(self) -> None:
        """Go away; what was put before is sent."""
        if self._connection is not None:
            await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):  # the reader tells with which code
            while True:
                await connection.send(await self._outgoing.get())

    async def _receive(self, connection: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            async for frame in connection:
                assert isinstance(frame, str)
                self._frames.put_nowait(frame)
        self.code = connection.close_code
        self._frames.put_nowait(None)

    def _refused(self, refusal: InvalidStatus) -> None:
        response = refusal.response
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.raw_items()}
        self.denial = json.loads(response.body or b"{}")


class WireSockets:
    """Connections to one address; what is still open at the end is left."""

    def __init__(self, there: Process | Fleet, *, host: str) -> None:
        self._port = there.port
        self._host = host
        self._open: list[WireSocket] = []

    async def open(
        self,
        path: str = "/mcp/open/ws",
        *,
        headers: Mapping[str, str | None] | None = None,
        subprotocols: Sequence[str] = ("mcp",),
    ) -> WireSocket:
        """Ask for a connection."""
        named = {"host": self._host, **(headers or {})}
        socket = WireSocket(self._port, path, named, subprotocols)
        self._open.append(socket)
        return await socket.open()

    async def close(self) -> None:
        """Leave every connection."""
        for socket in self._open:
            await socket.leave()
        self._open.clear()
