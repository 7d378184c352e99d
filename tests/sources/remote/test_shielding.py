"""Tests of mcp_transport.sources.remote.shielding."""

from __future__ import annotations

import asyncio

import pytest

from mcp_transport.sources.foreign.errors import Away
from mcp_transport.sources.remote import shielding
from mcp_transport.sources.remote.shielding import Breaker, Bulkhead


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def failed(breaker: Breaker, times: int) -> None:
    """So many requests fail."""
    for _ in range(times):
        assert breaker.enter()
        breaker.fail()


def test_a_server_is_left_alone_after_five_failures_in_a_row() -> None:
    breaker = Breaker(Clock())
    failed(breaker, 4)
    breaker.enter()
    breaker.succeed()
    failed(breaker, 5)
    assert not breaker.enter()
    assert breaker.wait == shielding.FIRST_PAUSE


def test_failures_that_are_far_apart_are_none_in_a_row() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(20):
        failed(breaker, 1)
        clock.now += shielding.WITHIN / 4 + 1
    assert breaker.enter()


def test_one_request_tries_and_what_becomes_of_it_holds_for_all() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    failed(breaker, 5)
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        assert breaker.wait == pause
        clock.now += pause
        assert breaker.enter()
        assert not breaker.enter()
        breaker.fail()
    clock.now += 30
    assert breaker.enter()
    breaker.succeed()
    assert breaker.enter()
    assert breaker.enter()


def test_an_attempt_that_was_left_lets_another_try() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    failed(breaker, 5)
    clock.now += 1
    assert breaker.enter()
    breaker.leave()
    assert breaker.enter()
    clock.now += shielding.PROBE_PATIENCE
    assert breaker.enter()


def test_what_was_asked_before_it_was_left_alone_makes_no_pause_longer() -> None:
    breaker = Breaker(Clock())
    for _ in range(50):
        breaker.fail()
    assert breaker.wait == shielding.FIRST_PAUSE


async def hold(bulkhead: Bulkhead, until: asyncio.Event) -> None:
    """Have a place until something is set."""
    async with bulkhead.place():
        await until.wait()


async def test_places_are_passed_on_and_none_is_lost() -> None:
    bulkhead = Bulkhead(2, patience=20.0, name="It")
    done = asyncio.Event()
    tasks = [asyncio.create_task(hold(bulkhead, done)) for _ in range(30)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bulkhead.running == 2
    for left in (*tasks[:1], *tasks[5:10]):
        left.cancel()
    await asyncio.wait(tasks[5:10])
    done.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert bulkhead.running == 0


async def test_who_waits_too_long_or_behind_too_many_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bulkhead = Bulkhead(1, patience=0.01, name="It")
    async with bulkhead.place():
        with pytest.raises(Away, match="It works for as many as it may"):
            async with bulkhead.place():
                pass
        monkeypatch.setattr(shielding, "MOST_WAITING", 0)
        with pytest.raises(Away):
            async with bulkhead.place():
                pass
    async with bulkhead.place():
        assert bulkhead.running == 1
