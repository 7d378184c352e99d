"""The script that wrk runs, and what it prints."""

from __future__ import annotations

import pytest

from benchmarks import messages
from benchmarks.messages import FIRST_ID, Address
from benchmarks.wrk import parse, script

ADDRESS = Address(port=8000, path="/mcp")
OUTPUT = """\
Running 1s test @ http://127.0.0.1:8000
  Requests/sec:  17043.11
{"requests": 17045, "microseconds": 1000120, "errors": 2, "p50": 1.110000, "p99": 7.720000}
"""


def test_requests_are_sent_in_turn() -> None:
    calls = [messages.legacy_call(ADDRESS, "echo", session) for session in ("one", "two")]
    text = script(calls)
    assert text.index("Mcp-Session-Id: one") < text.index("Mcp-Session-Id: two")
    assert f"id = #before, {FIRST_ID}" in text
    assert f"{FIRST_ID}," not in text  # every request gets an id of its own


def test_the_script_is_lua_that_keeps_line_ends() -> None:
    text = script([messages.modern_call(ADDRESS, "echo")])
    assert r"HTTP/1.1\r\n" in text
    assert "\r" not in text


def test_figures_are_read_from_the_line_of_the_script() -> None:
    load = parse(OUTPUT)
    assert (load.requests, load.errors, load.p50, load.p99) == (17045, 2, 1.11, 7.72)
    assert load.seconds == pytest.approx(1.00012)
