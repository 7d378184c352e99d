"""Tests of mcp_transport.sources.openapi.schemas."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.registry.schema import check_schema
from mcp_transport.sources.openapi.references import Unusable
from mcp_transport.sources.openapi.schemas import Schemas

COMPONENTS: dict[str, Any] = {
    "Node": {
        "type": "object",
        "required": ["id", "name"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string"},
            "key": {"type": "string", "writeOnly": True},
            "made": {"$ref": "#/components/schemas/Stamp"},
            "next": {"$ref": "#/components/schemas/Node"},
            "default": {"$ref": "#/components/schemas/Leaf"},
        },
    },
    "Stamp": {"type": "string", "readOnly": True},
    "Leaf": {"type": "string"},
}
DOCUMENT = {"components": {"schemas": COMPONENTS}, "other": {"Leaf": {"type": "integer"}}}
NODE = {"$ref": "#/components/schemas/Node"}


def schemas(*, is_old: bool = False, hidden: str = "readOnly") -> Schemas:
    """What converts schemas of the document."""
    return Schemas(DOCUMENT, hidden=hidden, is_old=is_old)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"nullable": True, "allOf": [{"type": "object"}], "description": "d"},
            {"description": "d", "anyOf": [{"allOf": [{"type": "object"}]}, {"type": "null"}]},
        ),
        ({"nullable": True}, {}),
        (
            {"nullable": True, "$ref": "#/components/schemas/Leaf", "description": "d"},
            {"anyOf": [{"$ref": "#/$defs/Leaf"}, {"type": "null"}]},
        ),
        ({"minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
        ({"maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
        ({"items": [{"type": "string"}]}, {"prefixItems": [{"type": "string"}]}),
        (
            {"type": "string", "example": 1, "xml": {}, "discriminator": {}, "x-a": 1},
            {"type": "string"},
        ),
        ({"type": "string", "required": True}, {"type": "string"}),
    ],
)
def test_what_openapi_3_0_says_is_said_in_json_schema(old: Any, new: Any) -> None:
    assert schemas(is_old=True).convert(old) == new


def test_a_newer_document_has_json_schema_already() -> None:
    schema = {"type": ["string", "null"], "exclusiveMinimum": 1, "examples": ["a"], "const": 1}
    assert schemas().convert(schema) == schema


def test_a_schema_that_contains_itself_stays_finite() -> None:
    converter = schemas()
    whole, is_whole = converter.with_definitions(converter.convert(NODE))
    assert is_whole
    assert whole["$ref"] == "#/$defs/Node"
    assert set(whole["$defs"]) == {"Node", "Leaf"}
    check_schema(whole, "it")


@pytest.mark.parametrize(
    ("hidden", "properties", "required"),
    [
        ("readOnly", {"name", "key", "next", "default"}, ["name"]),
        ("writeOnly", {"id", "name", "made", "next", "default"}, ["id", "name"]),
    ],
)
def test_each_direction_has_its_own_properties(
    hidden: str, properties: set[str], required: list[str]
) -> None:
    converter = schemas(hidden=hidden)
    node = converter.with_definitions(converter.convert(NODE))[0]["$defs"]["Node"]
    assert set(node["properties"]) == properties
    assert node["required"] == required


def test_schemas_of_one_name_are_told_apart() -> None:
    converter = schemas()
    both = converter.convert(
        {"anyOf": [{"$ref": "#/components/schemas/Leaf"}, {"$ref": "#/other/Leaf"}]}
    )
    found = converter.with_definitions(both)[0]["$defs"]
    assert found == {"Leaf": {"type": "string"}, "Leaf_2": {"type": "integer"}}


def test_a_pattern_that_takes_time_is_left_to_the_api() -> None:
    given = {"pattern": "(?=a)b", "patternProperties": {"(a)\\1": True, "^a": True}}
    assert schemas().convert(given) == {"patternProperties": {"^a": True}}
    assert schemas().convert({"pattern": "^a+$"}) == {"pattern": "^a+$"}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://evil.example/schema.json"},
        {"properties": {"a": {"items": {"$ref": "#/nowhere"}}}},
        {"items": 3},
    ],
)
def test_what_leads_nowhere_is_unusable(schema: Any) -> None:
    with pytest.raises(Unusable):
        schemas().convert(schema)


def test_what_is_too_much_for_a_model_may_be_anything() -> None:
    chain = {
        f"T{i}": {
            "type": "object",
            "properties": {"next": {"$ref": f"#/components/schemas/T{i + 1}"}}
            | {f"p{n}": {"type": "string"} for n in range(20)},
        }
        for i in range(200)
    }
    document = {"components": {"schemas": {**chain, "T200": {"type": "string"}}}}
    converter = Schemas(document, hidden="readOnly", is_old=False)
    start = converter.convert({"$ref": "#/components/schemas/T0"})
    whole, is_whole = converter.with_definitions(start)
    assert not is_whole
    assert len(whole["$defs"]) < 60
    assert whole["$defs"]["T0"]["properties"]["p0"] == {"type": "string"}
    assert whole["$defs"][f"T{len(whole['$defs']) - 1}"] is True
    check_schema(whole, "it")


def test_names_that_say_where_a_schema_is_do_not_change_it() -> None:
    given = {"$id": "https://evil.example", "$anchor": "a", "$schema": "x", "$dynamicRef": "#a"}
    assert schemas().convert(given) == {}
