"""A JSON Schema as rows that a person reads: references resolved, alternatives named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mcp_transport.admin.parts import Column, Empty, Table

DEEPEST = 6  # levels of objects and arrays that are opened
MOST_ROWS = 200
LONGEST = 60  # characters of a value in a row
ALTERNATIVES = ("oneOf", "anyOf")
LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "{} characters at least",
    "maxLength": "{} characters at most",
    "pattern": "matches {}",
    "minItems": "{} items at least",
    "maxItems": "{} items at most",
    "minProperties": "{} members at least",
    "maxProperties": "{} members at most",
}
COLUMNS = tuple(map(Column, ("Name", "Type", "Required", "Limits", "Description")))
Schema = Mapping[str, Any]
Row = tuple[str, str, str, str, str]


def schema_table(caption: str, schema: Schema) -> Table:
    """The properties of an object's schema, one a row."""
    rows: list[Row] = []
    for row in _Reader(schema).members(schema, "", 0):
        if len(rows) == MOST_ROWS:
            rows.append((f"More than {MOST_ROWS}", "", "", "", "The JSON shows all of them."))
            break
        rows.append(row)
    return Table(
        caption=caption, columns=COLUMNS, rows=rows, empty=Empty(title="It takes no arguments.")
    )


class _Reader:
    def __init__(self, root: Schema) -> None:
        self._root = root

    def members(self, schema: Any, prefix: str, depth: int) -> Iterator[Row]:
        """The rows of what an object, an array or their alternatives hold."""
        schema = self.resolved(schema)
        if depth > DEEPEST:
            return
        required = schema.get("required", ())
        for name, member in _mapping(schema.get("properties")).items():
            yield from self.rows(member, f"{prefix}{name}", depth, is_required=name in required)
        if isinstance(schema.get("items"), Mapping):
            yield from self.members(schema["items"], f"{prefix.rstrip('.')}[].", depth + 1)
        for part in _sequence(schema.get("allOf")):
            yield from self.members(part, prefix, depth + 1)
        for label, alternative in self.alternatives(schema):
            yield from self.members(alternative, f"{prefix.rstrip('.')} ({label}).", depth + 1)

    def rows(self, schema: Any, name: str, depth: int, *, is_required: bool) -> Iterator[Row]:
        """The row of a property, and those of what it holds."""
        found = self.resolved(schema)
        required = "required" if is_required else ""
        yield name, self.type_of(found), required, limits(found), str(found.get("description", ""))
        yield from self.members(found, f"{name}.", depth + 1)

    def type_of(self, schema: Schema) -> str:
        """What a value is, in words."""
        if "const" in schema:
            return f"always {_short(schema['const'])}"
        if isinstance(schema.get("enum"), Sequence):
            return f"one of {', '.join(map(_short, schema['enum']))}"
        if names := [label for label, _ in self.alternatives(schema)]:
            return " or ".join(names)
        kind = schema.get("type", "anything")
        words = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)
        if kind == "array" and isinstance(schema.get("items"), Mapping):
            words = f"array of {self.type_of(self.resolved(schema['items']))}"
        return f"{words}, {schema['format']}" if "format" in schema else words

    def alternatives(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """What a value may be instead, each with a name."""
        for keyword in ALTERNATIVES:
            for number, part in enumerate(_sequence(schema.get(keyword)), 1):
                found = self.resolved(part)
                name = found.get("title") or _reference_name(part)
                yield str(name or self._unnamed(found, number)), found

    def _unnamed(self, schema: Schema, number: int) -> str:
        is_plain = "type" in schema or "const" in schema or "enum" in schema
        return self.type_of(schema) if is_plain else f"alternative {number}"

    def resolved(self, schema: Any) -> Schema:
        """The schema behind references within the document; a circle ends."""
        seen: set[str] = set()
        while isinstance(schema, Mapping) and isinstance(ref := schema.get("$ref"), str):
            if ref in seen:
                return {}
            seen.add(ref)
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**_mapping(self._target(ref)), **beside}
        return _mapping(schema)

    def _target(self, ref: str) -> Any:
        found: Any = self._root
        for step in ref.removeprefix("#").split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if isinstance(found, Mapping) else None
        return found if ref.startswith("#") else None


def limits(schema: Schema) -> str:
    """What a value has to keep to, and what it is when it is left out."""
    words = [text.format(_short(schema[key])) for key, text in LIMITS.items() if key in schema]
    if schema.get("uniqueItems"):
        words.append("no item twice")
    if "default" in schema:
        words.append(f"default {_short(schema['default'])}")
    return "; ".join(words)


def _reference_name(part: Any) -> str:
    ref = part.get("$ref") if isinstance(part, Mapping) else None
    return ref.rpartition("/")[2] if isinstance(ref, str) else ""


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
