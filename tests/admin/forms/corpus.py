"""Forty schemas of tools, each with values that belong to it or once did."""

from __future__ import annotations

from typing import Any

CARD = {
    "type": "object",
    "title": "Card",
    "properties": {"kind": {"const": "card"}, "number": {"type": "string"}},
    "required": ["kind", "number"],
}
TRANSFER = {
    "type": "object",
    "title": "Transfer",
    "properties": {"kind": {"const": "transfer"}, "iban": {"type": "string"}},
    "required": ["kind", "iban"],
}
ADDRESS = {
    "type": "object",
    "properties": {"street": {"type": "string"}, "city": {"type": "string", "default": "Bern"}},
    "required": ["street"],
}
NODE = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
    },
    "required": ["value"],
}


def of(name: str, schema: Any, *values: Any, required: bool = False, **more: Any) -> Any:
    """A tool's schema with one argument, and calls that give it each of the values."""
    whole = {"type": "object", "properties": {name: schema}, **more}
    if required:
        whole["required"] = [name]
    return whole, [{}, *({name: value} for value in values)]


CORPUS: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "no arguments": ({"type": "object", "properties": {}, "additionalProperties": False}, [{}]),
    "a text": of("text", {"type": "string"}, "", "a", "two\nlines", "\n", " a ", "tab\t", "é✓"),
    "a required text": of("text", {"type": "string"}, "", "a", required=True),
    "a text that may be null": of("text", {"type": ["string", "null"]}, None, "", "null"),
    "a text with odd characters": of("text", {"type": "string"}, "a\r\nb", "\x00", "\x1b[2J"),
    "an integer": of("n", {"type": "integer"}, 0, -1, 12345678901234567890, 3.0, "3", 1.5),
    "a number": of("n", {"type": "number", "minimum": 0}, 0, 0.5, 1e-9, 3, 3.0, -1),
    "a number that may be null": of("n", {"type": ["number", "null"]}, None, 1, 0.1),
    "a boolean": of("b", {"type": "boolean", "default": True}, True, False, None, "yes"),
    "null alone": of("x", {"type": "null"}, None, 1),
    "an enum": of("e", {"enum": ["a", "", 1, 1.0, True, None, {"x": 1}]}, "a", "", 1, 1.0, None),
    "an enum that lacks the value": of("e", {"type": "string", "enum": ["a", "b"]}, "c", 7),
    "a required constant": of("c", {"const": {"a": [1]}}, {"a": [1]}, "else", required=True),
    "a constant": of("c", {"const": 7}, 7, 8),
    "constants with titles": of(
        "c", {"oneOf": [{"const": 1, "title": "One"}, {"const": 2, "title": "Two"}]}, 1, 2, 3
    ),
    "a choice with names": of(
        "c", {"type": "string", "enum": ["r", "g"], "enumNames": ["Red", "Green"]}, "r", "g"
    ),
    "a date": of("d", {"type": "string", "format": "date"}, "2026-01-31", "tomorrow", ""),
    "formats": (
        {
            "type": "object",
            "properties": {
                name: {"type": "string", "format": name}
                for name in ("date-time", "time", "email", "uri", "uuid", "password", "binary", "x")
            },
        },
        [{}, {"date-time": "2026-01-31T00:00:00Z", "email": " a@b ", "uri": "http://é/", "x": "y"}],
    ),
    "bytes": of("b", {"type": "string", "contentEncoding": "base64"}, "aGk=", "", "!"),
    "an object": of("address", ADDRESS, {}, {"street": ""}, {"street": "a", "city": "b"}, None),
    "a required object": of("address", ADDRESS, {}, {"street": "a"}, required=True),
    "an object that may be null": of(
        "address", {"anyOf": [ADDRESS, {"type": "null"}]}, None, {"street": "a"}, {}
    ),
    "objects within objects": of(
        "a",
        {
            "type": "object",
            "properties": {"b": {"type": "object", "properties": {"c": {"type": "integer"}}}},
        },
        {},
        {"b": {}},
        {"b": {"c": 1}},
        {"b": {"c": "no number"}},
    ),
    "a list of texts": of("l", {"type": "array", "items": {"type": "string"}}, [], ["a", ""], "a"),
    "a required list": of("l", {"type": "array", "items": {"type": "integer"}}, [], required=True),
    "a list that may be null": of("l", {"type": ["array", "null"], "items": {}}, None, [], [1, [2]]),
    "a list of objects": of("l", {"type": "array", "items": ADDRESS}, [{"street": "a"}, {}]),
    "a list of lists": of(
        "l", {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}}, [[], [True]]
    ),
    "a tuple": of(
        "t",
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        ["a", 1],
        ["a"],
        ["a", 1, 2],
    ),
    "alternatives": of("pay", {"oneOf": [CARD, TRANSFER]}, {"kind": "card", "number": "1"}, {}, 5),
    "a required alternative": of(
        "pay", {"oneOf": [CARD, TRANSFER]}, {"kind": "transfer", "iban": ""}, required=True
    ),
    "types": of("x", {"type": ["string", "integer", "array", "null"]}, "1", 1, [1], None, {}),
    "alternatives within alternatives": of(
        "x", {"anyOf": [{"type": "string"}, {"oneOf": [CARD, {"type": "integer"}]}]}, "a", 1, [1]
    ),
    "alternatives at the root": (
        {"type": "object", "oneOf": [CARD, TRANSFER], "properties": {"note": {"type": "string"}}},
        [{"kind": "card", "number": "1"}, {"kind": "transfer", "iban": "2", "note": "n"}, {}],
    ),
    "rules at the root": (
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        [{"a": "1"}, {"b": ""}, {}],
    ),
    "parts put together": (
        {
            "type": "object",
            "allOf": [
                {"properties": {"a": {"type": "string", "minLength": 1}}, "required": ["a"]},
                {"properties": {"a": {"maxLength": 3}, "b": {"type": "integer"}}},
                {"$ref": "#/$defs/C"},
            ],
            "$defs": {"C": {"properties": {"c": {"allOf": [{"type": "number"}, {"minimum": 1}]}}}},
        },
        [{"a": "x", "b": 1, "c": 1.5}, {"a": ""}],
    ),
    "a tree": (
        {
            "type": "object",
            "properties": {"root": {"$ref": "#/$defs/Node"}},
            "$defs": {"Node": NODE},
        },
        [{}, {"root": {"value": 1, "next": {"value": 2, "next": {"value": 3, "next": None}}}}]
        + [{"root": {"value": 1, "children": [{"value": 2, "children": [{"value": 3}]}]}}],
    ),
    "any properties": of(
        "p", {"type": "object", "additionalProperties": {"type": "integer"}}, {}, {"a/b~": 1}, {"": 1}
    ),
    "properties by pattern": of(
        "p", {"type": "object", "patternProperties": {"^x-": {"type": "string"}}}, {"x-a": "1"}, {}
    ),
    "properties that are not named": (
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        [{"a": "1", "b": {"c": [None]}}, {"~+0": 1, "as:": 2, "/": 3}],
    ),
    "anything": of("x", {"description": "whatever"}, None, 0, "", [], {}, [{"a": None}]),
    "true and false": (
        {"type": "object", "properties": {"yes": True, "no": False}},
        [{"yes": {"a": 1}}, {"no": 1}],
    ),
    "words of another draft": of("x", {"$dynamicRef": "#meta"}, "a", {"a": 1}),
    "words that no field has": of(
        "x", {"type": "array", "contains": {"const": 1}, "unevaluatedItems": False}, [1], [2]
    ),
    "a condition": (
        {
            "type": "object",
            "properties": {"a": {"type": "boolean"}},
            "if": {"properties": {"a": {"const": True}}},
            "then": {"properties": {"b": {"type": "string"}}},
        },
        [{"a": True, "b": "x"}, {"a": False}],
    ),
    "a reference to nothing": of("x", {"$ref": "#/$defs/Missing"}, 1, {"a": 2}),
    "a circle of references": (
        {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}},
        },
        [{}, {"x": 1}],
    ),
    "a schema that is none": of("x", {"type": 7, "properties": [1]}, 1),
    "names like names of inputs": (
        {
            "type": "object",
            "properties": {"as:/a": {"type": "string"}, "~|0": {"type": "string"}, "a/b": {}},
        },
        [{"as:/a": "", "~|0": "1", "a/b": [1]}],
    ),
}  # fmt: skip
