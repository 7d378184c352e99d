"""Thousands of messages that went wrong on their way, on connections that stay."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import pytest

from tests.fuzz.attempts import STATE, Attempt
from tests.fuzz.connections import Channel, HttpSse, Stdio, WebSocket
from tests.fuzz.hunting import LIMIT, REQUESTS, hunt
from tests.fuzz.judging import GROWTH, P99, held_bytes, percentile
from tests.fuzz.mutations import POSTS, bodies, encoded, numbered
from tests.fuzz.site import Site

pytestmark = pytest.mark.timeout(LIMIT)


@pytest.fixture(params=[WebSocket, HttpSse, Stdio], ids=["websocket", "http_sse", "stdio"])
def channel(request: pytest.FixtureRequest, site: Site) -> Channel:
    """A connection of each kind; made in the loop of the test, when it is used."""
    made: Channel = request.param(site.application)
    return made


def test_no_message_breaks_a_connection(
    channel: Channel, site: Site, loop: asyncio.AbstractEventLoop, faults: list[str]
) -> None:
    state = site.known[STATE.encode()]

    def attempt(example: Attempt) -> None:
        body = example.body.replace(STATE.encode(), state)
        loop.run_until_complete(channel.try_out(body))
        assert faults == []

    hunt(bodies(), attempt, requests=REQUESTS)
    loop.run_until_complete(channel.check_good_call())
    assert percentile(channel.seconds, 0.99) <= P99


def test_valid_messages_leave_nothing_behind(
    channel: Channel, site: Any, loop: asyncio.AbstractEventLoop, faults: list[str]
) -> None:
    numbers = count()

    def everything() -> None:
        for post in POSTS:
            body = encoded(numbered(post, next(numbers))).body
            loop.run_until_complete(channel.try_out(body))

    for _ in range(3):
        everything()
    before = held_bytes()
    for _ in range(5):
        everything()
    loop.run_until_complete(channel.check_good_call())
    assert held_bytes() - before <= GROWTH
    assert faults == []
