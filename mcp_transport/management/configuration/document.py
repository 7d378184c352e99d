"""
The form of the file: the same rows are always the same bytes.

    {"version": 1, "servers": [{"slug": …, "overrides": […]}], "texts": […]}

Servers stand in the order of their slugs, the rest in that of kind and name,
members in that of the alphabet. A member that is missing has its default.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import NOT_PROVIDED

from mcp_transport.comparable import is_comparable
from mcp_transport.models import EntryOverride, Server, TextEntry

VERSION = 1
SHOWN_LENGTH = 60  # characters of a wrong value that a message repeats


class Malformed(ValueError):
    """The file is not what it has to be; says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of row in the file."""

    model: type[models.Model]
    key: tuple[str, ...]  # the members that name a row among its like
    word: str

    @property
    def fields(self) -> dict[str, Any]:
        """What operators can set, by name."""
        return {
            field.name: field
            for field in self.model._meta.concrete_fields
            if field.editable and not (field.primary_key or field.is_relation)
        }

    def key_of(self, row: models.Model) -> tuple[str, ...]:
        """What names a row."""
        return tuple(str(getattr(row, name)) for name in self.key)


SERVER = Kind(model=Server, key=("slug",), word="server")
OVERRIDE = Kind(model=EntryOverride, key=("kind", "name"), word="entry")
TEXT = Kind(model=TextEntry, key=("kind", "name"), word="text")

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One row as the file has it."""

    kind: Kind
    path: str  # where it stands: "servers[0].overrides[2]"
    values: Values  # every field, defaults included
    overrides: tuple[Item, ...] = ()  # of a server

    @property
    def key(self) -> tuple[str, ...]:
        """What names the row."""
        return tuple(self.values[name] for name in self.kind.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """All that a file says."""

    servers: tuple[Item, ...]
    texts: tuple[Item, ...]


def exported() -> str:
    """Write down what there is."""
    servers = [
        {**values_of(SERVER, row), "overrides": _in_order(OVERRIDE, row.overrides.all())}
        for row in Server.objects.order_by("slug").prefetch_related("overrides")
    ]
    texts = _in_order(TEXT, TextEntry.objects.all())
    document = {"version": VERSION, "servers": servers, "texts": texts}
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def values_of(kind: Kind, row: models.Model) -> Values:
    """What the file says of a row."""
    return {name: getattr(row, name) for name in kind.fields}


def _in_order(kind: Kind, rows: Iterable[models.Model]) -> list[Values]:
    return [values_of(kind, row) for row in sorted(rows, key=kind.key_of)]


def parsed(text: str) -> Document:
    """Read a file. Raises Malformed."""
    try:
        read = json.loads(text, object_pairs_hook=_without_repetition, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise Malformed(f"line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise Malformed("It is nested too deeply.") from None
    top = _object(read, "", {"version", "servers", "texts"})
    if top.get("version") != VERSION:
        says = _shown(top.get("version"))
        raise Malformed(f"version: is {says}; this command reads version {VERSION}.")
    return Document(
        servers=tuple(_items(SERVER, top.get("servers", []), "servers")),
        texts=tuple(_items(TEXT, top.get("texts", []), "texts")),
    )


def _items(kind: Kind, given: Any, path: str) -> Iterator[Item]:
    if not isinstance(given, list):
        raise Malformed(f"{path}: is {_shown(given)}; it is a list.")
    known: dict[tuple[str, ...], str] = {}
    for index, member in enumerate(given):
        item = _item(kind, member, f"{path}[{index}]")
        if item.key in known:
            name = " ".join(item.key)
            raise Malformed(f"{item.path}: {name!r} stands at {known[item.key]} already.")
        known[item.key] = item.path
        yield item


def _item(kind: Kind, given: Any, path: str) -> Item:
    fields = kind.fields
    nested = {"overrides"} if kind is SERVER else set()
    members = _object(given, path, fields.keys() | nested)
    values = {name: _value(field, members, path) for name, field in fields.items()}
    overrides = tuple(_items(OVERRIDE, members.get("overrides", []), f"{path}.overrides"))
    return Item(kind=kind, path=path, values=values, overrides=overrides)


def _value(field: Any, members: Mapping[str, Any], path: str) -> Any:
    place = f"{path}.{field.name}"
    if field.name not in members:
        if field.default is NOT_PROVIDED and not field.blank and not field.null:
            raise Malformed(f"{place}: is missing.")
        return field.get_default()
    value = members[field.name]
    if not _is_storable(value):
        raise Malformed(f"{place}: has a character that no database keeps.")
    wanted = _wanted(field)
    if wanted is None or (value is None and field.null):
        return value
    kind, says = wanted
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Malformed(f"{place}: is {_shown(value)}; it is {says}.")
    return value


def _is_storable(value: Any) -> bool:
    waiting = [value]  # not by recursion: a file may be nested as deep as it likes
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and not is_comparable(part):
            return False
        if isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, list):
            waiting += part
    return True


def _wanted(field: Any) -> tuple[type, str] | None:
    """The type that a field has in JSON, and its name; None for any."""
    if isinstance(field, models.JSONField):
        return None
    if isinstance(field, models.BooleanField):
        return bool, "true or false"
    if isinstance(field, models.IntegerField):
        return int, "a whole number"
    return str, "a text"


def _object(given: Any, path: str, known: Iterable[str]) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Malformed(f"{path or 'The file'}: is {_shown(given)}; it is an object.")
    for name in given:
        if name not in known:
            place = f"{path}.{name}" if path else name
            raise Malformed(f"{place}: is unknown; there are {', '.join(sorted(known))}.")
    return given


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"An object has the member {twice!r} twice.")
    return members


def _no_number(text: str) -> Any:
    raise Malformed(f"{text} is no JSON.")


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"
