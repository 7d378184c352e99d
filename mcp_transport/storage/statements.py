"""
What the writer does with rows: SQL, in the form each database takes fastest.

A statement is made once and kept; the writer calls it from its own thread
with all the rows that came in a row for it.
"""

from __future__ import annotations

import datetime
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

import msgspec
from django.db import NotSupportedError, models
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]
AnyField: TypeAlias = "models.Field[Any, Any]"

# Rows in one INSERT on SQLite, whose cost is paid once for all of them. Of every size up to the
# first there is a statement, which is prepared when it is first needed; then by powers of two.
# All of them for calls take 12 MB; the driver keeps the 128 statements that were used last.
EXACT_CHUNK = 64
MAX_CHUNK = 512
# PostgreSQL keeps no NUL in text; an escape of it follows an even number of backslashes.
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
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

    def is_one_command(self, connection: BaseDatabaseWrapper, rows: Sequence[Row]) -> bool:
        """Whether execute() sends one command for these rows, which is a transaction by itself."""
        return False

    def committed(self) -> None:
        """Note that what was executed since the last commit or rollback is stored."""

    def rolled_back(self) -> None:
        """Note that it is not, as far as is known; all or some of it may come again."""


class ModelStatement(Statement, ABC):
    """
    Writes fields of a model; its SQL is made for the database it first meets.

    Values are what the model's fields hold; foreign keys are given by key,
    and a JSON field of an insert takes encoded JSON as ``msgspec.Raw``.
    """

    def __init__(self, model: type[models.Model], *names: str) -> None:
        super().__init__("")
        self.model = model
        self.fields = [_concrete_field(model, name) for name in names]
        self._form: Form | None = None

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        if self._form is None:
            self._form = self.make_form(connection)
        self._form.execute(connection, rows, is_repeated=is_repeated)

    @abstractmethod
    def make_form(self, connection: BaseDatabaseWrapper) -> Form:
        """Return the SQL for this database and how it is executed."""


class Insert(ModelStatement):
    """
    Inserts rows whose values come in the order of the fields.

    What a field would fill in by itself has to be in the row. A repeated row
    that meets itself in a unique column is passed over.
    """

    def is_one_command(self, connection: BaseDatabaseWrapper, rows: Sequence[Row]) -> bool:
        return connection.vendor == "postgresql" or len(rows) == _chunk(len(rows))

    def make_form(self, connection: BaseDatabaseWrapper) -> Form:
        try:
            form = INSERT_FORMS[connection.vendor]
        except KeyError:
            raise NotSupportedError(
                f"The database is {connection.vendor}; rows can be written to SQLite and PostgreSQL."
            ) from None
        quote = connection.ops.quote_name
        columns = ", ".join(quote(str(field.column)) for field in self.fields)
        return form(f"INSERT INTO {quote(self.model._meta.db_table)} ({columns})", self.fields)


class Update(ModelStatement):
    """
    Sets fields of the row whose key comes last, after the fields' values.

    ``only_where`` is SQL without values: what the row has to be like still.
    """

    def __init__(self, model: type[models.Model], *names: str, only_where: str = "") -> None:
        super().__init__(model, *names)
        self._condition = f" AND {only_where}" if only_where else ""

    def make_form(self, connection: BaseDatabaseWrapper) -> Form:
        form = UPDATE_FORMS.get(connection.vendor, EachRow)
        quote, mark = connection.ops.quote_name, form.mark
        meta = self.model._meta
        columns = ", ".join(f"{quote(str(field.column))} = {mark}" for field in self.fields)
        key = _concrete_field(self.model, "pk")
        sql = f"UPDATE {quote(meta.db_table)} SET {columns} WHERE {quote(str(key.column))} = {mark}{self._condition}"  # noqa: S608 - names of a model
        return form(sql, [*self.fields, key])


def insert(model: type[models.Model], *names: str) -> Insert:
    """Return the statement that inserts rows of these fields, or of all but the key."""
    if not names:
        fields = model._meta.concrete_fields
        names = tuple(field.name for field in fields if not isinstance(field, models.AutoField))
    return Insert(model, *names)


class Form(ABC):
    """SQL over fields of a model, in the way one database executes it fastest."""

    def __init__(self, sql: str, fields: Sequence[AnyField]) -> None:
        self.sql = sql
        self.fields = fields

    @abstractmethod
    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """Write the rows."""


class EachRow(Form):
    """Once for every row, on any database."""

    mark = "%s"  # of a value in SQL

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        prepare = [field.get_db_prep_save for field in self.fields]
        if connection.vendor == "postgresql":
            rows = [tuple(map(_without_nul, row)) for row in rows]
        with connection.cursor() as cursor:
            cursor.executemany(
                self.sql,
                [[p(v, connection) for p, v in zip(prepare, row, strict=True)] for row in rows],
            )


