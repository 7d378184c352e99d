"""Tests of mcp_transport.serving.joined_writes, over a pair of sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from mcp_transport.serving.joined_writes import MOST_HELD, JoinedWrites

LIMIT = 30.0  # seconds


class Line:
    """What is measured, and the other end of its connection."""

    def __init__(self, transport: asyncio.Transport, peer: socket.socket) -> None:
        self.transport = transport
        self.writes = JoinedWrites(transport, asyncio.get_running_loop())
        self._peer = peer

    def arrived(self) -> bytes:
        """What has left so far."""
        try:
            return self._peer.recv(2 * MOST_HELD)
        except BlockingIOError:
            return b""

    async def all_that_comes(self) -> bytes:
        """Everything until the end of the connection."""
        loop, parts = asyncio.get_running_loop(), []
        async with asyncio.timeout(LIMIT):
            while part := await loop.sock_recv(self._peer, MOST_HELD):
                parts.append(part)
        return b"".join(parts)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
    yield Line(transport, theirs)
    transport.abort()
    theirs.close()
    await asyncio.sleep(0)  # the transport closes its socket


async def turn() -> None:
    """What was to be called soon has been called."""
    await asyncio.sleep(0)


async def test_what_is_written_in_one_turn_leaves_as_one(line: Line) -> None:
    sent: list[bytes] = []
    whole = cast("Any", _Recording(line.transport, sent))
    writes = JoinedWrites(whole, asyncio.get_running_loop())
    writes.write(b"head ")
    writes.write(b"body")
    assert line.arrived() == b""
    await turn()
    writes.write(b"later")
    await turn()
    assert sent == [b"head body", b"later"]
    assert line.arrived() == b"head bodylater"


async def test_what_is_too_much_to_hold_leaves_at_once(line: Line) -> None:
    line.writes.write(b"a")
    line.writes.write(b"b" * MOST_HELD)
    assert len(line.arrived()) == MOST_HELD + 1


async def test_what_is_held_is_sent_before_the_end(line: Line) -> None:
    line.writes.write(b"the last")
    line.writes.close()
    assert await line.all_that_comes() == b"the last"


async def test_what_is_held_counts_as_not_yet_written(line: Line) -> None:
    line.writes.write(b"12345")
    assert line.writes.get_write_buffer_size() == 5
    await turn()
    assert line.writes.get_write_buffer_size() == 0


async def test_what_is_offered_leaves_at_once_or_not_at_all(line: Line) -> None:
    assert line.writes.offer(b"first")
    assert line.arrived() == b"first"
    while line.writes.offer(b"x" * MOST_HELD):
        pass  # until the socket is full
    assert not line.writes.offer(b"too much")
    line.writes.abort()
    assert not line.writes.offer(b"too late")


@pytest.mark.parametrize("give", [JoinedWrites.offer, JoinedWrites.add])
async def test_what_is_offered_or_added_leaves_behind_what_is_held(line: Line, give: Any) -> None:
    line.writes.write(b"first ")
    assert give(line.writes, b"second")
    assert line.arrived() == b""
    await turn()
    assert line.arrived() == b"first second"


async def test_what_is_added_leaves_with_the_turn_or_not_at_all(line: Line) -> None:
    assert line.writes.add(b"first")
    assert line.arrived() == b""
    await turn()
    assert line.arrived() == b"first"
    while line.writes.add(b"x" * MOST_HELD):
        await turn()  # until the socket is full
    line.writes.abort()
    assert not line.writes.add(b"too late")


async def test_the_end_of_what_is_written_comes_behind_what_is_held(line: Line) -> None:
    assert line.writes.can_write_eof()
    line.writes.write(b"the last")
    line.writes.write_eof()
    assert await line.all_that_comes() == b"the last"


async def test_an_abort_sends_nothing_more(line: Line) -> None:
    line.writes.write(b"too late")
    line.writes.abort()
    assert await line.all_that_comes() == b""


async def test_a_connection_that_breaks_meanwhile_is_no_error(line: Line) -> None:
    line.writes.write(b"too late")
    line.transport.abort()
    await turn()
    assert await line.all_that_comes() == b""


async def test_everything_else_is_the_transports(line: Line) -> None:
    assert line.writes.get_extra_info("socket") is line.transport.get_extra_info("socket")
    assert line.writes.get_extra_info("nothing", 5) == 5
    protocol = asyncio.Protocol()
    line.writes.set_protocol(protocol)
    assert line.writes.get_protocol() is line.transport.get_protocol() is protocol
    line.writes.pause_reading()
    assert not line.transport.is_reading()
    line.writes.resume_reading()
    assert line.writes.is_reading()
    line.writes.set_write_buffer_limits(high=10)
    assert line.transport.get_write_buffer_limits()[1] == 10
    assert not line.writes.is_closing()
    line.transport.close()
    assert line.writes.is_closing()


class _Recording:
    """A transport that notes what it is given, in the pieces in which it comes."""

    def __init__(self, transport: asyncio.Transport, sent: list[bytes]) -> None:
        self._transport = transport
        self._sent = sent

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._sent.append(data)
        self._transport.write(data)
