"""Thousands of requests that went wrong on their way, straight into the application."""

from __future__ import annotations

import asyncio

import pytest

from tests.fuzz.attempts import SEEDS, Attempt
from tests.fuzz.hunting import LIMIT, REQUESTS, hunt
from tests.fuzz.judging import GROWTH, P99, held_bytes, percentile
from tests.fuzz.mutations import attempts, encoded
from tests.fuzz.site import Site

pytestmark = pytest.mark.timeout(LIMIT)


# Hypothesis warns of long examples when it shows one that failed, and would hide the failure.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_no_request_breaks_the_endpoint(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str]
) -> None:
    def attempt(example: Attempt) -> None:
        loop.run_until_complete(site.try_out(example))
        assert faults == []

    hunt(attempts(), attempt, requests=REQUESTS)
    loop.run_until_complete(site.check_good_call())
    assert percentile(site.seconds, 0.99) <= P99


def test_valid_requests_are_served_and_leave_nothing_behind(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str]
) -> None:
    def everything() -> None:
        for attempt in SEEDS:
            loop.run_until_complete(site.try_out(encoded(attempt)))

    for _ in range(3):
        everything()
    before = held_bytes()
    for _ in range(10):
        everything()
    assert held_bytes() - before <= GROWTH
    assert faults == []