class SQLiteEachRow(EachRow):
    """Once for every row, by the driver itself, which has the statement prepared."""

    mark = "?"
    _converters: dict[int, Convert] | None = None

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        if self._converters is None:
            self._converters = dict(_converters(self.fields, connection))
        values = [_converted(row, self._converters) for row in rows]
        connection.ensure_connection()
        with connection.wrap_database_errors:
            connection.connection.executemany(self.sql, values)


class SQLiteInsert(Form):
    """
    Hundreds of rows in one INSERT, in few enough sizes to stay prepared.

    The driver is used directly: Django would search the long statement for
    ``%s`` each time. The driver gives up the interpreter for every execution
    and waits to get it back, so a statement for each row would be slow under
    load.
    """

    def __init__(self, sql: str, fields: Sequence[AnyField]) -> None:
        super().__init__(sql, fields)
        self._row = f"({', '.join('?' * len(fields))})"
        self._converters: list[tuple[int, Convert]] | None = None
        self._inserts: dict[tuple[int, bool], str] = {}

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        if self._converters is None:
            self._converters = list(_converters(self.fields, connection))
        connection.ensure_connection()
        start = 0
        with connection.wrap_database_errors:
            while rest := len(rows) - start:
                size = _chunk(rest)
                values = self._flatten(rows[start : start + size])
                connection.connection.execute(self._insert(size, is_repeated), values)
                start += size

    def _insert(self, size: int, is_repeated: bool) -> str:
        sql = self._inserts.get((size, is_repeated))
        if sql is None:
            sql = f"{self.sql} VALUES {', '.join([self._row] * size)}"
            sql += " ON CONFLICT DO NOTHING" if is_repeated else ""
            self._inserts[size, is_repeated] = sql
        return sql

    def _flatten(self, rows: Sequence[Row]) -> list[Any]:
        values = list(chain.from_iterable(rows))
        width = len(self.fields)
        for index, convert in self._converters or ():
            column = values[index::width]
            values[index::width] = [None if v is None else convert(v) for v in column]
        return values


class PostgreSQLInsert(Form):
    """All rows as one JSON parameter, a third of the time of ``executemany``."""

    _select = ""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        if not self._select:
            self._select = self._make_select(connection)
        sql = f"{self._select} ON CONFLICT DO NOTHING" if is_repeated else self._select
        with connection.cursor() as cursor:
            cursor.execute(sql, [_encoded(rows).decode()])

    def _make_select(self, connection: BaseDatabaseWrapper) -> str:
        values = ", ".join(_element(i, field, connection) for i, field in enumerate(self.fields))
        return f"{self.sql} SELECT {values} FROM jsonb_array_elements(%s::jsonb) AS r"  # noqa: S608 - names of a model


INSERT_FORMS: dict[str, type[Form]] = {"sqlite": SQLiteInsert, "postgresql": PostgreSQLInsert}
UPDATE_FORMS: dict[str, type[EachRow]] = {"sqlite": SQLiteEachRow}


def _encoded(value: Any) -> bytes:
    """JSON that PostgreSQL can keep: a NUL, which a client may send, is replaced."""
    text = msgspec.json.encode(value)
    return NUL.sub(rb"\1\\ufffd", text) if b"\\u0000" in text else text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    return msgspec.json.decode(_encoded(value)) if isinstance(value, dict | list) else value


def _chunk(count: int) -> int:
    """Return how many of so many rows one INSERT takes on SQLite."""
    return count if count <= EXACT_CHUNK else min(MAX_CHUNK, 1 << (count.bit_length() - 1))


def _concrete_field(model: type[models.Model], name: str) -> AnyField:
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    if not isinstance(field, models.Field) or field.column is None:
        raise TypeError(f"{model.__name__}.{name} is not a column of the model's table.")
    return field


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
            yield index, _datetime_converter(connection)
        elif isinstance(target, models.JSONField):
            yield index, _json_text
        elif not isinstance(target, PLAIN_FIELDS):
            yield index, partial(target.get_db_prep_save, connection=connection)


def _converted(row: Row, converters: Mapping[int, Convert]) -> list[Any]:
    values = list(row)
    for index, convert in converters.items():
        if values[index] is not None:
            values[index] = convert(values[index])
    return values


def _datetime_converter(connection: BaseDatabaseWrapper) -> Convert:
    adapt = connection.ops.adapt_datetimefield_value
    if connection.timezone is not datetime.UTC:
        return adapt

    def convert(value: datetime.datetime) -> Any:
        if value.tzinfo is not datetime.UTC:
            return adapt(value)
        # What Django stores, in an eighth of its time: "2026-07-28T12:30:01.000250Z" in quotes.
        return msgspec.json.encode(value)[1:-2].decode().replace("T", " ")

    return convert


def _json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
