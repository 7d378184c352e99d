"""Records: what does not change, and what is known only when the apps are ready."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from django.contrib.auth import authenticate

from mcp_transport.registry.building import build_prompt, build_resource, build_tool
from mcp_transport.registry.records import Entry, HeaderParameter, ToolDefinition


def nothing(name: str = "") -> str:
    """Do nothing."""
    return name


def fixed() -> str:
    """Be read."""
    return ""


ENTRIES: list[Entry] = [
    build_tool(nothing),
    build_resource(fixed, "a://x"),
    build_resource(nothing, "a://{name}"),
    build_prompt(nothing),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_function_outside_any_app_belongs_to_its_top_package(entry: Entry) -> None:
    assert entry.function.app_label == "tests"


def test_a_function_belongs_to_the_app_it_is_written_in() -> None:
    def served(**arguments: Any) -> None: ...

    served.__module__ = authenticate.__module__ + ".mcp"
    assert build_tool(served, input_schema={"type": "object"}).function.app_label == "auth"


def test_a_function_is_named_by_its_place() -> None:
    assert ENTRIES[0].function.place == "tests.registry.test_records.nothing"


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_record_does_not_change(entry: Entry) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        entry.name = "other"  # type: ignore[misc] # the case at hand
    assert dataclasses.replace(entry, name="other").name == "other"


def test_a_definition_needs_no_function() -> None:
    definition = ToolDefinition(name="remote", input_schema={"type": "object"}, source="remote")
    assert definition.headers == ()
    assert definition.output_schema is None


def test_a_marked_argument_is_found_wherever_it_stands() -> None:
    parameter = HeaderParameter(path=("ship", "region"), header="Region", type="string")
    assert parameter.value_in({"ship": {"region": "eu"}}) == "eu"
    nowhere: list[Any] = [{}, {"ship": None}, {"ship": "eu"}, {"ship": {}}, None, []]
    assert not any(map(parameter.value_in, nowhere))
