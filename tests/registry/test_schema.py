"""Schemas: made from types without noise, checked when they are written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, Field

from mcp_transport.registry import schema as schemas


class Order(BaseModel):
    """An order."""

    number: int
    note: str = Field(default="", title="A note")


class Special(BaseModel):
    """A title that was written down."""

    model_config = {"title": "Something special"}


def nested(depth: int) -> dict[str, Any]:
    """A schema so many levels deep."""
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


def test_titles_that_repeat_names_are_left_out() -> None:
    schema = schemas.schema_of(schemas.adapter_for(list[Order], "x"), "x", "validation")
    assert schema["$defs"]["Order"] == {
        "description": "An order.",
        "properties": {
            "number": {"type": "integer"},
            "note": {"type": "string", "default": "", "title": "A note"},
        },
        "required": ["number"],
        "type": "object",
    }


def test_a_title_that_says_more_is_kept() -> None:
    schema = schemas.schema_of(schemas.adapter_for(list[Special], "x"), "x", "validation")
    assert schema["$defs"]["Special"]["title"] == "Something special"


def test_a_type_without_a_validator_is_the_sites_mistake() -> None:
    with pytest.raises(ImproperlyConfigured, match="The thing cannot be described by a schema"):
        schemas.adapter_for(object(), "The thing")


def test_a_type_without_a_schema_is_the_sites_mistake() -> None:
    adapter = schemas.adapter_for(type, "The thing")
    with pytest.raises(ImproperlyConfigured, match="The thing cannot be described by a schema"):
        schemas.schema_of(adapter, "The thing", "validation")


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "objct"}, "is no valid JSON Schema"),
        ({"pattern": "("}, "is no valid JSON Schema"),
        ({"pattern": "(?=a)b"}, "is no valid JSON Schema"),
        ({"$ref": "#/$defs/missing"}, "is no valid JSON Schema"),
        ({"$schema": "https://example.com/mine"}, "names the dialect 'https://example.com/mine'"),
        ({"$ref": "https://example.com/order.json"}, "which is outside it"),
        ({"allOf": [{"$dynamicRef": "other.json#x"}]}, "which is outside it"),
        (nested(40), "is too large"),
        ({"enum": [[]] * 10_001}, "is too large"),
    ],
)
def test_a_schema_that_cannot_be_relied_on_is_refused(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=reason):
        schemas.check_schema(schema, "The schema")


@pytest.mark.parametrize(
    "schema",
    [
        {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]},
        {"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a"},
        {"properties": {"$ref": {"type": "string"}}},
        nested(10),
    ],
)
def test_a_schema_of_any_usual_dialect_is_accepted(schema: dict[str, Any]) -> None:
    schemas.check_schema(schema, "The schema")


@pytest.mark.parametrize("schema", [{}, {"type": "array"}, {"anyOf": [{"type": "object"}]}])
def test_arguments_are_an_object(schema: dict[str, Any]) -> None:
    with pytest.raises(ImproperlyConfigured, match='needs "type": "object" at its root'):
        schemas.check_object_schema(schema, "The schema")


def test_an_object_schema_is_checked_like_any_other() -> None:
    with pytest.raises(ImproperlyConfigured, match="which is outside it"):
        schemas.check_object_schema({"type": "object", "$ref": "a.json"}, "The schema")


def test_messages_of_a_validator_do_not_repeat_the_value() -> None:
    validator = schemas.validator_for({"type": "integer"})
    assert [e.message for e in validator.iter_errors("hunter2")] == [
        'the value is not of type "integer"'
    ]
