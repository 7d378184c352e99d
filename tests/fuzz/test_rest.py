"""Thousands of plain requests that went wrong on their way, straight into the application."""

from __future__ import annotations

import asyncio

import pytest

from tests.fuzz.attempts import Attempt
from tests.fuzz.hunting import LIMIT, REQUESTS, hunt
from tests.fuzz.judging import P99, percentile
from tests.fuzz.mutations import attempts, encoded
from tests.fuzz.plain import SEEDS, TARGETS, judge_plain
from tests.fuzz.site import Site

pytestmark = pytest.mark.timeout(LIMIT)


def test_no_plain_request_breaks_the_site(
    site: Site, loop: asyncio.AbstractEventLoop, faults: list[str]
) -> None:
    site.judge = judge_plain

    def attempt(example: Attempt) -> None:
        loop.run_until_complete(site.try_out(example))
        assert faults == []

    for valid in SEEDS:
        attempt(encoded(valid))
    hunt(attempts(seeds=SEEDS, targets=TARGETS), attempt, requests=REQUESTS)
    loop.run_until_complete(site.check_good_call())
    assert percentile(site.seconds, 0.99) <= P99
