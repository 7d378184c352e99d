"""Tests of mcp_transport.monitoring.tally."""

from __future__ import annotations

from mcp_transport.monitoring.tally import BOUNDS, Tally

KEY = ("tools/call", "ok", "streamable_http", True)


def test_a_request_is_counted_below_the_bound_that_it_does_not_exceed() -> None:
    tally = Tally()
    for seconds in (0.0005, 0.001, 0.0011, 61.0):
        tally.add(KEY, round(seconds * 1e9))
    requests, _ = tally.take()
    buckets = requests[KEY].buckets
    assert (buckets[0], buckets[1], buckets[-1]) == (2, 1, 1)
    assert len(buckets) == len(BOUNDS) + 1
    assert requests[KEY].total_ns == 61_002_600_000


def test_what_was_taken_is_not_counted_again() -> None:
    tally = Tally()
    tally.add(KEY, 1)
    tally.note_response(200)
    tally.note_response(200)
    assert tally.take()[1] == {200: 2}
    assert tally.take() == ({}, {})
