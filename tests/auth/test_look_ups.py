"""Tests of mcp_transport.auth.look_ups."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from django.contrib.auth.models import User

from mcp_transport.auth.errors import InvalidToken
from mcp_transport.auth.look_ups import LookUps
from mcp_transport.auth.principal import Principal

KEY = b"a"
ADA = Principal(key="user:1", user=User(pk=1))


@pytest.fixture(autouse=True)
def patience(settings: Any) -> None:
    """What is kept is there, however slow the machine is."""
    settings.MCP_ROW_CACHE_SECONDS = 60.0


class Slow:
    """A look-up that takes as long as the test likes."""

    def __init__(self, found: Principal | None = ADA, failure: Exception | None = None) -> None:
        self.count = 0
        self.has_begun, self.may_end = asyncio.Event(), asyncio.Event()
        self._found, self._failure = found, failure

    async def __call__(self) -> Principal | None:
        self.count += 1
        self.has_begun.set()
        await self.may_end.wait()
        if self._failure is not None:
            raise self._failure
        return self._found


async def test_who_comes_at_the_same_time_shares_a_look_up() -> None:
    look_ups, slow = LookUps(), Slow()
    waiting = [asyncio.ensure_future(look_ups.find(KEY, slow)) for _ in range(3)]
    await slow.has_begun.wait()
    waiting[0].cancel()  # who leaves takes nothing from the others
    slow.may_end.set()
    assert await asyncio.gather(*waiting[1:]) == [ADA, ADA]
    assert slow.count == 1
    assert look_ups.recall(KEY) is ADA


async def test_nobody_is_not_remembered() -> None:
    look_ups, slow = LookUps(), Slow(None)
    slow.may_end.set()
    assert await look_ups.find(KEY, slow) is None
    assert await look_ups.find(KEY, slow) is None
    assert slow.count == 2
    assert look_ups.recall(KEY) is None


async def test_a_refusal_is_for_all_who_wait() -> None:
    look_ups, slow = LookUps(), Slow(failure=InvalidToken("no"))
    slow.may_end.set()
    both = await asyncio.gather(*(look_ups.find(KEY, slow) for _ in "ab"), return_exceptions=True)
    assert [type(error) for error in both] == [InvalidToken] * 2


async def test_what_is_found_after_it_was_to_be_forgotten_is_not_recalled() -> None:
    look_ups, slow = LookUps(), Slow()
    waiting = asyncio.ensure_future(look_ups.find(KEY, slow))
    await slow.has_begun.wait()
    look_ups.forget()
    slow.may_end.set()
    assert await waiting is ADA
    assert look_ups.recall(KEY) is None


async def test_nobody_is_recalled_beyond_the_end_of_their_token() -> None:
    look_ups = LookUps()
    slow = Slow(Principal(key="user:1", user=User(pk=1), expires_at=time.time() - 1))
    slow.may_end.set()
    assert await look_ups.find(KEY, slow)
    assert look_ups.recall(KEY) is None
