"""Tests of mcp_transport.engine.connection: what only its parts show; the rest is in tests/interaction."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from mcp_transport.auth.principal import ANONYMOUS
from mcp_transport.engine.connection import Connection, Ending, Limits
from mcp_transport.engine.incoming import Reply

LIMIT = 30.0
LIMITS = Limits(requests=4, messages=100, bytes=10_000, stalled_after=5.0, idle_after=1000.0)


class Door:
    """An engine that answers every message with its body."""

    async def receive(self, incoming: Any, _responder: Any) -> Reply:
        return Reply(200, str(incoming.body["id"]).encode())

    async def end_session(self, _session_id: str, _reason: str) -> None:
        """There is none."""


class Line:
    """A client at the other end, and what lets it in."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.reads.set()
        self.messages: asyncio.Queue[bytes] = asyncio.Queue()
        self.failure: Exception | None = None
        self.connection = Connection(
            Door(),  # type: ignore[arg-type]  # as much of it as is needed
            self.admit,
            self.write,
            principal=ANONYMOUS,
            limits=LIMITS,
            has_post=True,
        )

    async def admit(self, body: Any, _session_id: str | None) -> Any:
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        incoming = type("Incoming", (), {})()
        incoming.body = body
        return incoming

    async def write(self, message: bytes) -> None:
        await self.reads.wait()
        self.messages.put_nowait(message)

    async def message(self) -> bytes:
        async with asyncio.timeout(LIMIT):
            return await self.messages.get()


def request(id_: int) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": "tools/list"}


async def test_who_reads_again_is_not_cut_for_a_message_that_was_given_up() -> None:
    line = Line()
    line.reads.clear()
    sending = asyncio.create_task(line.connection.send(b"progress"))
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.wait([sending])
    line.reads.set()
    line.connection.glance(time.monotonic() + 2 * LIMITS.stalled_after)
    assert not line.connection.ending.done()


async def test_who_does_not_read_is_cut() -> None:
    line = Line()
    line.reads.clear()
    sending = asyncio.create_task(line.connection.send(b"progress"))
    await asyncio.sleep(0)
    line.connection.glance(time.monotonic() + 2 * LIMITS.stalled_after)
    assert line.connection.ending.result() is Ending.STALLED
    sending.cancel()


async def test_who_does_not_read_is_left_to_a_server_that_sees_to_it() -> None:
    line = Line()
    line.connection.direct = NeverTaken()
    line.reads.clear()
    sending = asyncio.create_task(line.connection.send(b"progress"))
    await asyncio.sleep(0)
    line.connection.glance(time.monotonic() + 2 * LIMITS.stalled_after)
    assert not line.connection.ending.done()
    sending.cancel()


class NeverTaken:
    """A way past send to a client that does not read."""

    def offer(self, _data: bytes) -> bool:
        return False

    add = offer


async def test_a_posted_message_that_fails_is_answered_and_the_next_one_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    line = Line()
    line.failure = RuntimeError("the password is hunter2")
    with caplog.at_level(logging.ERROR, "mcp_transport.connection"):
        line.connection.post(request(1))
        refusal = await line.message()
    assert b'"id":1' in refusal
    assert b"-32603" in refusal
    assert b"hunter2" not in refusal
    assert "failed" in caplog.text
    line.connection.post(request(2))
    assert await line.message() == b"2"
    await line.connection.close()
