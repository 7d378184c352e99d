"""Tests of mcp_transport.testing.clock."""

from __future__ import annotations

import asyncio
import datetime
import time

import pytest
from django.utils import timezone

from mcp_transport import Context
from mcp_transport.testing import Client, Refusal, Site
from mcp_transport.testing.clock import Clock
from tests.testing.conftest import Register

HOUR = datetime.timedelta(hours=1)


def readings() -> list[float]:
    return [time.time(), time.monotonic(), timezone.now().timestamp()]


def test_every_clock_moves_by_the_same(mcp_clock: Clock) -> None:
    before = readings()
    mcp_clock.advance(HOUR)
    moved = [after - earlier for after, earlier in zip(readings(), before, strict=True)]
    assert moved == [pytest.approx(3600, abs=2)] * 3


def test_time_goes_back_to_what_it_was() -> None:
    before = readings()
    with Clock() as clock:
        clock.advance(3600)
    assert max(a - b for a, b in zip(readings(), before, strict=True)) < 60


@pytest.mark.parametrize("by", [-1, datetime.timedelta(seconds=-1)])
def test_time_does_not_move_back(mcp_clock: Clock, by: float | datetime.timedelta) -> None:
    with pytest.raises(ValueError, match="forward"):
        mcp_clock.advance(by)


def test_a_clock_that_does_not_run_cannot_be_moved() -> None:
    with pytest.raises(ValueError, match="with"):
        Clock().advance(1)


async def test_a_tool_that_takes_too_long_is_stopped_at_once(
    mcp: Client, mcp_clock: Clock, register: Register
) -> None:
    entered = asyncio.Event()

    @register(timeout=60)
    async def sleep_long(ctx: Context) -> str:
        entered.set()
        await asyncio.Event().wait()
        return "never"

    call = asyncio.create_task(mcp.try_call("sleep_long", {}))
    async with asyncio.timeout(30):
        await entered.wait()
    await mcp_clock.let_pass(60)
    assert "it may take 60 seconds" in (await call).text


async def test_a_session_that_is_not_used_expires(mcp_site: Site, mcp_clock: Clock) -> None:
    client = mcp_site.client(revision="2025-11-25")
    await client.call("repeat", text="hello")
    mcp_clock.advance(2 * HOUR)
    with pytest.raises(Refusal) as caught:
        await client.call("repeat", text="hello")
    assert caught.value.code == 404
