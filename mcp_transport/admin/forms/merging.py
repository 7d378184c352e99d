"""
One schema out of several that hold at once: ``$ref`` with what stands beside it, ``allOf``.

What cannot be said by one schema raises Unmergeable; the field becomes a box
for JSON then, and the value is judged by the whole schema all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Schema = dict[str, Any]

MAX_HOPS = 40  # references and parts that make up one schema

TIGHTER: Mapping[str, Callable[[Any, Any], Any]] = {
    "minimum": max, "exclusiveMinimum": max, "minLength": max, "minItems": max, "minProperties": max,
    "maximum": min, "exclusiveMaximum": min, "maxLength": min, "maxItems": min, "maxProperties": min,
}  # fmt: skip
# Words about a value that are not about which values there are: the outer ones win.
REMARKS = frozenset(
    {
        "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly",
        "$comment", "$id", "$schema", "$anchor", "$defs", "definitions", "discriminator",
        "enumNames",
    }
)  # fmt: skip


class Unmergeable(Exception):
    """These schemas cannot be written as one."""


def flat(schema: Any, root: Mapping[str, Any], hops: int = 0) -> Schema:
    """
    A schema without ``$ref`` and ``allOf`` at its top.

    Raises Unmergeable, also for a reference that leads nowhere or in a circle.
    """
    if schema is True:
        return {}
    if not isinstance(schema, Mapping) or hops > MAX_HOPS:
        raise Unmergeable
    if "$ref" not in schema and "allOf" not in schema:
        return dict(schema)
    own = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
    parts = list(schema.get("allOf", ()))
    if "$ref" in schema:
        parts.append(resolve(schema["$ref"], root))
    for part in parts:
        own = merge(own, flat(part, root, hops + 1))
    return own


def resolve(reference: Any, root: Mapping[str, Any]) -> Any:
    """What a reference within a document points to. Raises Unmergeable."""
    if not isinstance(reference, str) or not reference.startswith("#"):
        raise Unmergeable
    if reference == "#":
        return root
    if not reference.startswith("#/"):
        return _anchored(reference[1:], root)
    part: Any = root
    for step in reference[2:].split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(part, list) and key.isdecimal() and int(key) < len(part):
            part = part[int(key)]
        elif isinstance(part, Mapping) and key in part:
            part = part[key]
        else:
            raise Unmergeable
    return part


def _anchored(anchor: str, root: Mapping[str, Any]) -> Any:
    for definition in root.get("$defs", {}).values():
        if isinstance(definition, Mapping) and definition.get("$anchor") == anchor:
            return definition
    raise Unmergeable


def merge(first: Schema, second: Schema) -> Schema:
    """Both at once; remarks of the first win. Raises Unmergeable."""
    merged = dict(first)
    for key, value in second.items():
        if key not in merged:
            merged[key] = value
        elif merged[key] != value and key not in REMARKS:
            merged[key] = _both(key, merged[key], value)
    return merged


def _both(key: str, one: Any, other: Any) -> Any:
    """What two values of a keyword say together."""
    together = TIGHTER.get(key) or TOGETHER.get(key)
    if together is None:
        raise Unmergeable
    return together(one, other)


def _properties_of_both(one: Schema, other: Schema) -> Schema:
    shared = one.keys() & other.keys()
    return {**one, **other, **{name: _all_of(one[name], other[name]) for name in shared}}


def _required_by_either(one: list[str], other: list[str]) -> list[str]:
    return [*one, *(name for name in other if name not in one)]


def _values_in_both(one: list[Any], other: list[Any]) -> list[Any]:
    return [value for value in one if value in other]


def _schema_of_both(one: Any, other: Any) -> Any:
    return False if one is False or other is False else _all_of(one, other)


def _all_of(one: Any, other: Any) -> Any:
    return one if one == other else {"allOf": [one, other]}


def _types(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _type_in_both(first: Any, second: Any) -> Any:
    one, other = _types(first), _types(second)
    both = [name for name in one if name in other]
    if "integer" in one + other and "number" in one + other and "integer" not in both:
        both.append("integer")  # every integer is a number
    if not both:
        raise Unmergeable
    return both[0] if len(both) == 1 else both


TOGETHER: Mapping[str, Callable[[Any, Any], Any]] = {
    "type": _type_in_both,
    "enum": _values_in_both,
    "properties": _properties_of_both,
    "patternProperties": _properties_of_both,
    "required": _required_by_either,
    "items": _schema_of_both,
    "additionalProperties": _schema_of_both,
    "propertyNames": _schema_of_both,
    "uniqueItems": lambda _one, _other: True,  # they differ, so one of them asks for it
}
