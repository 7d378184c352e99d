"""The code of the tutorial is code that runs."""

from __future__ import annotations

import importlib
from pathlib import Path

from mcp_transport.registry.registry import registry

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "docs" / "samples" / "library" / "mcp.py"


def test_the_tutorial_shows_the_sample() -> None:
    page = (PROJECT / "docs" / "tutorial" / "first-tool.md").read_text(encoding="utf-8")
    assert SAMPLE.read_text(encoding="utf-8") in page


async def test_the_samples_tools_are_registered_and_work() -> None:
    with registry.registered_temporarily():
        module = importlib.import_module("docs.samples.library.mcp")
        tools = dict(registry.tools)
    weeks = tools["due_date"].input_schema["properties"]["weeks"]
    assert (weeks["minimum"], weeks["maximum"]) == (1, 8)
    assert weeks["description"] == "How long it is lent."
    assert (await module.due_date("Emma")).title == "Emma"
    assert "renew" in tools
