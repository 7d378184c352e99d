"""Tests of mcp_transport.audit.tallies."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from mcp_transport.audit.tallies import SPANS, Figures, NewCall, Window
from tests.audit.called import NOW


def figures(*durations: int, outcome: str = "ok") -> Figures:
    """Calls that took so long."""
    found = Figures()
    for duration in durations:
        found.add_call(NewCall(NOW, "shop", "tool", "order", outcome, duration, "", "", None))
    return found


@pytest.mark.parametrize("name", SPANS)
def test_a_window_has_as_many_buckets_as_it_says_and_as_many_before(name: str) -> None:
    window = Window.last(name, NOW)
    assert len(window.starts) == SPANS[name][1]
    assert window.starts[-1] <= NOW
    assert window.start - window.before == window.starts[-1] - window.start + (
        window.starts[1] - window.starts[0]
    )


def test_an_hour_is_sixty_minutes() -> None:
    window = Window.last("1h", NOW)
    assert window.start == datetime(2026, 3, 5, 13, 31, tzinfo=UTC)
    assert window.elapsed == pytest.approx(1 / 3)


def test_nothing_has_no_percentile() -> None:
    assert Figures().percentile(0.5) is None


def test_one_call_is_every_percentile_of_itself() -> None:
    found = figures(12_345)
    assert found.percentile(0.99) == pytest.approx(12_345, rel=0.02)


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_is_about_right(share: float) -> None:
    chance = random.Random(3)
    durations = sorted(int(20_000 * chance.lognormvariate(0, 1)) for _ in range(5000))
    exact = durations[int(share * 5000) - 1]
    assert figures(*durations).percentile(share) == pytest.approx(exact, rel=0.2)


def test_what_was_asked_for_in_vain_is_neither_failed_nor_timed() -> None:
    found = figures(10, outcome="denied")
    assert (found.calls, found.failed, found.denied, found.percentile(0.5)) == (1, 0, 1, None)


@pytest.mark.parametrize("outcome", ["tool_error", "error", "timeout", "interrupted"])
def test_what_went_wrong_failed(outcome: str) -> None:
    assert figures(10, outcome=outcome).failed == 1


@pytest.mark.parametrize("outcome", ["ok", "cancelled", "input_required"])
def test_what_was_given_up_or_asked_back_did_not(outcome: str) -> None:
    assert figures(10, outcome=outcome).failed == 0
