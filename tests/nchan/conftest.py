"""An nginx with Nchan, and clients whose streams it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.fleet.nchan import Nchan
from tests.process import LIMIT


class Client:
    """Somebody whose stream Nchan holds, without an nginx in front."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self, size: int) -> bytes:
        """The next bytes of the stream."""
        async with asyncio.timeout(LIMIT):
            return await self._reader.readexactly(size)

    async def rest(self) -> bytes:
        """What comes until the stream ends."""
        async with asyncio.timeout(LIMIT):
            return await self._reader.read()

    async def leave(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()


Listen = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def nchan() -> AsyncIterator[Nchan]:
    """An nginx with Nchan, of the test's own."""
    nchan = Nchan()
    try:
        yield await nchan.start()
    finally:
        nchan.close()


@pytest.fixture
async def listen(nchan: Nchan) -> AsyncIterator[Listen]:
    """Listen to a channel."""
    clients: list[Client] = []

    async def begin(channel: str) -> Client:
        reader, writer = await asyncio.open_unix_connection(nchan.streams)
        client = Client(reader, writer)
        clients.append(client)
        writer.write(f"GET /s/{channel} HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(LIMIT):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        return client

    yield begin
    for client in clients:
        await client.leave()
