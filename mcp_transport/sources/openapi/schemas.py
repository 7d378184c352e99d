"""
Schemas of a document as JSON Schema 2020-12.

What a schema refers to stands once under ``$defs``, so that one that contains
itself stays finite. A request has no ``readOnly`` properties and a response no
``writeOnly`` ones: each direction has schemas of its own. Only keywords that
are known are taken.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from mcp_transport.registry.schema import nodes
from mcp_transport.sources.openapi.references import MOST_HOPS, Unusable, target

Schema = dict[str, Any]

MOST_NODES = 1000  # objects and arrays of one tool's schema, some 50 KB

PLAIN = frozenset({
    "type", "enum", "const", "title", "description",
    "default", "examples", "format", "multipleOf", "maximum",
    "minimum", "exclusiveMaximum", "exclusiveMinimum", "maxLength", "minLength",
    "maxItems", "minItems", "uniqueItems", "maxContains", "minContains",
    "maxProperties", "minProperties", "dependentRequired", "readOnly", "writeOnly",
    "deprecated", "contentEncoding", "contentMediaType",
})  # fmt: skip
ONE = frozenset({
    "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "not", "contains",
    "propertyNames", "if", "then", "else", "items",
})  # fmt: skip
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"patternProperties", "dependentSchemas"})

UNNAMED = re.compile(r"[^A-Za-z0-9_.-]")
LINEAR = jsonschema_rs.RegexOptions()


class Schemas:
    """The schemas of one document, in one direction."""

    def __init__(self, document: Mapping[str, Any], *, hidden: str, is_old: bool) -> None:
        self._document = document
        self._hidden = hidden  # "readOnly" or "writeOnly"
        self._is_old = is_old  # OpenAPI 3.0, whose schemas are a dialect of their own
        self._converted: dict[str, tuple[Any, int]] = {}  # by name under $defs
        self._names: dict[str, str] = {}  # by reference
        self._references: dict[str, str] = {}  # by name
        self._patterns: dict[str, bool] = {}

    def convert(self, schema: Any) -> Any:
        """A schema; what it refers to is not in it. Raises Unusable."""
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict):
            raise Unusable("it has a schema that is no object")
        converted: Schema = {}
        if "$ref" in schema:
            converted["$ref"] = f"#/$defs/{self._name(schema['$ref'])}"
            if self._is_old:  # where nothing stands beside a reference but what many mean so
                return _nullable(converted) if schema.get("nullable") is True else converted
        for key, value in schema.items():
            self._take(converted, key, value)
        self._take_members(converted, schema)
        return _modern(converted, schema) if self._is_old else converted

    def with_definitions(self, schema: Schema) -> tuple[Schema, bool]:
        """
        A converted schema with what it refers to, and whether that is all.

        What stands nearest comes first. Where it becomes more than a model
        reads, what is further away may be anything: the API knows better.
        Raises Unusable.
        """
        found: dict[str, Any] = {}
        size = sum(1 for _node in nodes(schema))
        is_whole = True
        waiting = deque(sorted(referred(schema)))
        while waiting:
            name = waiting.popleft()
            if name in found:
                continue
            definition, its_size = self._definition(name)
            if size + its_size > MOST_NODES:
                found[name], is_whole = True, False
                continue
            found[name] = definition
            size += its_size
            waiting.extend(sorted(referred(definition)))
        whole = {**schema, "$defs": dict(sorted(found.items()))} if found else schema
        return whole, is_whole

    def root(self, schema: Any) -> Any:
        """A schema without a reference at its root."""
        for _hop in range(MOST_HOPS):
            if not isinstance(schema, dict) or "$ref" not in schema:
                return schema
            schema = target(self._document, schema["$ref"])
        raise Unusable("a schema refers in a circle")

    def is_marked(self, schema: Any, mark: str) -> bool:
        """Whether a schema, or what it refers to, has a mark such as ``readOnly``."""
        if not isinstance(schema, dict):
            return False
        return any(_has(part, mark) for part in (schema, self.root(schema)))

    def _definition(self, name: str) -> tuple[Any, int]:
        """A definition, and of how many objects and arrays it is made."""
        if name not in self._converted:
            converted = self.convert(target(self._document, self._references[name]))
            size = sum(1 for _node in nodes(converted)) if isinstance(converted, dict) else 0
            self._converted[name] = converted, size
        return self._converted[name]

    def _name(self, reference: Any) -> str:
        target(self._document, reference)  # raises for one that leads nowhere
        if reference not in self._names:
            plain = UNNAMED.sub("_", reference.rpartition("/")[2]) or "schema"
            name, number = plain, 1
            while name in self._references:
                number += 1
                name = f"{plain}_{number}"
            self._names[reference] = name
            self._references[name] = reference
        return self._names[reference]

    def _take(self, converted: Schema, key: str, value: Any) -> None:
        if key == "items" and isinstance(value, list):
            key = "prefixItems"  # as 2020-12 calls what was a list there
        if self._is_kept(key, value):
            converted[key] = value
        elif key in ONE:
            converted[key] = self.convert(value)
        elif key in MANY and isinstance(value, list):
            converted[key] = [self.convert(item) for item in value]
        elif key in NAMED and isinstance(value, dict):
            converted[key] = self._named(key, value)

    def _is_kept(self, key: str, value: Any) -> bool:
        """Whether a keyword stands in the schema as it does in the document."""
        if key == "pattern":
            return isinstance(value, str) and self._is_linear(value)
        return key in PLAIN

    def _named(self, key: str, schemas: Schema) -> Schema:
        """Schemas by name, or by the pattern of names."""
        if key == "patternProperties":
            schemas = {name: part for name, part in schemas.items() if self._is_linear(name)}
        return {name: self.convert(part) for name, part in schemas.items()}

    def _take_members(self, converted: Schema, schema: Schema) -> None:
        """Properties and which are required, without those of the other direction."""
        properties = schema.get("properties")
        hidden: set[str] = set()
        if isinstance(properties, dict):
            hidden = {n for n, part in properties.items() if self.is_marked(part, self._hidden)}
            converted["properties"] = {
                name: self.convert(part) for name, part in properties.items() if name not in hidden
            }
        required = schema.get("required")
        if isinstance(required, list):
            kept = list(dict.fromkeys(n for n in required if type(n) is str and n not in hidden))
            if kept:
                converted["required"] = kept

    def _is_linear(self, pattern: str) -> bool:
        """Whether a pattern can be matched in linear time; the API matches the others."""
        if pattern not in self._patterns:
            try:
                jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=LINEAR)
            except ValueError:
                self._patterns[pattern] = False
            else:
                self._patterns[pattern] = True
        return self._patterns[pattern]


def referred(schema: Any) -> Iterator[str]:
    """The names under $defs that a converted schema names itself."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, dict):
            if isinstance(part.get("$ref"), str):
                yield part["$ref"].removeprefix("#/$defs/")
            waiting += [part[key] for key in part.keys() & (ONE | MANY | {"items"})]
            for key in part.keys() & (NAMED | {"properties"}):
                waiting.extend(part[key].values())


def _modern(converted: Schema, schema: Schema) -> Schema:
    """What OpenAPI 3.0 says in words of its own."""
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        is_exclusive = converted.pop(exclusive, None)
        if is_exclusive is True and bound in converted:
            converted[exclusive] = converted.pop(bound)
    return _nullable(converted) if schema.get("nullable") is True else converted


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    notes: Schema = {k: schema.pop(k) for k in ("title", "description") if k in schema}
    return {**notes, "anyOf": [schema, {"type": "null"}]} if schema else notes


def _has(schema: Any, mark: str) -> bool:
    return isinstance(schema, dict) and schema.get(mark) is True
