"""Tests of mcp_transport.oauth.scopes."""

from __future__ import annotations

from mcp_transport.auth.resources import SCOPES
from mcp_transport.oauth.scopes import DEFAULT, WORDS, in_words, known


def test_scopes_are_those_that_metadata_names() -> None:
    assert set(WORDS) == set(SCOPES)
    assert set(DEFAULT) <= set(WORDS)


def test_what_means_nothing_is_left_out() -> None:
    asked = ["tools", "tools", "openid", "operator", "tool:", "tool:x", "tool:" + "x" * 200]
    assert known(asked) == ["tools", "tool:x"]


def test_a_request_has_an_end() -> None:
    assert len(known(f"tool:{n}" for n in range(1000))) == 50


def test_scopes_are_said_in_words() -> None:
    assert in_words("tool:order_book") == "Use the tool order_book"
    assert in_words("resources") == "Read its resources"
