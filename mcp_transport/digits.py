"""Whole numbers as others write them: in an address, a query, a header. Pure."""

from __future__ import annotations

LARGEST_KEY = 2**63 - 1  # what every database takes as a key


def read_number(text: str, *, most: int) -> int | None:
    """
    The number from 0 to ``most`` that a text writes, else None.

    Digits of other scripts do not count. A text of more digits than ``most``
    has is not read at all: int() raises for very long ones.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most))):
        return None
    number = int(text)
    return number if number <= most else None


def read_key(text: str) -> int | None:
    """The key of a row that a text may be, else None; a query with a larger one would fail."""
    return read_number(text, most=LARGEST_KEY)
