"""Tests of what a terminal shows while something takes its time."""

from __future__ import annotations

import pytest

from mcp_transport.management.subcommands.terminal import ProgressLine, bar


def written(*, is_terminal: bool, width: int = 80) -> tuple[ProgressLine, list[str]]:
    """A line, and what is written for it."""
    texts: list[str] = []
    return ProgressLine(texts.append, is_terminal=is_terminal, width=width), texts


def test_without_a_terminal_each_report_is_a_line() -> None:
    line, texts = written(is_terminal=False)
    line.report(1, 3, "looking")
    line.report(2.5, None, "")
    line.line("found")
    line.clear()
    assert texts == ["1/3 looking\n", "2.5\n", "found\n"]


def test_a_report_covers_the_one_before() -> None:
    line, texts = written(is_terminal=True)
    line.report(10, None, "apples")
    line.report(11, None, "")
    line.clear()
    line.clear()
    assert texts == ["\r10 apples", "\r11       ", "\r  \r"]


def test_a_line_goes_above_the_report() -> None:
    line, texts = written(is_terminal=True)
    line.line("first")
    line.report(1, None, "")
    line.line("second")
    assert "".join(texts) == "first\n\r1\r \rsecond\n1"


def test_a_report_keeps_to_one_line() -> None:
    line, texts = written(is_terminal=True, width=10)
    line.report(1, None, "a" * 100)
    assert texts == ["\r1 aaaaaaa"]


@pytest.mark.parametrize(
    ("done", "total", "text"),
    [
        (0, 4, "░" * 24 + "   0%"),
        (1, 2, "█" * 12 + "░" * 12 + "  50%"),
        (9, 4, "█" * 24 + " 100%"),
        (-1, 4, "░" * 24 + "   0%"),
        (3, 0, "3"),
        (3, -1, "3"),
        (3, None, "3"),
    ],
)
def test_a_bar_shows_how_far_where_an_end_is_known(
    done: float, total: float | None, text: str
) -> None:
    assert bar(done, total) == text
