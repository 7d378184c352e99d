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


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with one argument; its text is safe to show."""

    argument: str  # dotted for what stands inside an argument
    text: str

    def __str__(self) -> str:
        return f"{self.argument}: {self.text}"


class ArgumentError(ToolError):
    """Arguments that do not fit; the message lists every one of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        listed = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(f"The arguments do not fit:\n{listed}")
        self.problems = tuple(problems)


class OutputError(Exception):
    """A function returned what it did not declare, or what cannot be sent."""
