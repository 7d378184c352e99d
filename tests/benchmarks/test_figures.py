"""What follows from what was measured."""

from __future__ import annotations

import pytest

from benchmarks.cases import UNIT
from benchmarks.figures import Figures, Line, lines, middle, slower
from tests.benchmarks.builders import BY_NAME, line

MODERN = "echo/ours/modern/32"
ONE = "echo/ours/modern/1"


def test_the_middle_is_the_median_and_errors_add_up() -> None:
    rounds = [Figures(cost=cost, rate=rate, errors=1) for cost, rate in ((9, 1), (1, 5), (2, 3))]
    assert middle(rounds) == Figures(cost=2, rate=3, errors=3)


def test_a_ratio_is_told_in_the_unit_of_the_same_run() -> None:
    rounds = {UNIT: [Figures(cost=20)], MODERN: [Figures(cost=45)], "cycle/ours": [Figures(cost=9)]}
    told = {item.case.name: item.ratio for item in lines(list(BY_NAME.values()), rounds)}
    assert told == {UNIT: 1.0, MODERN: 2.25, "cycle/ours": None}


def test_the_ratio_is_that_of_rounds_and_not_of_medians() -> None:
    """A slow minute meets both sides of a round, and changes nothing."""
    rounds = {
        UNIT: [Figures(cost=cost) for cost in (20, 40, 30)],
        MODERN: [Figures(cost=cost) for cost in (40, 80, 90)],
    }
    assert lines([BY_NAME[MODERN]], rounds)[0].ratio == 2.0


def test_daphne_is_compared_with_itself() -> None:
    rounds = {
        UNIT: [Figures(cost=20)],
        "echo/bare-daphne/32": [Figures(cost=200)],
        "echo/ours-daphne/modern/32": [Figures(cost=260)],
    }
    assert lines([BY_NAME["echo/ours-daphne/modern/32"]], rounds)[0].ratio == 1.3


def test_what_has_no_unit_in_the_run_has_no_ratio() -> None:
    assert lines([BY_NAME[MODERN]], {MODERN: [Figures(cost=45)]})[0].ratio is None


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (line(MODERN, ratio=2.25), True),
        (line(MODERN, ratio=2.26), False),
        (line(MODERN, ratio=None), False),
        (line(ONE, ratio=4, p50=0.5), True),
        (line(ONE, ratio=4, p50=0.6), False),
        (line("cycle/ours", cost=400), True),
        (line("cycle/ours", cost=401), False),
        (line("fanout/ours/listen/1000", cost=11, p50=51), False),
        (line(UNIT, ratio=1), None),
    ],
)
def test_an_aim_is_met_or_missed(measured: Line, expected: bool | None) -> None:
    assert measured.is_met is expected


def test_a_busy_generator_makes_a_figure_doubtful() -> None:
    assert line(UNIT, busy=0.95).is_doubtful
    assert not line(UNIT, busy=0.5).is_doubtful
    assert Line(case=BY_NAME[UNIT], figures=Figures(cost=1, errors=1), ratio=1).is_doubtful


def test_slower_than_the_slack_allows_is_told() -> None:
    (sentence,) = slower([line(MODERN, ratio=4.2)], {MODERN: 2.4}).values()
    assert sentence == (
        "echo/ours/modern/32 costs 4.20 times echo/bare/32; recorded is 2.40, allowed 4.00."
    )


def test_one_good_round_shows_that_a_change_is_fast_enough() -> None:
    rounds = {
        UNIT: [Figures(cost=20), Figures(cost=20), Figures(cost=20)],
        MODERN: [Figures(cost=100), Figures(cost=60), Figures(cost=90)],
    }
    (measured,) = lines([BY_NAME[MODERN]], rounds)
    assert (measured.ratio, measured.best) == (4.5, 3.0)
    assert slower([measured], {MODERN: 2.4}) == {}
    assert slower([measured], {MODERN: 1.7})


def test_within_the_slack_or_without_a_record_nothing_is_told() -> None:
    assert slower([line(MODERN, ratio=3.9), line(ONE, ratio=99)], {MODERN: 2.4}) == {}


def test_a_line_can_be_kept_as_json() -> None:
    kept = line(MODERN, cost=45.123456, ratio=2.1).as_json()
    assert (kept["cost"], kept["ratio"], kept["is_met"]) == (45.1235, 2.1, True)
    assert kept["case"]["aim"]["value"] == 2.25
