"""Fields that hold other fields: objects, arrays, and one of several ways to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from mcp_transport.admin.forms.fields import ABSENT, EMPTY, NULL, Field, Nothing, meanings_of


@dataclass(slots=True, kw_only=True)
class Row:
    """A property that the schema does not name."""

    key: str
    name: str  # of the row
    key_name: str  # of the input for its key
    field: Field

    @property
    def is_blank(self) -> bool:
        """Whether nothing was typed in it."""
        return not self.key and self.field.is_blank


@dataclass(slots=True, kw_only=True)
class ObjectField(Field):
    """Fields with names."""

    template: ClassVar[str] = "object"

    fields: list[Field]
    rows: list[Row]
    takes_rows: bool
    empty: str

    def _read(self) -> Any:
        place = self.place
        if self._is_untouched and self.empty == NULL and place.shape.is_nullable:
            return None
        if self._is_untouched and self.empty != EMPTY and not place.is_required:
            return ABSENT
        values = {item.place.key: item.read() for item in self.fields}
        values |= self._read_rows(set(values))
        return {k: v for k, v in values.items() if not isinstance(v, Nothing)}

    def _read_rows(self, named: set[str]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for row in self.rows:
            if row.is_blank:
                continue
            value = row.field.read()
            if not row.key:
                row.field.errors.append("Enter the property's name.")
            elif row.key in named or row.key in values:
                row.field.errors.append(f"There is a field for {row.key!r} already.")
            values[row.key] = value
        return values

    @property
    def _is_untouched(self) -> bool:
        return all(f.is_blank for f in self.fields) and all(row.is_blank for row in self.rows)

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return self._is_untouched and self.empty not in (EMPTY, NULL)

    def within(self) -> Iterator[Field]:
        """See Field.within()."""
        yield from self.fields
        yield from (row.field for row in self.rows)

    @property
    def is_root(self) -> bool:
        """Whether it is the form itself."""
        return not self.place.name

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """What it can mean that no field in it is filled in."""
        return meanings_of(self.place, "an empty object")


@dataclass(slots=True, kw_only=True)
class ArrayField(Field):
    """Items in order; the first ones may have schemas of their own."""

    template: ClassVar[str] = "array"

    items: list[Field]
    empty: str
    takes_more: bool

    def _read(self) -> Any:
        place = self.place
        if not self.items and self.empty == NULL and place.shape.is_nullable:
            return None
        if not self.items and self.empty != EMPTY and not place.is_required:
            return ABSENT
        values = [item.read() for item in self.items]
        return [value for value in values if not isinstance(value, Nothing)]

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        return not self.items and self.empty not in (EMPTY, NULL)

    def within(self) -> Iterator[Field]:
        """See Field.within()."""
        return iter(self.items)

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """What it can mean that there is no item."""
        return meanings_of(self.place, "an empty list")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One of the ways to fill a field in."""

    index: str
    label: str
    field: Field


@dataclass(slots=True, kw_only=True)
class AlternativesField(Field):
    """One of several ways to fill the field in."""

    template: ClassVar[str] = "alternatives"

    chosen: str  # an index, NULL, or "" for leaving it out
    alternatives: list[Alternative]

    def _read(self) -> Any:
        if self.chosen == NULL and self.place.shape.is_nullable:
            return None
        active = self.active
        if active is not None:
            return active.read()
        return self._missing(f"Choose what {self.place.label} is.")

    @property
    def active(self) -> Field | None:
        """The alternative that was chosen."""
        for each in self.alternatives:
            if each.index == self.chosen:
                return each.field
        return None

    @property
    def is_blank(self) -> bool:
        """See Field.is_blank."""
        if self.chosen == NULL:
            return False
        active = self.active
        # An alternative has to be chosen where one is required, so that says nothing.
        return active is None or (self.place.is_required and active.is_blank)

    def within(self) -> Iterator[Field]:
        """See Field.within()."""
        active = self.active
        return iter(() if active is None else (active,))

    @property
    def others(self) -> list[tuple[str, str]]:
        """What can be chosen beside the alternatives."""
        absent = [] if self.place.is_required else [("", "Leave it out")]
        return absent + ([(NULL, "null")] if self.place.shape.is_nullable else [])
