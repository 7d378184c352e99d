"""Tests of mcp_transport.testing.asgi."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcp_transport.testing.asgi import Event, Http, parse_event, raw_headers, within


async def echoing(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the request's body, piece by piece."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X-A", b"1")]})
    is_more = True
    while is_more:
        message = await receive()
        is_more = message.get("more_body", False)
        await send({"type": "http.response.body", "body": message["body"], "more_body": is_more})


async def failing(scope: Any, receive: Any, send: Any) -> None:
    """Break in the middle of an answer."""
    await send({"type": "http.response.start", "status": 200})
    raise ZeroDivisionError


async def mute(scope: Any, receive: Any, send: Any) -> None:
    """Answer nothing until the client goes away."""
    await receive()
    await receive()


def test_an_event_is_read() -> None:
    block = ": hello\nid: 7\nevent: message\ndata: a\ndata: b\nretry: 30"
    expected = Event(id="7", event="message", data="a\nb", retry=30, comments=("hello",))
    assert parse_event(block) == expected


def test_headers_are_lower_case_and_may_be_left_out() -> None:
    assert raw_headers({"X-A": "1", "X-B": None}) == [(b"x-a", b"1")]
    assert raw_headers([("X-A", b"\xff")]) == [(b"x-a", b"\xff")]


async def test_a_body_goes_and_comes_in_pieces() -> None:
    exchange = await Http(echoing).open("POST", "/?a=1", body=[b"one", b"two"])
    assert (exchange.status, exchange.headers) == (200, {"x-a": "1"})
    assert [await exchange.chunk(), await exchange.chunk(), await exchange.chunk()] == [
        b"one", b"two", None,
    ]  # fmt: skip


async def test_an_application_that_breaks_breaks_the_test() -> None:
    exchange = await Http(failing).open("GET", "/")
    with pytest.raises(ZeroDivisionError):
        await exchange.read()


async def test_nobody_waits_for_ever() -> None:
    http = Http(mute, limit=0.02)
    with pytest.raises(TimeoutError):
        await http.open("GET", "/")
    await http.close()


async def test_a_limit_does_not_end_early() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, event.set)
    assert await within(5, event.wait)
