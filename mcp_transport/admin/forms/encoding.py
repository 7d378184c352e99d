"""
What a form would send if somebody had typed a value into it.

Lossless by construction: what a field does not give back unchanged is sent as
JSON, from the innermost place where that is needed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from mcp_transport.admin.forms import pointers
from mcp_transport.admin.forms.building import (
    MAX_ITEMS,
    Builder,
    extra_schema,
    item_schema,
)
from mcp_transport.admin.forms.fields import EMPTY, NULL, NUMBER, Nothing
from mcp_transport.admin.forms.merging import Schema
from mcp_transport.admin.forms.shapes import dumps, same, shape_of

MAX_DEPTH = 32  # of a value that is shown in fields
MAX_INPUTS = 600  # Django takes a thousand in one request (DATA_UPLOAD_MAX_NUMBER_FIELDS)
LINES = frozenset("\t\n")  # what an input for several lines holds beside what is printed

Pairs = dict[str, str]


class Unfit(Exception):
    """The value is none that the field can hold."""


class Encoder:
    """Turns values of one schema into what a form sends."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root

    def encode(
        self,
        schema: Any,
        value: Any,
        *,
        name: str = "",
        key: str = "",
        is_required: bool = True,
        depth: int = 0,
    ) -> Pairs:
        """The names and texts that stand for a value."""
        try:
            if depth > MAX_DEPTH:
                raise Unfit
            pairs = self._encode(schema, value, name, depth)
            if self._reads(schema, pairs, value, name, key, is_required):
                return pairs
            pairs[pointers.AS + name] = EMPTY  # it is there, although there is nothing in it
            if self._reads(schema, pairs, value, name, key, is_required):
                return pairs
        except Unfit:
            pass
        return {pointers.JSON + name: json.dumps(value, indent=2, ensure_ascii=False)}

    def _reads(
        self, schema: Any, pairs: Pairs, value: Any, name: str, key: str, is_required: bool
    ) -> bool:
        """Whether the form gives the value back."""
        if len(pairs) > MAX_INPUTS:
            return False
        builder = Builder(self._root, pairs, _never)
        read = builder.build(schema, name=name, key=key, is_required=is_required).read()
        return not isinstance(read, Nothing) and same(read, value)

    def _encode(self, schema: Any, value: Any, name: str, depth: int) -> Pairs:
        shape = shape_of(schema, self._root)
        if value is None and shape.is_nullable:
            prefix = pointers.CHOICE if shape.kind == "alternatives" else pointers.AS
            size = {pointers.SIZE + name: "0"} if shape.kind == "array" else {}
            return {prefix + name: NULL, **size}
        if shape.kind == "choice":
            return {name: dumps(value)}
        if shape.kind == "number":
            return {name: _number(value)}
        if shape.kind == "text":
            return _text(name, value)
        if shape.kind == "object":
            return self._object(shape.schema, value, name, depth)
        if shape.kind == "array":
            return self._array(shape.schema, value, name, depth)
        if shape.kind == "alternatives":
            return self._alternatives(shape.branches, value, name, depth)
        raise Unfit

    def _object(self, schema: Schema, value: Any, name: str, depth: int) -> Pairs:
        if not isinstance(value, dict):
            raise Unfit
        properties, required = schema.get("properties") or {}, schema.get("required", ())
        pairs: Pairs = {}
        for key in properties.keys() & value.keys():
            pairs |= self.encode(
                properties[key],
                value[key],
                name=pointers.child(name, key),
                key=key,
                is_required=key in required,
                depth=depth + 1,
            )
        extra = extra_schema(schema)
        further = [key for key in value if key not in properties]
        if len(further) > MAX_ITEMS:
            raise Unfit
        if further or extra is not None:
            pairs[pointers.SIZE + name] = str(len(further))
        for index, key in enumerate(further):
            pairs |= self._row(
                True if extra is None else extra, value[key], name, index, key, depth
            )
        return pairs

    def _row(self, extra: Any, value: Any, name: str, index: int, key: str, depth: int) -> Pairs:
        own = pointers.row(name, index)
        if not key or not key.isprintable():
            raise Unfit
        return {
            pointers.KEY + own: key,
            **self.encode(extra, value, name=own, key=key, depth=depth + 1),
        }

    def _array(self, schema: Schema, value: Any, name: str, depth: int) -> Pairs:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise Unfit
        pairs: Pairs = {pointers.SIZE + name: str(len(value))}
        for index, item in enumerate(value):
            own = pointers.child(name, index)
            pairs |= self.encode(item_schema(schema, index), item, name=own, depth=depth + 1)
        return pairs

    def _alternatives(
        self, branches: tuple[Schema, ...], value: Any, name: str, depth: int
    ) -> Pairs:
        order = sorted(
            range(len(branches)), key=lambda index: not self._fits(branches[index], value)
        )
        for index in order:
            own = pointers.alternative(name, index)
            pairs = self.encode(branches[index], value, name=own, depth=depth + 1)
            if pointers.JSON + own not in pairs:
                return {pointers.CHOICE + name: str(index), **pairs}
        first = order[0]
        if not self._fits(branches[first], value):
            raise Unfit
        own = pointers.alternative(name, first)
        return {
            pointers.CHOICE + name: str(first),
            **self.encode(branches[first], value, name=own, depth=depth + 1),
        }

    def _fits(self, branch: Schema, value: Any) -> bool:
        definitions = {
            key: self._root[key] for key in ("$defs", "definitions") if key in self._root
        }
        try:
            return jsonschema_rs.is_valid({**definitions, "allOf": [branch]}, value)
        except (ValueError, jsonschema_rs.ReferencingError):
            return False


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unfit
    try:
        text = dumps(value)
    except ValueError:  # also for an integer with more digits than Python writes
        raise Unfit from None
    if not NUMBER.fullmatch(text):
        raise Unfit
    return text


def _text(name: str, value: Any) -> Pairs:
    if not isinstance(value, str):
        raise Unfit
    if not value:
        return {pointers.AS + name: EMPTY, name: ""}
    # A browser changes ends of lines, and cannot send what is no character.
    if not all(c.isprintable() or c in LINES or ord(c) > 0xA0 for c in value):
        raise Unfit
    if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise Unfit
    return {name: value}


def _never(_name: str) -> bool:
    return False
