"""Tests of mcp_transport.admin.schema_table."""

from __future__ import annotations

from typing import Any

from mcp_transport.admin.schema_table import MOST_ROWS, schema_table


def rows(schema: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """What the table says of each name."""
    return {str(row[0]): tuple(map(str, row[1:])) for row in schema_table("A", schema).rows}


def test_a_property_has_its_type_its_limits_and_whether_it_is_required() -> None:
    found = rows(
        {
            "properties": {
                "n": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
                "day": {"type": "string", "format": "date", "description": "When."},
                "size": {"enum": ["S", "M"]},
                "k": {"const": 1},
                "maybe": {"type": ["string", "null"]},
                "any": True,
            },
            "required": ["n"],
        }
    )
    assert found == {
        "n": ("integer", "required", "at least 1; at most 9; default 3", ""),
        "day": ("string, date", "", "", "When."),
        "size": ("one of S, M", "", "", ""),
        "k": ("always 1", "", "", ""),
        "maybe": ("string or null", "", "", ""),
        "any": ("anything", "", "", ""),
    }


def test_references_are_resolved_and_alternatives_named() -> None:
    found = rows(
        {
            "$defs": {
                "Card": {"type": "object", "properties": {"number": {"type": "string"}}},
                "a/b": {"type": "string"},
            },
            "properties": {
                "pay": {
                    "oneOf": [
                        {"$ref": "#/$defs/Card"},
                        {"title": "Transfer", "properties": {"iban": {"type": "string"}}},
                        {"type": "null"},
                    ]
                },
                "odd": {"$ref": "#/$defs/a~1b", "description": "Beside."},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/Card"}, "minItems": 1},
            },
        }
    )
    assert found["pay"][0] == "Card or Transfer or null"
    assert found["pay (Card).number"][0] == "string"
    assert found["pay (Transfer).iban"][0] == "string"
    assert found["odd"] == ("string", "", "", "Beside.")
    assert found["lines"][:3] == ("array of object", "", "1 items at least")
    assert found["lines[].number"][0] == "string"


def test_what_has_no_end_ends() -> None:
    tree = {"properties": {"child": {"$ref": "#"}}}
    assert 1 < len(rows(tree)) < 10
    assert rows({"properties": {"a": {"$ref": "#/x"}}, "x": {"$ref": "#/x"}})["a"][0] == "anything"
    assert rows({"properties": {"a": {"$ref": "https://elsewhere.example"}}})["a"][0] == "anything"
    wide: dict[str, Any] = {"properties": {f"p{n}": {} for n in range(1000)}}
    assert len(schema_table("A", wide).rows) == MOST_ROWS + 1


def test_what_is_no_schema_is_no_failure() -> None:
    odd: dict[str, Any] = {"properties": {"a": {"oneOf": 3, "enum": [], "items": [1]}, "b": 4}}
    assert set(rows(odd)) == {"a", "b"}
    assert rows({}) == {}
    assert "no arguments" in str(schema_table("A", {}))
