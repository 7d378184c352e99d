"""
What the writer does with rows: SQL, in the form each database takes fastest.

A statement is made once and kept; the writer calls it from its own thread
with all the rows that came in a row for it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]
AnyField: TypeAlias = "models.Field[Any, Any]"

PLAIN_FIELDS = (
    models.BooleanField,
    models.CharField,
    models.FloatField,
    models.IntegerField,
    models.TextField,
)


class Statement:
    """SQL with ``%s`` for each value of a row, executed once for every row."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """Write the rows; a repeated call may find them there already."""
        with connection.cursor() as cursor:
            cursor.executemany(self.sql, rows)

    def committed(self) -> None:
        """What was executed since the last of these three calls is stored."""

    def rolled_back(self) -> None:
        """It is not, as far as is known, and will be executed again."""

    def abandoned(self) -> None:
        """It was rolled back and some of it will not come again."""


class Insert(Statement):
    """
    Inserts rows of a model whose values come in the order of the fields.

    Values are what the model's fields hold; foreign keys are given by key,
    and a JSON field takes text that is JSON already as ``msgspec.Raw``. What
    a field would fill in by itself has to be in the row.
    """

    def __init__(self, model: type[models.Model], *names: str) -> None:
        meta = model._meta
        self.table = meta.db_table
        self.fields: list[AnyField] = (
            [meta.get_field(name) for name in names]  # type: ignore[misc]  # no relations from afar
            if names
            else [
                field for field in meta.concrete_fields if not isinstance(field, models.AutoField)
            ]
        )
        super().__init__("")
        self._vendor = ""
        self._converters: list[tuple[int, Convert]] = []

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        if self._vendor != connection.vendor:
            self._prepare(connection)
        sql = f"{self.sql} ON CONFLICT DO NOTHING" if is_repeated else self.sql
        with connection.cursor() as cursor:
            if self._vendor == "postgresql":
                cursor.execute(sql, [msgspec.json.encode(rows).decode()])
            else:
                cursor.executemany(sql, self._converted(rows))

    def _prepare(self, connection: BaseDatabaseWrapper) -> None:
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(field.column)) for field in self.fields)
        into = f"INSERT INTO {quote(self.table)} ({columns})"
        if connection.vendor == "postgresql":
            # One parameter for all rows: a third of the time of executemany.
            values = ", ".join(
                _element(i, field, connection) for i, field in enumerate(self.fields)
            )
            self.sql = f"{into} SELECT {values} FROM jsonb_array_elements(%s::jsonb) AS r"  # noqa: S608 - names only
        else:
            self.sql = f"{into} VALUES ({', '.join(['%s'] * len(self.fields))})"
            self._converters = list(_converters(self.fields, connection))
        self._vendor = connection.vendor

    def _converted(self, rows: Sequence[Row]) -> Sequence[Sequence[Any]]:
        if not self._converters:
            return rows
        lists = [list(row) for row in rows]
        for index, convert in self._converters:
            for values in lists:
                if values[index] is not None:
                    values[index] = convert(values[index])
        return lists


class Update(Statement):
    """
    Sets fields of the row whose key comes last, after the fields' values.

    Values are what the model's fields hold, as for :class:`Insert`.
    """

    def __init__(self, model: type[models.Model], *names: str) -> None:
        super().__init__("")
        self.model = model
        self.fields: list[AnyField] = [model._meta.get_field(name) for name in names]  # type: ignore[misc]  # no relations from afar
        self._vendor = ""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        if self._vendor != connection.vendor:
            self._prepare(connection)
        prepare = [field.get_db_prep_save for field in self.fields]
        with connection.cursor() as cursor:
            cursor.executemany(
                self.sql,
                [
                    [*(p(v, connection) for p, v in zip(prepare, row, strict=False)), row[-1]]
                    for row in rows
                ],
            )

    def _prepare(self, connection: BaseDatabaseWrapper) -> None:
        quote = connection.ops.quote_name
        columns = ", ".join(f"{quote(str(field.column))} = %s" for field in self.fields)
        meta = self.model._meta
        key = quote(str(meta.pk.column))
        self.sql = f"UPDATE {quote(meta.db_table)} SET {columns} WHERE {key} = %s"  # noqa: S608 - names of a model
        self._vendor = connection.vendor


def insert(model: type[models.Model], *names: str) -> Insert:
    """Return the statement that inserts rows of these fields, or of all but the key."""
    return Insert(model, *names)


def _element(index: int, field: AnyField, connection: BaseDatabaseWrapper) -> str:
    kind = (field.db_type(connection) or "text").partition("(")[0]  # a cast to varchar(n) cuts off
    if kind == "jsonb":
        return f"nullif(r->{index}, 'null'::jsonb)"
    return f"(r->>{index})::{kind}"


def _converters(
    fields: Iterable[AnyField], connection: BaseDatabaseWrapper
) -> Iterable[tuple[int, Convert]]:
    for index, field in enumerate(fields):
        target = field.target_field if isinstance(field, models.ForeignKey) else field
        if isinstance(target, models.DateTimeField):
            yield index, _datetime_converter(target, connection)
        elif isinstance(target, models.JSONField):
            yield index, _json_text
        elif not isinstance(target, PLAIN_FIELDS):
            yield index, _field_converter(target, connection)


def _datetime_converter(field: AnyField, connection: BaseDatabaseWrapper) -> Convert:
    if connection.vendor != "sqlite" or connection.timezone is not datetime.UTC:
        return _field_converter(field, connection)

    def convert(value: datetime.datetime) -> Any:
        if value.tzinfo is datetime.UTC:  # what Django stores, at a fifth of its time
            return value.isoformat(" ")[:-6]
        return connection.ops.adapt_datetimefield_value(value)

    return convert


def _field_converter(field: AnyField, connection: BaseDatabaseWrapper) -> Convert:
    return lambda value: field.get_db_prep_save(value, connection)


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
