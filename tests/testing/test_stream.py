"""Tests of mcp_transport.testing.stream."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcp_transport.testing import MODERN_REVISION
from mcp_transport.testing.asgi import Http
from mcp_transport.testing.stream import Stream

EVENT_STREAM = [(b"content-type", b"text/event-stream")]


async def alive(_scope: Any, receive: Any, send: Any) -> None:
    """Keep a stream alive, and say nothing on it."""
    leaving = asyncio.create_task(receive())
    await send({"type": "http.response.start", "status": 200, "headers": EVENT_STREAM})
    while not leaving.done():
        await send({"type": "http.response.body", "body": b":\n\n", "more_body": True})
        await asyncio.sleep(0)


async def test_what_keeps_a_stream_alive_is_not_waited_for() -> None:
    http = Http(alive, limit=0.2)
    stream = Stream(await http.open("GET", "/", body=[]), MODERN_REVISION, {})
    with pytest.raises(TimeoutError):
        await stream.message()
    assert stream.events
    stream.exchange.limit = 30.0
    await http.close()
