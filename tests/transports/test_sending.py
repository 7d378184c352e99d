"""Tests of mcp_transport.transports.sending."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport.protocol import sse
from mcp_transport.transports.direct import EXTENSION, FIND
from mcp_transport.transports.pulse import Pulse
from mcp_transport.transports.sending import HttpResponder

LIMIT = 30.0  # seconds any single wait may take
ORIGIN = (b"access-control-allow-origin", b"https://app.example")


class Connection:
    """The two ends that an ASGI server gives an application."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        self.is_blocked = asyncio.Event()
        self.failure: Exception | None = None
        self.scope: dict[str, Any] = {}
        self.written: list[bytes] = []

    def offer_direct(self) -> None:
        """Do as a server with a way past send does."""
        self.scope = {"extensions": {EXTENSION: {FIND: lambda send: self}}}

    def offer(self, data: bytes) -> bool:
        """Take what a client that reads is told directly."""
        if self.reads.is_set():
            self.written.append(data)
        return self.reads.is_set()

    add = offer

    async def send(self, message: dict[str, Any]) -> None:
        """Wait for a client that reads, then hand over."""
        if not self.reads.is_set():
            self.is_blocked.set()
            await self.reads.wait()
        self.sent.put_nowait(message)
        if self.failure is not None:
            raise self.failure

    async def next(self) -> dict[str, Any]:
        """What was sent next."""
        async with asyncio.timeout(LIMIT):
            return await self.sent.get()

    async def body(self) -> bytes:
        """The next piece of a body that goes on."""
        message = await self.next()
        assert message["type"] == "http.response.body"
        assert message["more_body"]
        body: bytes = message["body"]
        return body

    def responder(self, keep_alive: float = 60.0) -> HttpResponder:
        """What answers on this connection."""
        worker: Any = SimpleNamespace(pulse=Pulse(keep_alive), count_response=None)
        return HttpResponder(
            self.scope,
            self.received.get,
            self.send,
            accepts_json=True,
            accepts_stream=True,
            worker=worker,
        )


@pytest.fixture
async def connection() -> Connection:
    """A connection whose client reads."""
    return Connection()


async def opened(connection: Connection, keep_alive: float = 60.0) -> HttpResponder:
    """A responder whose stream has begun."""
    responder = connection.responder(keep_alive)
    await responder.open()
    await connection.next()
    assert await connection.body() == b""
    return responder


async def test_an_answer_is_one_piece_of_json(connection: Connection) -> None:
    responder = connection.responder()
    responder.headers = (ORIGIN,)
    await responder.finish(200, b"{}", ((b"mcp-session-id", b"s"),))
    start = await connection.next()
    assert (start["type"], start["status"]) == ("http.response.start", 200)
    assert start["headers"] == [
        ORIGIN,
        (b"mcp-session-id", b"s"),
        (b"content-length", b"2"),
        (b"content-type", b"application/json"),
    ]
    assert await connection.next() == {"type": "http.response.body", "body": b"{}"}
    assert not responder.is_open


@pytest.mark.parametrize(("status", "length"), [(202, [(b"content-length", b"0")]), (204, [])])
async def test_an_answer_without_a_body_has_no_type(
    connection: Connection, status: int, length: list[tuple[bytes, bytes]]
) -> None:
    await connection.responder().finish(status, b"")
    assert await connection.next() == {
        "type": "http.response.start",
        "status": status,
        "headers": length,
    }
    assert await connection.next() == {"type": "http.response.body", "body": b""}


async def test_a_stream_whose_opening_was_given_up_has_a_head_and_its_end(
    connection: Connection,
) -> None:
    responder = connection.responder()
    connection.reads.clear()
    opening = asyncio.create_task(responder.open())  # as for a tool that says nothing for long
    async with asyncio.timeout(LIMIT):
        await connection.is_blocked.wait()
    opening.cancel()
    await asyncio.wait([opening])
    finishing = asyncio.create_task(responder.finish(200, b"{}"))
    await asyncio.sleep(0)
    connection.reads.set()
    async with asyncio.timeout(LIMIT):
        await finishing
    assert (await connection.next())["type"] == "http.response.start"
    assert await connection.body() == b""
    last = await connection.next()
    assert last["body"] == sse.event(b"{}")
    assert not last.get("more_body")
    assert connection.sent.empty()


