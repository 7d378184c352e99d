"""Tests of mcp_transport.sources.foreign.definitions: whatever a program lists."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_transport.engine.wire import to_definition
from mcp_transport.sources.foreign.definitions import Listed, entries_of
from mcp_transport.sources.foreign.origin import prefixed
from mcp_transport.sources.stdio.programs import Program

PROGRAM = Program(alias="box", command=(sys.executable,))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
MEMBERS = (
    "name", "title", "description", "inputSchema", "outputSchema", "annotations", "icons", "_meta",
    "uri", "uriTemplate", "mimeType", "size", "arguments",
)  # fmt: skip
SCHEMA = st.just({"type": "object", "properties": {"a": {"type": "string"}}})
ITEM = st.fixed_dictionaries(
    {}, optional={name: (JSON | SCHEMA | st.just("note://{a}")) for name in MEMBERS}
)


@settings(max_examples=50)
@given(st.lists(ITEM, max_size=3))
def test_whatever_is_listed_becomes_entries_or_is_left_out(items: list[dict[str, Any]]) -> None:
    listed = Listed(tools=items, resources=items, templates=items, prompts=items)
    entries = entries_of(PROGRAM, listed)
    for kind in (entries.tools, entries.resources, entries.templates, entries.prompts):
        for entry in kind:
            assert to_definition(entry)["name"]


@given(st.text(min_size=1, max_size=200))
def test_a_name_is_one_that_every_client_takes(name: str) -> None:
    public = prefixed("box_", name)
    assert len(public) <= 64
    assert public.isascii()
    assert public.replace("_", "").replace("-", "").isalnum()


def test_names_that_become_alike_stay_apart() -> None:
    names = ["a b", "a_b", "a.b", "a" * 80, "a" * 81, "ä", "ö"]
    assert len({prefixed("box_", name) for name in names}) == len(names)


def test_icons_that_could_be_scripts_are_left_out() -> None:
    icons = [{"src": "javascript:alert(1)"}, {"src": "https://example.org/icon.png"}]
    (tool,) = entries_of(PROGRAM, Listed(tools=[{"name": "a", "icons": icons}])).tools
    assert [icon.src for icon in tool.icons] == ["https://example.org/icon.png"]


@pytest.mark.parametrize(
    "dialect",
    ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"],
)
def test_schemas_of_usual_dialects_are_taken(dialect: str) -> None:
    schema = {"$schema": dialect, "type": "object", "properties": {"a": {"type": "integer"}}}
    (tool,) = entries_of(PROGRAM, Listed(tools=[{"name": "a", "inputSchema": schema}])).tools
    assert tool.input.problem({"a": 1}) == ""
    assert tool.input.problem({"a": "1"}) != ""
