"""Thousands of requests over sockets, to a server in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.fuzz.attempts import SEEDS, Attempt
from tests.fuzz.hunting import LIMIT, REQUESTS, hunt
from tests.fuzz.judging import GROWTH, P99, percentile, resident_bytes
from tests.fuzz.mutations import attempts, encoded
from tests.fuzz.served import Served
from tests.fuzz.site import Site
from tests.fuzz.sockets import FRAMINGS, Wire

pytestmark = [pytest.mark.server, pytest.mark.timeout(LIMIT)]
WARMING = 3  # rounds of valid requests after which the process has its size


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("fuzz"))
    yield served
    served.close()


# Hypothesis warns of long examples when it shows one that failed, and would hide the failure.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
def test_no_request_breaks_the_server(served: Served, loop: asyncio.AbstractEventLoop) -> None:
    wire = Wire(served.start(loop))
    site = Site(wire.send)
    run = loop.run_until_complete
    run(site.prepare())
    for valid in SEEDS * WARMING:
        run(site.try_out(encoded(valid)))
    before = resident_bytes(served.pid)

    def attempt(example: Attempt) -> None:
        run(site.try_out(example))

    hunt(attempts(FRAMINGS), attempt, requests=REQUESTS)
    run(site.check_good_call())
    run(wire.close())
    assert percentile(site.seconds, 0.99) <= P99
    assert resident_bytes(served.pid) - before <= GROWTH
    said, traceback, rest = served.log().partition("Traceback")
    assert not traceback, said[-200:] + traceback + rest[:6000]
