"""Tests of tests.faults.report: the page's table."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.faults import report
from tests.faults.finding import Finding


def found(fault: str, seen: str, *, is_good: bool = True) -> Finding:
    return Finding(fault=fault, count="1", expected="well", seen=seen, is_good=is_good)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with two findings of an earlier run."""
    page = tmp_path / "faults.md"
    page.write_text(f"before\n{report.BEGIN}{report.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(report, "PAGE", page)
    report.write([found("one", "old"), found("two", "old")], is_whole=True)
    return page


def lines(page: Path) -> list[str]:
    before, *_begin, after = page.read_text(encoding="utf-8").splitlines()
    assert (before, after) == ("before", "after")
    return [line for line in page.read_text(encoding="utf-8").splitlines() if "well" in line]


def test_a_part_of_it_leaves_the_other_lines(page: Path) -> None:
    report.write([found("two", "ill", is_good=False), found("three", "new")], is_whole=False)
    assert lines(page) == [
        "| one | 1 | well | old |",
        "| two | 1 | well | **not as expected:** ill |",
        "| three | 1 | well | new |",
    ]


def test_the_whole_leaves_nothing_of_what_was_there(page: Path) -> None:
    report.write([found("two", "new")], is_whole=True)
    assert lines(page) == ["| two | 1 | well | new |"]


def test_a_module_whose_process_died_has_a_line_too() -> None:
    future: Future[list[Finding]] = Future()
    future.set_exception(OSError("died"))
    (one,) = report.collect("many", future)
    assert (one.fault, one.is_good) == ("many", False)
    assert "died" in one.seen
