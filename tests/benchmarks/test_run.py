"""The command's options, and what the gate says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import run
from benchmarks.cases import GATE, UNIT
from benchmarks.figures import Line
from tests.benchmarks.builders import line

MODERN = "echo/ours/modern/32"


@pytest.mark.parametrize(
    ("arguments", "rounds", "seconds"),
    [([], 5, 8), (["--quick"], 1, 2), (["--ci"], 5, 2), (["--ci", "--seconds", "1"], 5, 1)],
)
def test_how_long_is_measured(arguments: list[str], rounds: int, seconds: float) -> None:
    effort = run.effort_of(run.parse(arguments), load_core=0)
    assert (effort.rounds, effort.seconds) == (rounds, seconds)


@pytest.mark.parametrize(
    ("ratio", "again", "status"), [(3.9, None, 0), (4.1, 3.9, 0), (4.1, 4.2, 1)]
)
def test_the_gate_fails_when_ours_is_slower_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ratio: float, again: float | None, status: int
) -> None:
    asked: list[list[str]] = []

    def measure_again(names: list[str]) -> list[Line]:
        asked.append(names)
        return [line(MODERN, ratio=again)]

    monkeypatch.setattr(run, "RECORDED", tmp_path / "recorded.json")
    run.record([line(UNIT, ratio=1.0), line(MODERN, ratio=2.4), line("cycle/ours")])
    assert json.loads(run.RECORDED.read_text(encoding="utf-8")) == {MODERN: 2.4}
    assert run.gate([line(MODERN, ratio=ratio)], measure_again) == status
    assert asked == ([] if again is None else [[MODERN]])


def test_every_case_of_the_gate_is_recorded() -> None:
    recorded = json.loads(run.RECORDED.read_text(encoding="utf-8"))
    assert set(recorded) == {case.name for case in GATE} - {UNIT}


def test_a_new_table_takes_the_place_of_the_last(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{run.BEGIN}old\n{run.END}after\n", encoding="utf-8")
    for table in ("first\n", "second\n"):
        run.publish(page, table, "<svg/>")
    text = page.read_text(encoding="utf-8")
    assert text == f"before\n{run.BEGIN}\nsecond\n\n{run.END}after\n"
    assert page.with_suffix(".svg").read_text(encoding="utf-8") == "<svg/>"


def test_the_page_has_a_place_for_the_table() -> None:
    text = run.PAGE.read_text(encoding="utf-8")
    assert text.index(run.BEGIN) < text.index(run.END)
