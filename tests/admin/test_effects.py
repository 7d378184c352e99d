"""Tests of mcp_transport.admin.effects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport.admin.effects import effects, effects_status


@pytest.mark.parametrize(
    ("kind", "hints", "word"),
    [
        ("tool", {}, "unknown"),
        ("tool", {"idempotentHint": True}, "unknown"),
        ("tool", {"readOnlyHint": True, "destructiveHint": True}, "reads"),
        ("tool", {"readOnlyHint": False}, "unknown"),
        ("tool", {"readOnlyHint": False, "destructiveHint": False}, "writes"),
        ("tool", {"destructiveHint": False}, "writes"),
        ("tool", {"destructiveHint": True}, "destructive"),
        ("prompt", {}, "reads"),
    ],
)
def test_what_a_tool_does_not_say_is_not_taken_for_safe(
    kind: str, hints: dict[str, bool], word: str
) -> None:
    entry: Any = SimpleNamespace(kind=kind, wire={"annotations": hints})
    assert effects(entry) == effects_status(entry).word == word
