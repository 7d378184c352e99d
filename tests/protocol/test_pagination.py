"""Tests of mcp_transport.protocol.pagination."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.pagination import page

LIST = list(range(10))


def cursor(text: str) -> str:
    """A cursor as somebody might make it."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_list_that_fits_is_one_page() -> None:
    assert page(LIST, None, size=10, of="tools") == (LIST, None)
    assert page([], None, size=10, of="tools") == ([], None)


@given(st.integers(0, 30), st.integers(1, 12))
def test_pages_together_are_the_whole_list(length: int, size: int) -> None:
    items = list(range(length))
    seen: list[int] = []
    at: str | None = None
    while True:
        part, at = page(items, at, size=size, of="tools")
        seen += part
        if at is None:
            break
        assert at != ""
        assert len(part) == size
    assert seen == items


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "zzz",
        "é",
        "AAAA=",
        cursor("tools:"),
        cursor("tools:0"),
        cursor("tools:-3"),
        cursor("tools:10"),
        cursor("tools:03"),
        cursor("tools:٣"),
        cursor("tools:" + "9" * 5000),
        cursor("prompts:3"),
        cursor("3"),
        cursor("tools:3") + "\n",
        3,
        0,
        True,
        3.0,
        [],
        {},
    ],
)
def test_an_unknown_cursor_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidParams, match="no cursor of this list"):
        page(LIST, wrong, size=3, of="tools")


def test_a_cursor_of_another_list_is_refused() -> None:
    _, following = page(LIST, None, size=3, of="prompts")
    with pytest.raises(InvalidParams):
        page(LIST, following, size=3, of="tools")


def test_a_cursor_into_what_is_no_longer_there_is_refused() -> None:
    _, following = page(LIST, None, size=3, of="tools")
    with pytest.raises(InvalidParams):
        page(LIST[:3], following, size=3, of="tools")


@given(
    st.none() | st.text() | st.integers() | st.lists(st.text()) | st.binary()
    | st.binary().map(base64.urlsafe_b64encode).map(bytes.decode)
)  # fmt: skip
def test_no_cursor_raises_anything_else(anything: Any) -> None:
    try:
        part, _ = page(LIST, anything, size=3, of="tools")
    except InvalidParams as error:
        assert error.code == -32602
    else:
        assert len(part) == 3
