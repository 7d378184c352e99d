"""Makes the fields of a schema, filled with what a form sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcp_transport.admin.forms import pointers
from mcp_transport.admin.forms.containers import (
    Alternative,
    AlternativesField,
    ArrayField,
    ObjectField,
    Row,
)
from mcp_transport.admin.forms.fields import (
    ChoiceField,
    Field,
    FixedField,
    IsSecret,
    JsonField,
    NumberField,
    Place,
    TextField,
    own_name,
)
from mcp_transport.admin.forms.merging import Schema
from mcp_transport.admin.forms.shapes import BEYOND, shape_of
from mcp_transport.admin.forms.words import alternative_label
from mcp_transport.digits import read_number

Data = Mapping[str, str]

MAX_FIELDS = 300  # that are shown although nothing is in them
MAX_DEPTH = 8  # of fields within each other with nothing in them
MAX_CIRCLES = 2  # of the same definition within itself with nothing in it
MAX_ITEMS = 200  # of an array, and further properties of an object
LARGEST_COUNT = 999  # that is taken for MAX_ITEMS; what is larger is a mistake
MIN_ITEMS_SHOWN = 5  # of the items that there have to be, before any was added


class Builder:
    """Builds the fields of one form."""

    def __init__(
        self, root: Mapping[str, Any], data: Data, is_secret: IsSecret, prefix: str = "field"
    ) -> None:
        self._root = root
        self._prefix = prefix  # of the ids of fields, where a page has several forms
        self._data = data
        self._is_secret = is_secret
        self._filled = {parent for name in data for parent in pointers.parents(own_name(name))}
        self._count = 0

    def build(
        self,
        schema: Any,
        *,
        name: str = "",
        pointer: str = "",
        key: str = "",
        label: str = "",
        is_required: bool = True,
        within: tuple[str, ...] = (),
    ) -> Field:
        """The field of a schema, with what is inside of it."""
        self._count += 1
        shape = shape_of(schema, self._root)
        secret = bool(key) and self._is_secret(key)
        words = shape.schema
        place = Place(
            name=name,
            pointer=pointer,
            key=key,
            label=str(label or words.get("title") or key or "value"),
            shape=shape,
            is_required=is_required,
            is_secret=secret or words.get("writeOnly") is True or words.get("format") == "password",
            id=f"{self._prefix}-{self._count}",
        )
        if self._is_json(place, within):
            text = self._data.get(pointers.JSON + name, "")
            return JsonField(place=place, text=text, is_secret=self._is_secret)
        return self._make(place, (*within, shape.reference))

    def _is_json(self, place: Place, within: tuple[str, ...]) -> bool:
        name, shape = place.name, place.shape
        if shape.kind == "json" or pointers.JSON + name in self._data:
            return True
        if name in self._filled or not name:
            return False
        is_circle = bool(shape.reference) and within.count(shape.reference) >= MAX_CIRCLES
        return is_circle or len(within) > MAX_DEPTH or self._count > MAX_FIELDS

    def _make(self, place: Place, within: tuple[str, ...]) -> Field:
        name, shape = place.name, place.shape
        empty = self._data.get(pointers.AS + name, "")
        text = self._data.get(name, "")
        if shape.kind == "object":
            return self._object(place, empty, within)
        if shape.kind == "array":
            return self._array(place, empty, within)
        if shape.kind == "alternatives":
            return self._alternatives(place, within)
        if shape.kind == "choice":
            is_fixed = len(shape.options) == 1 and place.is_required and bool(place.key)
            return FixedField(place=place) if is_fixed else ChoiceField(place=place, chosen=text)
        if shape.kind == "number":
            return NumberField(place=place, text=text, empty=empty)
        return TextField(place=place, text=text.replace("\r\n", "\n"), empty=empty)

    def _object(self, place: Place, empty: str, within: tuple[str, ...]) -> Field:
        schema = place.shape.schema
        required = schema.get("required", ())
        properties: dict[str, Any] = _object_of(schema.get("properties"))
        extra = extra_schema(schema)
        return ObjectField(
            place=place,
            fields=[
                self.build(
                    part,
                    name=pointers.child(place.name, key),
                    pointer=pointers.child(place.pointer, key),
                    key=key,
                    is_required=key in required,
                    within=within,
                )
                for key, part in properties.items()
            ],
            rows=[
                self._row(place, extra, index, within) for index in range(self._size(place.name))
            ],
            takes_rows=extra is not None,
            empty=empty,
        )

    def _row(self, place: Place, extra: Any, index: int, within: tuple[str, ...]) -> Row:
        name = pointers.row(place.name, index)
        key = self._data.get(pointers.KEY + name, "")
        return Row(
            key=key,
            name=name,
            key_name=pointers.KEY + name,
            field=self.build(
                True if extra is None else extra,
                name=name,
                pointer=pointers.child(place.pointer, key),
                key=key,
                label=key or "Value",
                within=within,
            ),
        )

    def _array(self, place: Place, empty: str, within: tuple[str, ...]) -> Field:
        schema = place.shape.schema
        size = self._size(place.name)
        if place.is_required and pointers.SIZE + place.name not in self._data:
            size = min(count_of(schema.get("minItems")), MIN_ITEMS_SHOWN)
        most = schema.get("maxItems")
        items = [
            self.build(
                item_schema(schema, index),
                name=pointers.child(place.name, index),
                pointer=pointers.child(place.pointer, index),
                label=f"{place.label} {index + 1}",
                within=within,
            )
            for index in range(size)
        ]
        is_full = size >= MAX_ITEMS or (isinstance(most, int) and size >= most)
        return ArrayField(place=place, items=items, empty=empty, takes_more=not is_full)

    def _alternatives(self, place: Place, within: tuple[str, ...]) -> Field:
        first = "0" if place.is_required else ""
        return AlternativesField(
            place=place,
            chosen=self._data.get(pointers.CHOICE + place.name, first),
            alternatives=[
                Alternative(
                    index=str(index),
                    label=(label := alternative_label(branch, index)),
                    field=self.build(
                        branch,
                        name=pointers.alternative(place.name, index),
                        pointer=place.pointer,
                        key=place.key,
                        label=label,
                        within=within,
                    ),
                )
                for index, branch in enumerate(place.shape.branches)
            ],
        )

    def _size(self, name: str) -> int:
        return count_of(self._data.get(pointers.SIZE + name))


def extra_schema(schema: Schema) -> Any:
    """The schema of properties that an object's schema does not name; None if there are none."""
    extra = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
    patterns = _object_of(schema.get("patternProperties"))
    if patterns:
        return next(iter(patterns.values()))
    if extra is None:
        is_open = not schema.get("properties") or not BEYOND.isdisjoint(schema)
        return True if is_open else None
    return None if extra is False else extra


def item_schema(schema: Schema, index: int) -> Any:
    """The schema of an item of an array."""
    first, rest = schema.get("prefixItems", ()), schema.get("items", True)
    if isinstance(rest, list):  # as drafts before 2020-12 say it
        first, rest = rest, schema.get("additionalItems", True)
    return first[index] if index < len(first) else rest


def _object_of(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def count_of(said: Any) -> int:
    """A number of items that somebody names, within bounds."""
    return min(read_number(str(said), most=LARGEST_COUNT) or 0, MAX_ITEMS)
