"""Tests of mcp_transport.serving.uvicorn_direct, over sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.server import ServerState
from websockets.asyncio.client import connect

from mcp_transport.engine.incoming import Direct
from mcp_transport.serving import uvicorn_direct
from mcp_transport.transports.direct import Headers, answered, direct
from tests.uvicorn_serving import serving

LIMIT = 30.0  # seconds any single wait may take
SIZES = (1, 125, 126, 65_535, 65_536, 200_000)  # at which frames take another form
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
ACCEPT = {"type": "websocket.accept"}
GET = b"GET /%s HTTP/1.1\r\nhost: a\r\n\r\n"
LENGTH = (b"content-length", b"2")


def piece(data: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": True}


def frame(data: bytes) -> dict[str, Any]:
    return {"type": "websocket.send", "text": data.decode()}


class Site:
    """Tells by both ways, in turns, and stays until the client leaves."""

    def __init__(self) -> None:
        self.direct: list[Direct | None] = []
        self.is_read = asyncio.Semaphore(0)  # whatever was sent before
        self.is_over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_socket = scope["type"] == "websocket"
        started, told = (ACCEPT, frame) if is_socket else (START, piece)
        await receive()
        self.direct.append(direct(scope, send))
        await send(started)
        write = direct(scope, send)
        self.direct.append(write)
        if write is not None and scope["path"] != "/left":
            for number, size in enumerate(SIZES):
                text = b"%d" % number * size
                await self.is_read.acquire()
                assert write.offer(text)
                await send(told(text))
                assert write.add(text)
                assert write.offer(text)
        while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
            pass
        self.is_over.set()


class Answering:
    """Answers at once where the path says so, and through send where it does not."""

    def __init__(self, headers: Headers = (LENGTH,)) -> None:
        self.headers = headers
        self.answered: list[bool] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_answered = scope["path"] != "/send" and self._answer(scope, send)
        self.answered.append(is_answered)
        if not is_answered:
            await send({**START, "headers": self.headers})
            await send({"type": "http.response.body", "body": b"ok"})
        if scope["path"] == "/twice":
            self.answered.append(self._answer(scope, send))

    def _answer(self, scope: Any, send: Any) -> bool:
        return answered(scope, send, 200, self.headers, b"ok")


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.fixture
async def port(site: Site) -> AsyncIterator[int]:
    async with serving(site, ServerState()) as port:
        yield port


async def exchanged(application: Any, *requests: bytes) -> list[bytes]:
    """What is answered to requests on one connection, and what comes until it ends, if it does."""
    async with serving(application, ServerState()) as port, asyncio.timeout(LIMIT):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            answers = [await _answer(reader, writer, request) for request in requests]
            if b"connection: close" in answers[-1]:
                answers.append(await reader.read())
        finally:
            writer.close()
    return answers


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    return head if request.startswith(b"HEAD") else head + await reader.readexactly(2)


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("connection", [b"", b"connection: close\r\n"])
async def test_a_whole_answer_is_what_send_would_make_of_it(
    version: bytes, connection: bytes
) -> None:
    site = Answering()
    request = b"GET /%s " + version + b"\r\nhost: a\r\n" + connection + b"\r\n"
    sent = await exchanged(site, request % b"send")
    assert await exchanged(site, request % b"") == sent
    assert site.answered == [False, True]


async def test_a_connection_is_kept_after_a_whole_answer() -> None:
    site = Answering()
    first, second, third = await exchanged(site, GET % b"", GET % b"", GET % b"send")
    assert first == second == third
    assert first.endswith(b"\r\n\r\nok")
    assert site.answered == [True, True, False]


async def test_nothing_is_answered_twice() -> None:
    site = Answering()
    await exchanged(site, GET % b"twice", GET % b"")
    assert site.answered == [True, False, True]


async def test_nothing_is_answered_on_a_connection_that_is_closing() -> None:
    told: list[bool] = []
    is_over = asyncio.Event()
    state = ServerState()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        (connection,) = state.connections
        connection.transport.abort()  # which uvicorn hears of in the next turn
        told.append(answered(scope, send, 200, (LENGTH,), b"ok"))
        is_over.set()

    async with serving(application, state) as port:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET % b"")
        await asyncio.wait_for(is_over.wait(), LIMIT)
        writer.close()
    assert told == [False]


async def test_a_request_for_headers_is_left_to_send() -> None:
    site = Answering()
    await exchanged(site, (GET % b"").replace(b"GET", b"HEAD"))
    assert site.answered == [False]


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\n\rb"])
async def test_a_line_break_in_a_header_is_left_to_send_which_refuses_it(value: bytes) -> None:
    site = Answering((LENGTH, (b"x-name", value)))
    with pytest.raises(asyncio.IncompleteReadError) as nothing:
        await exchanged(site, GET % b"")
    assert nothing.value.partial == b""
    assert site.answered == [False]


async def read(reader: asyncio.StreamReader, size: int) -> bytes:
    async with asyncio.timeout(LIMIT):
        return await reader.readexactly(size)


async def test_what_is_told_directly_comes_in_turn_with_what_is_sent(port: int, site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % b"direct")
    async with asyncio.timeout(LIMIT):
        assert b"transfer-encoding: chunked" in await reader.readuntil(b"\r\n\r\n")
    for number, size in enumerate(SIZES):
        site.is_read.release()
        chunk = b"%x\r\n%b\r\n" % (size, b"%d" % number * size)
        assert await read(reader, 4 * len(chunk)) == chunk * 4
    writer.close()
    await asyncio.wait_for(site.is_over.wait(), LIMIT)


async def test_nothing_is_told_directly_before_an_answer_or_to_who_has_left(
    port: int, site: Site
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET % b"left")
    async with asyncio.timeout(LIMIT):
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
        await site.is_over.wait()
    before, write = site.direct
    assert before is None
    assert write is not None
    assert not write.offer(b"hello")
    assert not write.add(b"hello")


async def test_a_client_that_does_not_read_is_left_to_send(port: int, site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    writer.write(GET % b"left")
    async with asyncio.timeout(LIMIT):
        await reader.readuntil(b"\r\n\r\n")
    write = site.direct[1]
    assert write is not None
    for _ in range(10_000):  # more than any socket takes
        if not write.offer(b"x" * 65_536):
            break
    assert not write.offer(b"x")
    assert not write.add(b"x")
    writer.transport.abort()
    await asyncio.wait_for(site.is_over.wait(), LIMIT)


async def test_a_send_that_something_wraps_is_not_passed_by() -> None:
    cycle = SimpleNamespace(chunked_encoding=True)

    async def wrapped(message: Any) -> None:
        await cycle.send(message)

    for find in (uvicorn_direct.direct_of_request, uvicorn_direct.direct_of_socket):
        assert find(wrapped) is None
        assert find(print) is None
    assert not uvicorn_direct.answer(wrapped, 200, (), b"")


@pytest.mark.parametrize("method", [b"HEAD", b"GET"])
async def test_an_answer_of_a_known_length_is_left_to_send(method: bytes) -> None:
    found: list[Direct | None] = []
    finished = asyncio.Event()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        length = [] if method == b"HEAD" else [(b"content-length", b"2")]
        await send({**START, "headers": length})
        found.append(direct(scope, send))
        await send({"type": "http.response.body", "body": b"ok"})
        finished.set()

    async with serving(application, ServerState()) as port:
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((GET % b"").replace(b"GET", method))
        await asyncio.wait_for(finished.wait(), LIMIT)
        writer.close()
    assert found == [None]


async def test_frames_that_are_told_directly_come_in_turn_with_those_that_are_sent(
    port: int, site: Site
) -> None:
    async with connect(f"ws://127.0.0.1:{port}/", compression=None) as socket:
        for number, size in enumerate(SIZES):
            site.is_read.release()
            for _ in range(4):
                assert await asyncio.wait_for(socket.recv(), LIMIT) == str(number) * size
    await asyncio.wait_for(site.is_over.wait(), LIMIT)
    write = site.direct[1]
    assert write is not None
    assert not write.offer(b"to nobody")
    assert not write.add(b"to nobody")


async def test_frames_that_are_compressed_are_left_to_send(port: int, site: Site) -> None:
    async with connect(f"ws://127.0.0.1:{port}/"):
        pass
    await asyncio.wait_for(site.is_over.wait(), LIMIT)
    assert site.direct == [None, None]
