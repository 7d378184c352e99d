"""Tests of mcp_transport.admin.figures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mcp_transport.admin import figures


def plain(text: str) -> str:
    """A figure without the blanks that keep it on one line."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [(None, "–"), (0, "0.0 ms"), (412, "0.4 ms"), (212_400, "212 ms"), (3_140_000, "3.1 s")],
)
def test_a_duration_has_the_unit_that_reads_best(microseconds: float | None, words: str) -> None:
    assert plain(figures.duration(microseconds)) == words


def test_one_call_is_not_called_calls() -> None:
    assert [figures.calls(number) for number in (0, 1, 1331)] == [
        "0 calls",
        "1 call",
        "1,331 calls",
    ]


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 0, "–"), (0, 9, "0 %"), (1, 5000, "< 0.1 %"), (12, 1331, "0.9 %"), (1, 2, "50 %")],
)
def test_a_share_of_nothing_is_no_zero(part: int, whole: int, words: str) -> None:
    assert plain(figures.share(part, whole)) == words


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [(104, 100, "+4 %"), (88, 100, "−12 %"), (5, 5, "no change"), (5, 0, ""), (None, 5, "")],
)
def test_a_change_is_told_against_what_was_before(
    now: float | None, before: float, words: str
) -> None:
    assert plain(figures.change(now, before)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2, "just now"), (30, "30 s ago"), (190, "3 min ago"), (90_000, "1 d ago"), (-7200, "in 2 h")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert figures.age(NOON - timedelta(seconds=seconds), NOON) == words


def test_an_absolute_time_has_its_offset() -> None:
    assert figures.absolute(NOON) == "2026-01-31 12:00:00 UTC"
    with timezone.override("Asia/Kolkata"):
        assert figures.absolute(NOON) == "2026-01-31 17:30:00 UTC+05:30"