async def test_a_stream_begins_at_once(connection: Connection) -> None:
    responder = connection.responder()
    responder.headers = (ORIGIN,)
    await responder.open()
    start = await connection.next()
    assert start["status"] == 200
    assert dict(start["headers"]) == {
        b"content-type": b"text/event-stream",
        b"cache-control": b"no-cache, no-transform",
        b"x-accel-buffering": b"no",
        ORIGIN[0]: ORIGIN[1],
    }
    assert await connection.body() == b""
    await responder.open()
    assert connection.sent.empty()
    responder.close()


async def test_the_first_message_opens_the_stream(connection: Connection) -> None:
    responder = connection.responder()
    await responder.write(b'{"a":1}', "s-1")
    await responder.write(b'{"a":2}')
    assert (await connection.next())["type"] == "http.response.start"
    assert await connection.body() == b""
    assert await connection.body() == sse.event(b'{"a":1}', "s-1")
    assert await connection.body() == sse.event(b'{"a":2}')
    await responder.retry(300)
    assert await connection.body() == b"retry: 300\n\n"
    responder.close()


@pytest.mark.parametrize(("body", "expected"), [(b"{}", sse.event(b"{}")), (b"", b"")])
async def test_a_stream_ends_with_the_answer(
    connection: Connection, body: bytes, expected: bytes
) -> None:
    responder = await opened(connection)
    await responder.finish(404, body, ((b"ignored", b"by then"),))
    assert await connection.next() == {"type": "http.response.body", "body": expected}


@pytest.mark.parametrize("is_open", [True, False])
async def test_what_is_finished_stays_so(connection: Connection, is_open: bool) -> None:
    responder = await opened(connection) if is_open else connection.responder()
    await responder.finish(200, b"{}")
    while not connection.sent.empty():
        await connection.next()
    await responder.finish(500, b"again")
    assert connection.sent.empty()


async def test_a_silent_stream_is_kept_alive_until_it_ends(connection: Connection) -> None:
    responder = await opened(connection, keep_alive=0.001)
    for _ in range(3):
        assert await connection.body() == sse.KEEP_ALIVE
    await responder.finish(200, b"{}")
    while (last := await connection.next()).get("more_body"):
        assert last["body"] == sse.KEEP_ALIVE
    assert last["body"] == sse.event(b"{}")
    await ticks(0.01)
    assert connection.sent.empty()


