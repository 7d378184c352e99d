"""Every case can be run, and can be asked for."""

from __future__ import annotations

import pytest

from benchmarks.cases import CASES, GATE, UNIT, UNIT_OF_DAPHNE, Case, chosen
from benchmarks.report import title
from benchmarks.targets import TARGETS


def test_no_two_cases_have_the_same_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_asks_what_its_server_speaks(case: Case) -> None:
    target = TARGETS[case.target]
    paths = {"modern": target.modern, "legacy": target.legacy, "socket": target.socket}
    assert paths[case.era] is not None
    assert title(case)


def test_every_server_is_measured() -> None:
    assert {case.target for case in CASES} == set(TARGETS)


def test_a_unit_is_measured_before_what_is_told_in_it() -> None:
    names = [case.name for case in CASES]
    for case in CASES:
        assert names.index(case.unit) <= names.index(case.name)


def test_nothing_chosen_is_everything() -> None:
    assert chosen([]) == CASES


def test_a_part_of_the_name_chooses_with_its_unit() -> None:
    assert {case.name for case in chosen(["cycle/ours"])} == {"cycle/ours"}
    assert {case.name for case in chosen(["echo/fastmcp"])} == {
        UNIT, "echo/fastmcp/modern/32", "echo/fastmcp/legacy/32",
    }  # fmt: skip


def test_a_pattern_chooses_whole_names() -> None:
    names = {case.name for case in chosen(["echo/ours-d*/modern/*"])}
    assert names == {UNIT_OF_DAPHNE, "echo/ours-daphne/modern/32"}


def test_a_name_of_nothing_chooses_nothing() -> None:
    assert chosen(["echo/nobody"]) == ()


def test_the_gate_needs_nothing_but_ours_and_bare() -> None:
    assert {case.target for case in GATE} == {"ours", "bare"}
    assert len([case for case in GATE if case.aim]) == 3
