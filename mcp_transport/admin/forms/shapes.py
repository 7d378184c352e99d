"""What kind of field a schema asks for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from mcp_transport.admin.forms.merging import Schema, Unmergeable, flat, merge

Kind = Literal["text", "number", "choice", "object", "array", "alternatives", "json"]

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
MAX_ALTERNATIVES = 20
MAX_OPTIONS = 500
# Where a schema without a type tells by its other words what it is about.
TELLING = {
    "object": ("properties", "additionalProperties", "patternProperties", "required"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("minLength", "maxLength", "pattern", "format", "contentEncoding"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
# An alternative that says no more than this is a rule about fields, not a choice of fields.
RULES = frozenset({"required", "not", "dependentRequired", "minProperties", "maxProperties"})
# Words that a field cannot show: what they allow is typed as JSON.
BEYOND = frozenset(
    {"$dynamicRef", "$recursiveRef", "unevaluatedItems", "if", "dependentSchemas", "not", "contains"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Option:
    """A value to choose, and what it is called."""

    value: Any
    label: str

    @property
    def text(self) -> str:
        """The value as the form sends it."""
        return dumps(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A schema as a form shows it."""

    kind: Kind
    schema: Schema = field(default_factory=dict)
    is_nullable: bool = False  # beside what the kind holds; a choice has null among its options
    options: tuple[Option, ...] = ()
    branches: tuple[Schema, ...] = ()
    reference: str = ""  # where it is defined, so that circles are seen


def dumps(value: Any) -> str:
    """A value as JSON, the same text for the same value. Raises ValueError for what is no JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: 1 is not 1.0, and true is not 1."""
    return dumps(one) == dumps(other)


def shape_of(schema: Any, root: Mapping[str, Any]) -> Shape:
    """The shape of a schema within its document."""
    reference = schema.get("$ref", "") if isinstance(schema, Mapping) else ""
    try:
        whole = flat(schema, root)
        shape = _shape(whole, root)
    except (Unmergeable, AttributeError, TypeError, ValueError):  # a schema that is not well formed
        remarks = schema if isinstance(schema, Mapping) else {}
        shape = Shape(kind="json", schema=dict(remarks))
    return replace(shape, reference=reference)


def _shape(schema: Schema, root: Mapping[str, Any]) -> Shape:
    if "const" in schema or "enum" in schema:
        return _choice(schema, list(_listed(schema)))
    combined = [key for key in ("oneOf", "anyOf") if _is_choice(schema.get(key))]
    if len(combined) > 1:
        raise Unmergeable
    if combined:
        return _combined(schema, combined[0], root)
    return _typed(schema)


def _is_choice(branches: Any) -> bool:
    """Whether alternatives differ in more than in rules about the same fields."""
    if not isinstance(branches, list):
        return False
    return any(not (isinstance(b, Mapping) and RULES.issuperset(b)) for b in branches)


def _combined(schema: Schema, key: str, root: Mapping[str, Any]) -> Shape:
    base = {word: value for word, value in schema.items() if word != key}
    branches = [_with_name(branch, root) for branch in schema[key]]
    some = [branch for branch in branches if not _is_null(branch)]
    shape = _of_branches(base, some, root)
    return _nullable(shape) if len(some) < len(branches) else shape


def _of_branches(base: Schema, branches: list[Schema], root: Mapping[str, Any]) -> Shape:
    """The shape of alternatives, none of which is null, with what holds for all of them."""
    if not branches:
        raise Unmergeable
    if all(_is_option(branch) for branch in branches):
        return _choice(base, [option for branch in branches for option in _listed(branch)])
    if len(branches) == 1:
        return _shape(merge(_remarks(base), flat(_merged(base, branches[0]), root)), root)
    if len(branches) > MAX_ALTERNATIVES:
        raise Unmergeable
    merged = tuple(_merged(base, branch) for branch in branches)
    return Shape(kind="alternatives", schema=base, branches=merged)


def _with_name(branch: Any, root: Mapping[str, Any]) -> Schema:
    """An alternative; one that is defined elsewhere is called by its name there."""
    whole = flat(branch, root)
    reference = branch.get("$ref", "") if isinstance(branch, Mapping) else ""
    if reference and "title" not in whole:
        whole["title"] = reference.rpartition("/")[2]
    return whole


def _merged(base: Schema, branch: Schema) -> Schema:
    """An alternative with what holds for all of them, but for their remarks."""
    rules = {word: value for word, value in base.items() if word not in ("title", "description")}
    rules.pop("default", None)
    if rules.get("type") == "object" or "properties" in rules:
        rules.pop("additionalProperties", None)  # an alternative names further properties
    return merge(dict(branch), rules)


def _remarks(base: Schema) -> Schema:
    return {word: base[word] for word in ("title", "description", "default") if word in base}


def _nullable(shape: Shape) -> Shape:
    if shape.kind == "choice":
        return _choice(shape.schema, [*shape.options, Option(None, "null")])
    return replace(shape, is_nullable=True)


def _is_null(schema: Schema) -> bool:
    is_constant = "const" in schema and schema["const"] is None
    return schema.get("type") == "null" or is_constant or schema.get("enum") == [None]


def _is_option(schema: Schema) -> bool:
    return "const" in schema or "enum" in schema


def _listed(schema: Schema) -> Iterator[Option]:
    """The values that a schema lists, with their names."""
    if "const" in schema:
        yield Option(schema["const"], str(schema.get("title") or called(schema["const"])))
        return
    names = schema.get("enumNames", ())
    for index, value in enumerate(schema["enum"]):
        yield Option(value, str(names[index]) if index < len(names) else called(value))


def called(value: Any) -> str:
    """A value as somebody reads it: a text as it is, all else as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) and value else dumps(value)


def _choice(schema: Schema, options: list[Option]) -> Shape:
    if len(options) > MAX_OPTIONS:
        raise Unmergeable
    unique: dict[str, Option] = {}
    for option in options:
        unique.setdefault(option.text, option)
    return Shape(kind="choice", schema=schema, options=tuple(unique.values()))


def _typed(schema: Schema) -> Shape:
    types = schema.get("type") or _told(schema)
    if isinstance(types, str):
        types = [types]
    if not types or not all(name in TYPES for name in types):
        raise Unmergeable
    some = [name for name in types if name != "null"]
    is_nullable = len(some) < len(types)
    if not some:
        return _choice(schema, [Option(None, "null")])
    if len(some) > 1:
        branches = tuple({**schema, "type": name, "title": TITLES[name]} for name in some)
        return Shape(kind="alternatives", schema=schema, is_nullable=is_nullable, branches=branches)
    shape = _of_type(schema, some[0])
    return _nullable(shape) if is_nullable else shape


TITLES = {
    "string": "Text",
    "number": "Number",
    "integer": "Whole number",
    "boolean": "Yes or no",
    "object": "Object",
    "array": "List",
}


def _told(schema: Schema) -> str | None:
    for name, words in TELLING.items():
        if any(word in schema for word in words):
            return name
    return None


def _of_type(schema: Schema, name: str) -> Shape:
    if name == "boolean":
        return _choice(schema, [Option(True, "yes"), Option(False, "no")])
    # The fields of an object are there whatever else holds of it; other types have none.
    if name != "object" and not BEYOND.isdisjoint(schema):
        raise Unmergeable
    if name == "object":
        return Shape(kind="object", schema=schema)
    if name == "array":
        return Shape(kind="array", schema=schema)
    return Shape(kind="text" if name == "string" else "number", schema=schema)
