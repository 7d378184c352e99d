"""Whole numbers as others write them."""

from __future__ import annotations

import pytest

from mcp_transport.digits import LARGEST_KEY, read_key, read_number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("7", 7), ("07", 7), ("10", 10)])
def test_digits_up_to_the_largest_are_a_number(text: str, number: int) -> None:
    assert read_number(text, most=10) == number


@pytest.mark.parametrize(
    "text", ["", "11", "007", "-1", "+1", " 1", "1_0", "1.0", "x", "٣", "²", "9" * 5000]
)
def test_anything_else_is_none(text: str) -> None:
    assert read_number(text, most=10) is None


def test_a_key_is_what_a_database_takes() -> None:
    assert read_key(str(LARGEST_KEY)) == LARGEST_KEY
    assert read_key(str(LARGEST_KEY + 1)) is None
