"""
What a message repeats of what a peer sent, which may be as long as a body.

Pure: no I/O, no Django.
"""

from __future__ import annotations

from typing import Any

LONGEST_VALUE = 200  # characters of what a peer sent that a message repeats
LONGEST_MESSAGE = 2000  # characters of a message, whatever it lists


def shortened(text: str, length: int = LONGEST_VALUE) -> str:
    """The beginning of a text that may be as long as a body."""
    return text if len(text) <= length else f"{text[:length]}…"


def capped(message: str) -> str:
    """A whole message, whatever it lists."""
    return shortened(message, LONGEST_MESSAGE)


def shown(value: Any) -> str:
    """A value that a peer sent, as a message repeats it."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return repr(shortened(value)) if isinstance(value, str) else shortened(repr(value))
