"""Tests of mcp_transport.outgoing.exchanging, against an API that means no good."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
import pytest_asyncio

from mcp_transport.outgoing.exchanging import (
    Answer,
    TooLarge,
    Undecodable,
    exchange,
    reason,
    seconds_of,
)
from mcp_transport.outgoing.network import GuardedTransport
from tests.upstream import Act, Got, Send, Upstream, reply

LIMIT = 30.0  # seconds
START = {"type": "http.response.start", "status": 200, "headers": []}


@pytest_asyncio.fixture
async def transport() -> AsyncIterator[GuardedTransport]:
    """A way to an API of this machine."""
    transport = GuardedTransport({"127.0.0.1"})
    yield transport
    await transport.aclose()


async def ask(
    transport: GuardedTransport,
    upstream: Upstream,
    method: str = "GET",
    *,
    within: float = 5.0,
    limit: int = 100_000,
) -> Answer:
    """Send a request."""
    request = httpx.Request(method, f"{upstream.url}/a", headers={"Accept-Encoding": "gzip"})
    return await exchange(transport, request, within=within, limit=limit)


def in_turn(*statuses: int, **headers: str) -> Act:
    """Answer with each status once."""
    waiting = iter(statuses)

    async def act(_got: Got, send: Send) -> None:
        await reply(send, {}, status=next(waiting), **headers)

    return act


async def test_an_answer_is_read(transport: GuardedTransport, upstream: Upstream) -> None:
    answer = await ask(transport, upstream)
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert b'"path": "/a"' in answer.body


async def test_a_compressed_answer_is_read(transport: GuardedTransport, upstream: Upstream) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, gzip.compress(b"hello " * 1000), content_encoding="gzip")

    upstream.act = act
    assert (await ask(transport, upstream)).body == b"hello " * 1000


async def test_an_endless_answer_is_cut(transport: GuardedTransport, upstream: Upstream) -> None:
    async def act(_got: Got, send: Send) -> None:
        await send(START)
        for _ in range(5000):  # 50 MB: nobody asks the server to stop
            await send({"type": "http.response.body", "body": b"x" * 10_000, "more_body": True})

    upstream.act = act
    with pytest.raises(TooLarge):
        await ask(transport, upstream)


async def test_what_unpacks_to_too_much_is_never_unpacked(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    bomb = gzip.compress(bytes(50_000_000))

    async def act(_got: Got, send: Send) -> None:
        await reply(send, bomb, content_encoding="gzip")

    upstream.act = act
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            await ask(transport, upstream)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("br", b"x"), ("gzip", b"no gzip"), ("gzip", gzip.compress(b"x" * 999, mtime=0)[:20])],
)
async def test_what_was_not_asked_for_is_not_unpacked(
    transport: GuardedTransport, upstream: Upstream, encoding: str, body: bytes
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, body, content_encoding=encoding)

    upstream.act = act
    with pytest.raises(Undecodable):
        await ask(transport, upstream)


async def test_an_answer_to_head_has_no_body_to_unpack(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, content_encoding="gzip")

    upstream.act = act
    assert (await ask(transport, upstream, "HEAD")).body == b""


async def test_an_answer_that_drips_is_left(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await send(START)
        for _ in range(500):
            await send({"type": "http.response.body", "body": b".", "more_body": True})
            await asyncio.sleep(0.01)  # it is the API that is slow

    upstream.act = act
    with pytest.raises(TimeoutError):
        await ask(transport, upstream, within=0.2)


async def test_no_answer_at_all_is_waited_for_no_longer(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await asyncio.Event().wait()

    upstream.act = act
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        await ask(transport, upstream, within=0.2)
    assert time.monotonic() - began < LIMIT


@pytest.mark.parametrize(
    ("method", "attempts"), [("GET", 3), ("PUT", 3), ("POST", 1), ("PATCH", 1)]
)
async def test_only_what_may_be_done_twice_is_done_again(
    transport: GuardedTransport,
    upstream: Upstream,
    method: str,
    attempts: int,
) -> None:
    upstream.act = in_turn(503, 429, 502, 200)
    answer = await ask(transport, upstream, method)
    assert len(upstream.got) == attempts
    assert answer.status == (502 if attempts == 3 else 503)


async def test_an_answer_that_will_be_no_other_is_final(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    upstream.act = in_turn(500)
    assert (await ask(transport, upstream)).status == 500
    assert len(upstream.got) == 1


async def test_nobody_waits_for_an_answer_that_comes_too_late(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    upstream.act = in_turn(429, retry_after="30")
    answer = await ask(transport, upstream)
    assert (answer.status, answer.retry_after) == (429, "30")


async def test_a_redirect_is_an_answer(transport: GuardedTransport, upstream: Upstream) -> None:
    upstream.act = in_turn(302, location="http://127.0.0.1:1/internal")
    assert (await ask(transport, upstream)).status == 302


async def test_no_cookie_is_kept_for_the_next_caller(
    transport: GuardedTransport, upstream: Upstream
) -> None:
    upstream.act = in_turn(200, 200, set_cookie="session=of-another")
    await ask(transport, upstream)
    await ask(transport, upstream)
    assert "cookie" not in upstream.got[1].headers


async def test_an_api_that_is_not_there_is_an_error() -> None:
    transport = GuardedTransport({"127.0.0.1"})
    with pytest.raises(httpx.ConnectError):
        await ask(transport, Upstream(port=1), "POST")
    await transport.aclose()


def test_a_reason_repeats_nothing_that_was_sent() -> None:
    assert reason(httpx.ConnectError("certificate verify failed")) == "certificate verify failed"
    assert reason(httpx.LocalProtocolError("Illegal header b's3cret'")) == "LocalProtocolError"
    assert reason(httpx.ReadError("")) == "ReadError"


def test_the_wait_that_is_asked_for_is_read() -> None:
    assert seconds_of("7") == 7.0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < seconds_of(later) <= 60
    far = f"Sun, 06 Nov 2050 08:49:37 +{'9' * 20}"
    for nonsense in ("", "-1", "x", "9" * 20, "Sun, 06 Nov 1994 08:49:37 GMT", far):
        assert seconds_of(nonsense) == 0.0
