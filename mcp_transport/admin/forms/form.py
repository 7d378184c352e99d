"""A form for the arguments of an entry: from a schema, a value, or what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self

import jsonschema_rs

from mcp_transport.admin.forms import pointers
from mcp_transport.admin.forms.building import MAX_ITEMS, Builder, Data, count_of
from mcp_transport.admin.forms.encoding import Encoder
from mcp_transport.admin.forms.fields import MASK, Field, IsSecret, Nothing, loads, own_name
from mcp_transport.digits import read_number

MAX_PROBLEMS = 50  # that are told of at once
CONTROLS = (pointers.AS, pointers.SIZE, pointers.KEY, pointers.CHOICE, pointers.JSON)
ADD, REMOVE = "add:", "remove:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong, and the field in which it is put right."""

    id: str  # of the field
    label: str
    text: str


class Form:
    """The fields of a schema, and the value that they stand for together."""

    def __init__(
        self,
        schema: Mapping[str, Any],
        data: Data,
        *,
        is_secret: IsSecret,
        prefix: str = "field",
    ) -> None:
        self.schema = schema
        self.data = data
        self.is_secret = is_secret
        self.forgotten: list[str] = []  # pointers to values that were not kept
        self._prefix = prefix
        self.root: Field = Builder(schema, data, is_secret, prefix).build(schema)

    @classmethod
    def empty(cls, schema: Mapping[str, Any], *, is_secret: IsSecret) -> Self:
        """A form in which nothing was typed."""
        return cls(schema, {}, is_secret=is_secret)

    @classmethod
    def of(
        cls,
        schema: Mapping[str, Any],
        value: Any,
        *,
        is_secret: IsSecret,
        prefix: str = "field",
    ) -> Self:
        """A form filled with a value; what was taken out of it has to be typed again."""
        forgotten: list[str] = []
        kept = _without_masks(value, "", forgotten)
        pairs = Encoder(schema).encode(schema, kept)
        form = cls(schema, pairs, is_secret=is_secret, prefix=prefix)
        form.forgotten = forgotten
        return form

    def changed(self, action: str) -> Self:
        """The form after an item was added (``add:/lines``) or removed (``remove:/lines/2``)."""
        data = dict(self.data)
        if action.startswith(ADD):
            name = action.removeprefix(ADD)
            size = len(_inner(self.root, name))
            data[pointers.SIZE + name] = str(min(size + 1, MAX_ITEMS))
        elif action.startswith(REMOVE):
            data = _without(data, action.removeprefix(REMOVE))
        return type(self)(self.schema, data, is_secret=self.is_secret, prefix=self._prefix)

    def read(self) -> Any:
        """The value; look at problems() before it is used."""
        value = self.root.read()
        return {} if isinstance(value, Nothing) else value

    def problems(self) -> list[Problem]:
        """What read() found wrong, in the order of the fields."""
        return [
            Problem(id=field.place.id, label=field.place.label, text=text)
            for field in self.root.walk()
            for text in field.errors
        ][:MAX_PROBLEMS]

    def everything(self) -> list[Field]:
        """Every field, also of alternatives that are not chosen."""
        return _everything(self.root)

    def check(self, value: Any) -> None:
        """Judge a value by the whole schema; what is wrong is kept with its field."""
        try:
            validator = jsonschema_rs.validator_for(
                dict(self.schema), pattern_options=jsonschema_rs.RegexOptions(), mask="the value"
            )
            errors = list(islice(validator.iter_errors(value), MAX_PROBLEMS))
        except (ValueError, jsonschema_rs.ReferencingError):
            return  # a schema that cannot be used says nothing; the call will tell
        for error in errors:
            self.blame(pointers.from_path(error.instance_path), str(error.message))

    def blame(self, pointer: str, text: str) -> None:
        """Keep what is wrong with the value at a pointer, or with what holds it."""
        fields: dict[str, Field] = {}
        for field in self.root.walk():
            fields[field.place.pointer] = field  # of alternatives the one that was chosen
        for name in pointers.parents(pointer):
            if name in fields:
                fields[name].errors.append(text)
                return


def encode_json(value: Any) -> str:
    """A value as somebody edits it."""
    return json.dumps(value, indent=2, ensure_ascii=False)


def decode_json(text: str) -> Any:
    """What was edited. Raises ValueError in words."""
    return loads(text)


def _without_masks(value: Any, pointer: str, forgotten: list[str]) -> Any:
    if isinstance(value, dict):
        found = [key for key, item in value.items() if item == MASK]
        forgotten.extend(pointers.child(pointer, key) for key in found)
        return {
            key: _without_masks(item, pointers.child(pointer, key), forgotten)
            for key, item in value.items()
            if item != MASK
        }
    if isinstance(value, list):
        return [
            _without_masks(item, pointers.child(pointer, index), forgotten)
            for index, item in enumerate(value)
        ]
    return value


def _inner(root: Field, name: str) -> list[Any]:
    """The items of an array, or the rows of an object."""
    for field in _everything(root):
        if field.place.name == name:
            return list(getattr(field, "items", ()) or getattr(field, "rows", ()))
    return []


def _everything(field: Field) -> list[Field]:
    """A field and all inside of it, whether it counts or not."""
    inner = [each.field for each in getattr(field, "alternatives", ())] or list(field.within())
    return [field, *(found for each in inner for found in _everything(each))]


def _without(data: dict[str, str], name: str) -> dict[str, str]:
    """What was sent without one item or row: those behind it move up."""
    parent, _, step = name.rpartition("/")
    mark = "~+" if step.startswith("~+") else ""
    number = step.removeprefix(mark)
    removed = read_number(number, most=MAX_ITEMS)
    if removed is None:
        return data
    changed = {}
    for key, text in data.items():
        moved = _moved(key, f"{parent}/{mark}", removed)
        if moved is not None:
            changed[moved] = text
    size = count_of(data.get(pointers.SIZE + parent, ""))
    changed[pointers.SIZE + parent] = str(max(size - 1, 0))
    return changed


def _moved(key: str, prefix: str, removed: int) -> str | None:
    """A name after an item was removed; None for one that belongs to the item."""
    own = own_name(key)
    control = key.removesuffix(own)
    step, slash, rest = own.removeprefix(prefix).partition("/")
    index = read_number(step, most=MAX_ITEMS)
    if not own.startswith(prefix) or index is None:
        return key
    if index == removed:
        return None
    index -= index > removed
    return f"{control}{prefix}{index}{slash}{rest}"
