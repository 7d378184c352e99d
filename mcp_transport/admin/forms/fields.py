"""
The fields of a form: what each shows, and the value that it stands for.

Reading gives ABSENT for what is left out, and BROKEN for what was typed and
is no value; what is wrong is kept with the field that it is wrong in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, ClassVar

from mcp_transport.admin.forms import pointers
from mcp_transport.admin.forms.shapes import Option, Shape
from mcp_transport.admin.forms.words import limits


class Nothing(Enum):
    """What stands where there is no value."""

    ABSENT = auto()
    BROKEN = auto()


ABSENT, BROKEN = Nothing.ABSENT, Nothing.BROKEN

MASK = "[redacted]"  # what stands in a record instead of a secret
EMPTY, NULL = "empty", "null"  # what an empty field can mean, beside being left out
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,299})(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?")
INPUT_TYPES = {"date": "date", "email": "email", "uri": "url", "password": "password"}
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
ADDRESS = re.compile(r"[!-~]*")  # what a browser leaves alone in an address
FILES = frozenset({"base64", "byte", "base64url", "binary"})
SHORT = 100  # characters for which one line is enough

IsSecret = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a field stands in the form."""

    name: str  # of its input
    pointer: str  # to its value
    key: str  # what its value is called in the object that holds it
    label: str
    shape: Shape
    is_required: bool
    is_secret: bool = False
    id: str


