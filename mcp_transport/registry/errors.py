"""
What can go wrong in a function that serves a call, by who is to read it.

``ToolError`` is for the model and travels in the result; ``OutputError`` is
the site's own fault and travels nowhere but into its log.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mcp_transport.protocol.content import Content


class ToolError(Exception):
    """A failure the model should read; further content may stand beside it."""

    def __init__(self, message: str, content: Sequence[Content] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.content = tuple(content)


LISTED_PROBLEMS = 20
LONGEST_NAME = 100  # characters: a client may have made it up
LONGEST_TEXT = 500


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one argument; its text is safe to show."""

    argument: str  # dotted for what stands inside an argument
    text: str

    def __str__(self) -> str:
        text = self.text if len(self.text) <= LONGEST_TEXT else f"{self.text[:LONGEST_TEXT]}…"
        return f"{self.argument[:LONGEST_NAME]}: {text}"


class ArgumentError(ToolError):
    """Arguments that do not fit; the message lists them, and counts what would be too many."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        listed = [f"- {problem}" for problem in problems[:LISTED_PROBLEMS]]
        if len(problems) > LISTED_PROBLEMS:
            listed.append(f"- and {len(problems) - LISTED_PROBLEMS} more")
        super().__init__("\n".join(["The arguments do not fit:", *listed]))
        self.problems = tuple(problems)


class OutputError(Exception):
    """A function returned what it did not declare, or what cannot be sent."""


class NotFinite(OutputError):
    """
    A number that JSON does not have; an encoder would send null without a word.

    Its place is no secret, so that whoever called is told, too.
    """

    def __init__(self, number: float, place: Sequence[object]) -> None:
        where = ".".join(map(str, place))[:LONGEST_NAME] or "The result"
        super().__init__(
            f"{where} is {number}, a number that JSON does not have; "
            "return None, if the type allows it, or text instead."
        )