async def ticks(span: float) -> None:
    """Let as much time go by as timers need that were to fire in it."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(span, passed.set)
    async with asyncio.timeout(LIMIT):
        await passed.wait()


async def test_a_client_that_does_not_read_gets_no_comments(connection: Connection) -> None:
    responder = await opened(connection)
    connection.reads.clear()
    writing = asyncio.create_task(responder.write(b"{}"))
    async with asyncio.timeout(LIMIT):
        await connection.is_blocked.wait()
    responder.keep()
    connection.reads.set()
    async with asyncio.timeout(LIMIT):
        await writing
    assert await connection.body() == sse.event(b"{}")
    responder.keep()
    assert await connection.body() == sse.KEEP_ALIVE
    assert connection.sent.empty()
    responder.close()


async def test_a_comment_that_nobody_hears_harms_nothing(connection: Connection) -> None:
    responder = await opened(connection)
    connection.failure = OSError("the client has left")
    responder.keep()
    assert await connection.body() == sse.KEEP_ALIVE
    responder.keep()
    await ticks(0.01)
    assert connection.sent.empty()
    responder.close()


# What uvicorn lets through of uvloop when it has closed the connection itself.
CLOSED = RuntimeError("unable to perform operation on <TCPTransport closed=True>; it is closed")


@pytest.mark.parametrize("failure", [OSError("the client has left"), CLOSED])
async def test_nothing_is_sent_to_a_client_that_has_left(
    connection: Connection, failure: Exception
) -> None:
    responder = await opened(connection)
    connection.failure = failure
    await responder.write(b"{}")
    await connection.next()
    await responder.write(b"{}")
    await responder.finish(200, b"{}")
    assert connection.sent.empty()


async def test_what_the_server_says_of_a_wrong_message_is_heard(connection: Connection) -> None:
    connection.failure = RuntimeError("Unexpected ASGI message")
    with pytest.raises(RuntimeError, match="Unexpected"):
        await connection.responder().finish(200, b"{}")


async def test_closing_stops_a_comment_that_is_on_its_way(connection: Connection) -> None:
    responder = await opened(connection, keep_alive=0.001)
    connection.reads.clear()
    async with asyncio.timeout(LIMIT):
        await connection.is_blocked.wait()
    responder.close()
    connection.reads.set()
    await ticks(0.01)
    assert connection.sent.empty()


async def test_closing_before_anything_was_sent_does_nothing(connection: Connection) -> None:
    connection.responder().close()
    assert connection.sent.empty()


async def test_it_is_noticed_when_the_client_leaves(connection: Connection) -> None:
    responder = connection.responder()
    leaving = asyncio.create_task(responder.gone())
    connection.received.put_nowait({"type": "http.request", "body": b""})
    await asyncio.sleep(0)
    assert not leaving.done()
    connection.received.put_nowait({"type": "http.disconnect"})
    async with asyncio.timeout(LIMIT):
        await leaving
        await responder.gone()  # the second time at once


def is_sending(responder: HttpResponder) -> bool:
    return responder.sending_since is not None


async def test_what_the_client_takes_at_once_needs_no_task(connection: Connection) -> None:
    responder = await opened(connection)
    before = len(asyncio.all_tasks())
    assert responder.offer(b"{}")
    assert connection.sent.get_nowait()["body"] == sse.event(b"{}")
    assert len(asyncio.all_tasks()) == before
    assert responder.sending_since is None
    responder.close()


async def test_before_a_stream_has_begun_nothing_is_offered_to_it(connection: Connection) -> None:
    assert not connection.responder().offer(b"{}")
    assert connection.sent.empty()


async def test_what_a_slow_client_does_not_take_at_once_goes_on_by_itself(
    connection: Connection,
) -> None:
    responder = await opened(connection)
    connection.reads.clear()
    assert responder.offer(b"1")  # on its way
    assert is_sending(responder)
    assert not responder.offer(b"2")
    assert connection.sent.empty()
    connection.reads.set()
    assert await connection.body() == sse.event(b"1")
    await ticks(0.001)
    assert not is_sending(responder)
    assert responder.offer(b"2")
    assert await connection.body() == sse.event(b"2")
    responder.close()


@pytest.mark.parametrize("failure", [OSError("the client has left"), CLOSED])
@pytest.mark.parametrize("is_slow", [True, False])
async def test_what_is_offered_to_a_client_that_has_left_is_gone(
    connection: Connection, failure: Exception, is_slow: bool
) -> None:
    responder = await opened(connection)
    connection.failure = failure
    if is_slow:
        connection.reads.clear()
    assert responder.offer(b"{}")
    connection.reads.set()
    await connection.next()
    await ticks(0.001)
    assert responder.offer(b"{}")
    assert connection.sent.empty()
    responder.close()


async def test_nothing_more_is_sent_to_a_client_that_was_given_up(connection: Connection) -> None:
    responder = await opened(connection)
    responder.give_up()
    await responder.finish(200, b"{}")
    assert responder.offer(b"{}")
    assert connection.sent.empty()


async def test_what_is_said_on_a_stream_goes_past_send_where_the_server_has_such_a_way(
    connection: Connection,
) -> None:
    connection.offer_direct()
    responder = await opened(connection)
    await responder.write(b"1")
    assert responder.offer(b"2")
    responder.keep()
    assert connection.written == [sse.event(b"1"), sse.event(b"2"), sse.KEEP_ALIVE]
    assert connection.sent.empty()
    await responder.finish(200, b"")


async def test_a_client_that_does_not_read_is_sent_what_is_offered(connection: Connection) -> None:
    connection.offer_direct()
    responder = await opened(connection)
    connection.reads.clear()
    assert responder.offer(b"1")
    assert responder.sending_since is None  # the server sees to it
    assert not responder.offer(b"2")
    connection.reads.set()
    await responder.write(b"3")  # by send, too, where the first still waits
    assert {await connection.body(), await connection.body()} == {sse.event(b"1"), sse.event(b"3")}
    for _ in range(3):
        await asyncio.sleep(0)
    assert responder.offer(b"4")
    assert connection.written == [sse.event(b"4")]
    await responder.finish(200, b"")


async def test_nothing_goes_past_send_once_a_stream_is_over(connection: Connection) -> None:
    connection.offer_direct()
    one, other = await opened(connection), await opened(connection)
    await one.finish(200, b"")
    other.give_up()
    assert one.offer(b"1")
    assert other.offer(b"1")
    assert connection.written == []


async def test_answers_are_counted_by_their_status(connection: Connection) -> None:
    counted: list[int] = []
    for status in (200, 404):
        responder = connection.responder()
        responder._worker.count_response = counted.append
        await responder.finish(status, b"{}")
    stream = connection.responder()
    stream._worker.count_response = counted.append
    await stream.open()
    await stream.finish(200, b"")
    assert counted == [200, 404, 200]
