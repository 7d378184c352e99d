"""Tests of mcp_transport.protocol.shortening."""

from __future__ import annotations

from mcp_transport.protocol.shortening import shown

LONG = "x" * 10**6


def test_a_value_is_shown_short() -> None:
    assert shown("a'b") == repr("a'b")
    assert shown(LONG) == f"'{'x' * 200}…'"
    assert shown([LONG]) == "an array"
    assert shown({"a": LONG}) == "an object"
    assert len(shown(10**4000)) == 201
