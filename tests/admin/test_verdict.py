"""Tests of mcp_transport.admin.verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mcp_transport.admin.verdict import Verdict, state_of, verdict
from mcp_transport.audit.tallies import Figures

NAMES = {"shop": "Bookshop", "books": "Books", "archive": "Archive"}


def tally(**outcomes: int) -> Figures:
    """Calls that ended so."""
    found = Figures()
    found.outcomes = dict(outcomes)
    return found


def judge(enabled: str = "shop books", **tallies: Figures) -> Verdict:
    """The verdict on some servers, its blanks plain."""
    found = verdict(NAMES, tallies, enabled.split(), "24 hours")
    return replace(found, text=found.text.replace("\N{NO-BREAK SPACE}", " "))


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ({}, "off"),
        ({"ok": 100}, "ok"),
        ({"ok": 2, "error": 2}, "ok"),
        ({"ok": 96, "timeout": 4}, "ok"),
        ({"ok": 90, "tool_error": 10}, "warn"),
        ({"ok": 10, "error": 10}, "failed"),
        ({"ok": 20, "denied": 500}, "ok"),
        ({"ok": 10, "error": 5, "denied": 500}, "failed"),
    ],
)
def test_a_server_is_as_healthy_as_the_calls_that_it_ran(
    outcomes: dict[str, int], state: str
) -> None:
    assert state_of(tally(**outcomes)) == state


def test_a_server_that_nobody_called_is_not_judged() -> None:
    assert state_of(None) == "off"


def test_all_is_well_in_words() -> None:
    assert judge(shop=tally(ok=1000, error=9)) == Verdict(
        "ok", "All is well: 1,009 calls in the last 24 hours, 0.9 % of them failed."
    )
    few = judge(shop=tally(ok=7, tool_error=1)).text
    assert few == "All is well: 8 calls in the last 24 hours, 1 of them failed."
    assert judge(shop=tally(ok=1)).text == "All is well: 1 call in the last 24 hours, none failed."


def test_nothing_is_not_called_well() -> None:
    assert judge() == Verdict("info", "No calls in the last 24 hours.")
    assert judge(enabled="") == Verdict("warn", "Every server is turned off.")


def test_who_needs_attention_is_named_the_worst_first() -> None:
    found = judge(shop=tally(ok=90, error=10), books=tally(ok=1, timeout=9))
    assert found == Verdict(
        "failed",
        "2 of 2 servers need attention. Books: 90 % of its calls failed."
        " Bookshop: 10 % of its calls failed.",
        is_bad=True,
    )
    assert judge(shop=tally(ok=90, error=10)).text.startswith("1 of 2 servers needs attention.")


def test_a_server_that_is_turned_off_or_gone_is_not_judged() -> None:
    found = judge(enabled="shop", shop=tally(ok=9), books=tally(error=9), gone=tally(error=9))
    assert found.kind == "ok"