@dataclass(slots=True, kw_only=True)
class Field:
    """One place of a form."""

    template: ClassVar[str]

    place: Place
    errors: list[str] = field(default_factory=list)
    is_typed: bool = True  # whether what was typed is a value, be it a wrong one

    def read(self) -> Any:
        """The value, ABSENT or BROKEN."""
        self.errors.clear()
        value = self._read()
        self.is_typed = value is not BROKEN
        return value

    def _read(self) -> Any:
        raise NotImplementedError

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed or chosen here."""
        raise NotImplementedError

    def within(self) -> Iterator[Field]:
        """The fields right inside of this one that count."""
        return iter(())

    def walk(self) -> Iterator[Field]:
        """This field and all inside of it that count, in order."""
        yield self
        for inner in self.within():
            yield from inner.walk()

    @property
    def template_name(self) -> str:
        """What shows it."""
        return f"admin/mcp_transport/forms/{self.template}.html"

    @property
    def limits(self) -> list[str]:
        """The rules for the value, in words."""
        return limits(self.place.shape.schema)

    @property
    def description(self) -> str:
        """What the schema says of it."""
        return str(self.place.shape.schema.get("description") or "")

    def _missing(self, sentence: str) -> Any:
        if self.place.is_required:
            self.errors.append(sentence)
        return ABSENT

    def _broken(self, sentence: str) -> Any:
        self.errors.append(sentence)
        return BROKEN


@dataclass(slots=True, kw_only=True)
class TextField(Field):
    """A text."""

    template: ClassVar[str] = "text"

    text: str
    empty: str  # what it means that nothing was typed

    def _read(self) -> Any:
        if self.text:
            return self.text
        if self.empty == EMPTY:
            return ""
        if self.empty == NULL and self.place.shape.is_nullable:
            return None
        return self._missing(f"Enter {self.place.label}.")

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return not self.text and self.empty not in (EMPTY, NULL)

    @property
    def shown(self) -> str:
        """What the input holds; never a secret."""
        return "" if self.place.is_secret else self.text

    @property
    def input_type(self) -> str:
        """The type of input that holds this very text, or "" for several lines."""
        schema = self.place.shape.schema
        kind = INPUT_TYPES.get(schema.get("format", ""), "text")
        if self.place.is_secret:
            return "password"
        if "\n" in self.text:
            return ""
        if kind == "date" and self.text and not DATE.fullmatch(self.text):
            return "text"
        if kind in ("email", "url") and not ADDRESS.fullmatch(self.text):
            return "text"
        is_free = kind == "text" and "format" not in schema and "pattern" not in schema
        return "" if is_free and schema.get("maxLength", SHORT + 1) > SHORT else kind

    @property
    def takes_file(self) -> bool:
        """Whether a file can be chosen instead."""
        return takes_file(self.place.shape)

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """
        What an empty input can mean, for somebody to choose.

        Where a text is required and was not yet missed, it is plain.
        """
        is_plain = self.place.is_required and not self.place.shape.is_nullable
        if is_plain and not self.errors and not self.empty:
            return []
        first = ("", "not filled in" if self.place.is_required else "leave it out")
        null = [(NULL, "null")] if self.place.shape.is_nullable else []
        return [first, (EMPTY, "an empty text"), *null]


@dataclass(slots=True, kw_only=True)
class NumberField(Field):
    """A number."""

    template: ClassVar[str] = "number"

    text: str
    empty: str

    def _read(self) -> Any:
        typed = self.text.strip()
        if not typed:
            if self.empty == NULL and self.place.shape.is_nullable:
                return None
            return self._missing(f"Enter {self.place.label}.")
        value = json.loads(typed) if NUMBER.fullmatch(typed) else None
        if value is None or value in (float("inf"), float("-inf")):
            return self._broken("Enter a number, such as 12 or 0.5.")
        if self.is_integer and value != int(value):
            return self._broken("Enter a whole number.")
        return value

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return not self.text.strip() and self.empty != NULL

    @property
    def is_integer(self) -> bool:
        """Whether only whole numbers will do."""
        return "integer" in self.place.shape.schema.get("type", ())

    @property
    def shown(self) -> str:
        """What the input holds; never a secret."""
        return "" if self.place.is_secret else self.text

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """What an empty input can mean, if that is not plain."""
        return meanings_of(self.place, "")


@dataclass(slots=True, kw_only=True)
class ChoiceField(Field):
    """One of some values."""

    template: ClassVar[str] = "choice"

    chosen: str  # as JSON

    def _read(self) -> Any:
        if not self.chosen:
            return self._missing(f"Choose {self.place.label}.")
        for option in self.place.shape.options:
            if option.text == self.chosen:
                return option.value
        return self._broken("Choose one of the values.")

    @property
    def options(self) -> tuple[Option, ...]:
        """What can be chosen."""
        return self.place.shape.options

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return not self.chosen


@dataclass(slots=True, kw_only=True)
class FixedField(Field):
    """The only value that there can be; it is there when what holds it is."""

    template: ClassVar[str] = "fixed"

    def _read(self) -> Any:
        return self.option.value

    @property
    def option(self) -> Option:
        """The value."""
        return self.place.shape.options[0]

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return True


@dataclass(slots=True, kw_only=True)
class JsonField(Field):
    """A value as JSON: what no other field can hold."""

    template: ClassVar[str] = "json"

    text: str
    is_secret: IsSecret

    def _read(self) -> Any:
        if not self.text.strip():
            return self._missing(f"Enter {self.place.label} as JSON.")
        try:
            value = loads(self.text)
        except ValueError as error:
            return self._broken(f"This is no JSON: {error}.")
        if holds_mask(value):
            return self._broken(f"Replace {MASK}: the secret is not kept.")
        return value

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return not self.text.strip()

    @property
    def shown(self) -> str:
        """What the box holds, without what is secret by its name."""
        if self.place.is_secret:
            return ""
        try:
            value = loads(self.text)
        except ValueError:
            return self.text
        hidden = masked(value, self.is_secret)
        return self.text if hidden == value else json.dumps(hidden, indent=2, ensure_ascii=False)


def meanings_of(place: Place, empty: str) -> list[tuple[str, str]]:
    """What an empty field can mean; nothing where that is plain."""
    first = ("", empty or "not filled in") if place.is_required else ("", "leave it out")
    second = [(EMPTY, empty)] if empty and not place.is_required else []
    null = [(NULL, "null")] if place.shape.is_nullable else []
    return [first, *second, *null] if second or null else []


def takes_file(shape: Shape) -> bool:
    """Whether a shape holds bytes."""
    words = (shape.schema.get("format"), shape.schema.get("contentEncoding"))
    return shape.kind == "text" and not FILES.isdisjoint(filter(None, words))


def loads(text: str) -> Any:
    """Decode JSON. Raises ValueError in words."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"{error.msg[0].lower()}{error.msg[1:]} ({place})") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def masked(value: Any, is_secret: IsSecret) -> Any:
    """A value without what is secret by its name."""
    if isinstance(value, dict):
        return {k: MASK if is_secret(k) else masked(v, is_secret) for k, v in value.items()}
    return [masked(item, is_secret) for item in value] if isinstance(value, list) else value


def holds_mask(value: Any) -> bool:
    """Whether a secret was taken out of a value: a property's, never an item's."""
    if isinstance(value, dict):
        return any(item == MASK or holds_mask(item) for item in value.values())
    return isinstance(value, list) and any(map(holds_mask, value))


def own_name(name: str) -> str:
    """The name of a value, from any of the names that belong to it."""
    for prefix in (pointers.AS, pointers.SIZE, pointers.KEY, pointers.CHOICE, pointers.JSON):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name.removeprefix(pointers.FILE)
