"""Tests of mcp_transport.serving.uvicorn_protocols, over sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn.server import ServerState

from mcp_transport.serving import uvicorn_protocols
from tests.uvicorn_serving import serving

LIMIT = 30.0  # seconds any single wait may take
SHORT = 0.2  # seconds
KEPT = 1.0  # seconds
HURRIED = 0.5  # seconds, for those who ask in between
GET = b"GET /%s HTTP/1.1\r\nhost: a\r\n\r\n"


class Site:
    """An application, and how its requests ended."""

    def __init__(self) -> None:
        self.has_left = asyncio.Event()
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            await self._wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            await self._wait()
        if scope["path"] == "/flood":
            while (await self._event(receive))["type"] != "http.disconnect":
                await send(
                    {"type": "http.response.body", "body": b"x" * 100_000, "more_body": True}
                )
            self.has_left.set()
        await send({"type": "http.response.body", "body": b"ok"})

    async def _wait(self) -> None:
        self.is_asked.set()
        await self.may_answer.wait()

    async def _event(self, receive: Any) -> Any:
        try:
            async with asyncio.timeout(0.001):
                return await receive()
        except TimeoutError:
            return {"type": "nothing"}


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.fixture
async def state() -> ServerState:
    return ServerState()


@pytest.fixture
async def port(
    site: Site, state: ServerState, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> AsyncIterator[int]:
    monkeypatch.setattr(uvicorn_protocols, "HEADER_TIMEOUT", LIMIT)
    monkeypatch.setattr(uvicorn_protocols, "LINGER", SHORT)
    monkeypatch.setattr(uvicorn_protocols, "SPARED", SHORT)
    settings.MCP_STALL_TIMEOUT = SHORT
    async with serving(site, state) as port:
        yield port


@pytest.fixture
def hurried(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers have to come soon."""
    monkeypatch.setattr(uvicorn_protocols, "HEADER_TIMEOUT", HURRIED)


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the connection ends."""
    async with asyncio.timeout(LIMIT):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def whole_answer(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(LIMIT):
        return await reader.readuntil(b"0\r\n\r\n")


def test_a_worker_process_loads_them_before_django_is_ready() -> None:
    program = "import mcp_transport.serving.uvicorn_protocols"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=LIMIT * 6)


@pytest.mark.parametrize("beginning", [b"", b"\r\n", b"GET / HT", GET[:-2] % b""])
async def test_headers_that_do_not_come_are_not_waited_for(
    port: int, hurried: None, beginning: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(beginning)
    assert await ended(reader) == b""
    writer.close()


async def test_a_second_requests_headers_have_their_time_too(port: int, hurried: None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(GET % b"")
        assert (await whole_answer(reader)).startswith(b"HTTP/1.1 200")
    writer.write(b"GET / HTTP/1.1\r\nho")
    assert await ended(reader) == b""
    writer.close()


async def test_an_idle_connection_is_kept(port: int, hurried: None) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % b"")
    await whole_answer(reader)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(HURRIED * 2):
            await reader.read(1)
    writer.write(GET % b"")
    assert await whole_answer(reader)
    writer.close()


async def test_a_connection_ends_when_nothing_has_come_for_a_while_since_its_last_answer(
    port: int, state: ServerState
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % b"")
    await whole_answer(reader)
    connection: Any = next(iter(state.connections))
    connection.timeout_keep_alive = KEPT  # the timer of before is a longer one
    connection.timeout_keep_alive_handler()
    loop = asyncio.get_running_loop()
    begun = asked = loop.time()
    while asked < begun + KEPT * 1.2:
        asked = loop.time()
        writer.write(GET % b"")
        await whole_answer(reader)
    assert await ended(reader) == b""
    assert loop.time() - asked > KEPT * 0.9
    writer.close()


async def test_headers_without_end_are_refused(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n")
    for number in range(200):
        writer.write(b"x-%d: %s\r\n" % (number, b"y" * 1000))
    assert (await ended(reader)).startswith(b"HTTP/1.1 431 ")
    writer.close()


async def test_what_is_no_http_is_refused_when_it_has_come(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocols, "LINGER", LIMIT)  # for what is written after the refusal
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in (b"post / HT", b"TP/1.1\r\n", b"host: a\r\n", b"\r\n"):
        writer.write(part)
        await asyncio.sleep(0.01)
    async with asyncio.timeout(LIMIT):
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_a_client_that_reads_nothing_is_cut_off(port: int, site: Site) -> None:
    _reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    writer.write(GET % b"flood")
    async with asyncio.timeout(LIMIT):
        await site.has_left.wait()
    writer.close()


async def opened(port: int, state: ServerState) -> tuple[asyncio.StreamReader, Any]:
    """A connection that the server has taken."""
    before = len(state.connections)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(LIMIT):
        while len(state.connections) == before:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    return reader, writer


def shut_down(state: ServerState) -> None:
    """What uvicorn does at its end."""
    for connection in list(state.connections):
        connection.shutdown()


async def test_who_has_just_connected_is_answered_at_the_end(port: int, state: ServerState) -> None:
    reader, writer = await opened(port, state)
    shut_down(state)
    writer.write(GET % b"")
    answer = await ended(reader)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"connection: close\r\n" in answer
    writer.close()


async def test_a_request_that_has_begun_is_answered_at_the_end(
    port: int, state: ServerState
) -> None:
    reader, writer = await opened(port, state)
    for beginning in (b"", GET % b""):  # the first of its connection, then the second
        writer.write(beginning)
        if beginning:
            await whole_answer(reader)
    writer.write(b"GET / HT")
    connection: Any = next(iter(state.connections))
    async with asyncio.timeout(LIMIT):
        while not connection._is_in_headers:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    shut_down(state)
    writer.write((GET % b"")[8:])
    assert (await ended(reader)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_who_has_connected_and_says_nothing_is_not_waited_for(
    port: int, state: ServerState
) -> None:
    reader, writer = await opened(port, state)
    shut_down(state)
    assert await ended(reader) == b""
    writer.close()


async def test_an_answer_that_has_not_begun_says_that_it_is_the_last(
    port: int, state: ServerState, site: Site
) -> None:
    reader, writer = await opened(port, state)
    writer.write(GET % b"wait")
    async with asyncio.timeout(LIMIT):
        await site.is_asked.wait()
    shut_down(state)
    site.may_answer.set()
    assert b"connection: close\r\n" in await ended(reader)
    writer.close()


async def test_who_was_not_told_of_the_end_may_ask_once_more(
    port: int, state: ServerState, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn_protocols, "SPARED", LIMIT)
    reader, writer = await opened(port, state)
    writer.write(GET % b"stream")
    async with asyncio.timeout(LIMIT):
        await site.is_asked.wait()
    shut_down(state)
    site.may_answer.set()
    assert b"connection" not in await whole_answer(reader)
    writer.write(GET % b"")
    assert b"connection: close\r\n" in await ended(reader)
    writer.close()


@pytest.mark.parametrize("spared", [0.0, SHORT])
async def test_an_idle_connection_ends_when_it_has_been_idle_for_long_enough(
    port: int, state: ServerState, monkeypatch: pytest.MonkeyPatch, spared: float
) -> None:
    monkeypatch.setattr(uvicorn_protocols, "SPARED", spared)
    reader, writer = await opened(port, state)
    writer.write(GET % b"")
    await whole_answer(reader)
    shut_down(state)
    assert next(iter(state.connections)).transport.is_closing() is (not spared)
    assert await ended(reader) == b""
    writer.close()


async def test_no_websocket_is_opened_at_the_end(port: int, state: ServerState) -> None:
    reader, writer = await opened(port, state)
    shut_down(state)
    writer.write(
        b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
    )
    assert await ended(reader) == b""
    writer.close()


class Unread:
    """A transport whose client has so much to read, each time that is asked."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = list(sizes)
        self.is_aborted = asyncio.Event()

    def get_write_buffer_size(self) -> int:
        return self.sizes.pop(0)

    def abort(self) -> None:
        self.is_aborted.set()


@pytest.mark.parametrize(
    "sizes", [(9_000_000, 5_000_000, 900_000, 900_000), (900_000, 899_000), (900_000, 950_000)]
)
async def test_who_reads_slowly_has_time_for_as_long_as_there_is_something(
    settings: Any, sizes: tuple[int, ...]
) -> None:
    class Reading(uvicorn_protocols.Stalling):
        """One connection."""

    settings.MCP_STALL_TIMEOUT = 0.01
    transport: Any = Unread(*sizes)
    protocol = Reading()
    protocol.connection_made(transport)
    protocol.transport = transport
    protocol.pause_writing()
    async with asyncio.timeout(LIMIT):
        await transport.is_aborted.wait()
    assert transport.sizes == []
    protocol.resume_writing()
