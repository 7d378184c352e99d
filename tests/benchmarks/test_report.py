"""The table says what was measured, and how."""

from __future__ import annotations

from benchmarks.cases import UNIT
from benchmarks.report import conditions, markdown, markdown_table, results, without_empty_columns
from tests.benchmarks.builders import line

LINES = [
    line(UNIT, cost=21.5, ratio=1.0),
    line("echo/ours/modern/32", cost=64.5, ratio=3.0, rate=12345.6, busy=0.95),
    line("idle/ours/listen/2000", cost=14.0),
]


def test_the_columns_of_a_table_line_up() -> None:
    table = markdown_table([["server", "µs"], ["ours", "9.5"], ["bare ASGI", "21.0"]])
    assert table.splitlines() == [
        "| server    |   µs |",
        "| --------- | ---: |",
        "| ours      |  9.5 |",
        "| bare ASGI | 21.0 |",
    ]


def test_a_column_that_says_nothing_is_left_out() -> None:
    assert without_empty_columns([["a", "b", ""], ["1", "", ""], ["2", "", "x"]]) == [
        ["a", ""], ["1", ""], ["2", "x"],
    ]  # fmt: skip


def test_a_table_for_each_kind_with_aims_and_verdicts() -> None:
    text = markdown(LINES, "How it was measured.", {})
    assert text.startswith("How it was measured.\n\n### A tool call")
    assert "| ≤ 2.25 × | **missed** (?) |" in text
    assert "12,346" in text
    assert "| ≤ 15 | met |" in text
    assert "### A session" not in text
    assert text.endswith("or there were errors.\n")


def test_what_could_not_be_measured_is_told() -> None:
    assert "Left out: fastmcp (no network)" in markdown(LINES[:1], "", {"fastmcp": "no network"})


def test_conditions_name_versions_and_no_machine() -> None:
    text = conditions(rounds=5, seconds=8.0, has_two_cores=True, others=["mcp 2.3.0"])
    assert text.startswith("Medians of 5 interleaved rounds of 8 s; one server process on one core")
    assert ", uvicorn " in text
    assert text.endswith(", mcp 2.3.0.")


def test_results_keep_every_round() -> None:
    told = results(LINES, "how", {}, {UNIT: [LINES[0].figures]})
    assert told["costs_of_rounds"] == {UNIT: [21.5]}
    assert [item["case"]["name"] for item in told["lines"]] == [item.case.name for item in LINES]
