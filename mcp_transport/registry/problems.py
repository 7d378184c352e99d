"""What is wrong with arguments, in words for a model that can do better next time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport.conf import settings
from mcp_transport.registry.errors import Problem
from mcp_transport.registry.secrecy import Secrecy

MAX_SHOWN = 80  # characters of a wrong value that an error repeats
HIDDEN = "a value that is not repeated here"
SHORTER = {
    "missing": "is required",
    "extra_forbidden": "is not an argument",
}


def secrecy_of(schema: Mapping[str, Any]) -> Secrecy:
    """The rule for the values that a message about them does not repeat."""
    return Secrecy(settings.MCP_REDACTED_ARGUMENTS, schema)


def typed_problem(error: Mapping[str, Any], secrecy: Secrecy) -> Problem:
    """What pydantic found wrong, in words for a model."""
    if shorter := SHORTER.get(error["type"]):
        return Problem(dotted(error["loc"]), shorter)
    return problem(error["loc"], error["msg"], shown(error["loc"], error["input"], secrecy))


def schema_problem(error: Any, secrecy: Secrecy) -> Problem:
    """What does not fit a schema, in the same words."""
    path = tuple(error.instance_path)
    return problem(path, str(error.message), shown(path, error.instance, secrecy))


def problem(path: tuple[str | int, ...], text: str, given: str) -> Problem:
    """What is wrong with the argument at a path, and what was given there."""
    return Problem(dotted(path), f"{text} (given: {given})") if path else Problem("arguments", text)


def dotted(path: tuple[str | int, ...]) -> str:
    """A path as it is written: ``order.lines.0``."""
    return ".".join(map(str, path))


def shown(path: tuple[str | int, ...], value: Any, secrecy: Secrecy) -> str:
    """A wrong value, shortened; never one that may be secret."""
    if any(secrecy.covers(str(name)) for name in path):
        return HIDDEN
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else f"an array of {len(value)}"
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
