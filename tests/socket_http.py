"""HTTP to a server process over sockets, in the form that the clients of the tests use."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import httpx

from mcp_transport.testing.asgi import Exchange, Headers, raw_headers
from tests.fleet.fleet import Fleet
from tests.process import LIMIT, Process


class SocketExchange(Exchange):
    """One HTTP request over a socket; a connection that breaks is the end of its answer."""

    def __init__(self, client: httpx.AsyncClient, request: httpx.Request) -> None:
        super().__init__(None, {}, ())
        self._client = client
        self._request = request
        self._pieces: AsyncIterator[bytes] | None = None
        self._response: httpx.Response | None = None

    async def start(self) -> SocketExchange:
        async with asyncio.timeout(LIMIT):
            self._response = await self._client.send(self._request, stream=True)
        self.status = self._response.status_code
        self.headers = dict(self._response.headers)
        self._pieces = self._response.aiter_bytes()
        return self

    async def chunk(self) -> bytes | None:
        assert self._pieces is not None
        async with asyncio.timeout(LIMIT):
            with suppress(StopAsyncIteration, httpx.TransportError):
                return await anext(self._pieces)
        return None

    async def disconnect(self) -> None:
        if self._response is not None:
            await self._response.aclose()


class SocketHttp:
    """Requests to one address, in the form that the clients of the tests use."""

    def __init__(
        self, there: Process | Fleet, *, host: str = "", headers: dict[str, str] | None = None
    ) -> None:
        base = f"http://127.0.0.1:{there.port}"
        named = {"host": host} if host else {}
        self._client = httpx.AsyncClient(
            base_url=base,
            headers={**named, **(headers or {})},
            timeout=LIMIT,
            verify=False,  # nothing here is encrypted, and certificates take 50 ms to be read
            trust_env=False,
        )
        self._open: list[SocketExchange] = []

    async def open(
        self, method: str, path: str, *, headers: Headers = (), body: bytes | Sequence[bytes] = b""
    ) -> SocketExchange:
        """Send a request; the exchange is returned when the headers have come."""
        content = body if isinstance(body, bytes) else b"".join(body)
        request = self._client.build_request(
            method, path, headers=raw_headers(headers), content=content
        )
        exchange = SocketExchange(self._client, request)
        self._open.append(exchange)
        return await exchange.start()

    async def close(self) -> None:
        """Leave every exchange that is still open."""
        for exchange in self._open:
            await exchange.disconnect()
        await self._client.aclose()
