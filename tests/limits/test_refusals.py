from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcp_transport.limits import refusals as refusals_module
from mcp_transport.limits.refusals import Refusals
from mcp_transport.testing.clock import Clock


@pytest.fixture
def clock() -> Iterator[Clock]:
    with Clock() as moving:
        yield moving


def test_the_first_is_told_and_the_others_are_counted(clock: Clock) -> None:
    refusals = Refusals()
    assert [refusals.note("a", number) for number in range(5)] == [True] + 4 * [False]
    assert refusals.summaries() == []  # the minute goes on
    clock.advance(61)
    assert refusals.summaries() == [(0, 4)]
    assert refusals.summaries() == []
    assert refusals.note("a", 9)


def test_one_that_stays_alone_needs_no_summary(clock: Clock) -> None:
    refusals = Refusals()
    refusals.note("a", 1)
    clock.advance(61)
    assert refusals.summaries() == []


def test_at_the_end_everything_is_told() -> None:
    refusals = Refusals()
    refusals.note("a", 1)
    refusals.note("a", 2)
    assert refusals.summaries(are_all=True) == [(1, 1)]


def test_of_too_many_kinds_the_number_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals_module, "KIND_LIMIT", 2)
    refusals = Refusals()
    assert [refusals.note(kind, kind) for kind in "abcde"] == [True, True, False, False, False]
    assert refusals.summaries(are_all=True) == [("c", 3)]
