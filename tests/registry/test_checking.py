"""Tests of mcp_transport.registry.checking."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.registry.checking import Checked, checked
from mcp_transport.registry.errors import ArgumentError

FORK: dict[str, Any] = {
    "type": "object",
    "properties": {"e": {"$ref": "#/$defs/E"}},
    "$defs": {
        "E": {
            "oneOf": [
                {"properties": {"l": {"$ref": "#/$defs/E"}, "k": {"const": i}}} for i in (1, 2)
            ]
        }
    },
}


def deep(levels: int) -> dict[str, Any]:
    """A value that fits none of the branches, on every level."""
    value: Any = {"k": 0}
    for _ in range(levels):
        value = {"l": value, "k": 0}
    return {"e": value}


def test_what_does_not_fit_is_explained() -> None:
    found = Checked({"type": "object", "properties": {"n": {"type": "integer"}}})
    found.require({"n": 1})
    assert found.problem({"n": 1}) == ""
    with pytest.raises(ArgumentError, match="n: the value is not of type"):
        found.require({"n": "x"})
    assert found.problem({"n": "x"}) == 'n: the value is not of type "integer"'


def test_a_secret_is_not_repeated() -> None:
    schema = {"type": "object", "properties": {"pin": {"type": "integer", "format": "password"}}}
    with pytest.raises(ArgumentError) as caught:
        Checked(schema).require({"pin": "hidden"})
    assert "hidden" not in str(caught.value)


def test_a_schema_that_forks_on_every_level_costs_no_time() -> None:
    found = Checked(FORK)
    began = time.thread_time()
    with pytest.raises(ArgumentError, match="do not fit the input schema"):
        found.require(deep(40))
    assert found.problem(deep(40)) == "it does not fit its schema"
    assert time.thread_time() - began < 2.0
    assert "e" in found.problem(deep(2))


def test_a_schema_that_is_large_once_it_is_written_out_is_not_explained() -> None:
    definitions: dict[str, Any] = {
        f"A{i}": {"anyOf": [{"$ref": f"#/$defs/A{i + 1}"}] * 2} for i in range(20)
    }
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A0"}},
        "$defs": {**definitions, "A20": {"type": "string"}},
    }
    assert Checked(schema).problem({"a": 1}) == "it does not fit its schema"


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "object", "required": 3}])
def test_a_schema_that_cannot_be_used_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured):
        checked(schema, "it")
