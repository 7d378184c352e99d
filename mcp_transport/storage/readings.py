"""
Queries of the ORM that are read again and again, whose SQL is made once.

Django makes the SQL of a query anew each time, which takes it several times as
long as the database needs for an answer of a row or two.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper

Model = TypeVar("Model", bound=models.Model)
Row = tuple[Any, ...]


class Parameter(str):
    """The name of a text that is given when the query is read; it stands in its place."""

    __slots__ = ()


class Compiled:
    """A query as one connection takes it."""

    def __init__(self, query: Any, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self._compiler = query.get_compiler(connection=connection)
        self._sql, self._parameters = self._compiler.as_sql()
        selected = [expression for expression, *_ in self._compiler.select]
        self._converters = self._compiler.get_converters(selected)

    def rows(self, texts: Mapping[str, str]) -> list[Row]:
        """Read the rows, with texts in the place of parameters."""
        parameters = [texts[p] if type(p) is Parameter else p for p in self._parameters]
        with self.connection.cursor() as cursor:
            cursor.execute(self._sql, parameters)
            found = cursor.fetchall()
        return [tuple(row) for row in self._compiler.apply_converters(found, self._converters)]


class Reading(Generic[Model]):
    """
    A query for all columns of a model, or for those of ``values_list()``.

    ``make`` is called once in each thread, and for each database. It writes
    a Parameter where a text is to be given.
    """

    def __init__(self, make: Callable[[], models.QuerySet[Model, Any]]) -> None:
        self._make = make
        self._model: type[Model] | None = None
        self._made = threading.local()

    def rows(self, **texts: str) -> list[Row]:
        """Read the values of each row."""
        return self._compiled().rows(texts)

    def instances(self, **texts: str) -> list[Model]:
        """Read the rows as instances of their model, where the query takes all columns."""
        compiled = self._compiled()
        model = self.model
        names = [field.attname for field in model._meta.concrete_fields]
        alias = compiled.connection.alias
        return [model.from_db(alias, names, row) for row in compiled.rows(texts)]

    @property
    def model(self) -> type[Model]:
        """Whose rows are read."""
        if self._model is None:
            self._model = self._make().model
        return self._model

    def _compiled(self) -> Compiled:
        connection = connections[router.db_for_read(self.model)]
        made: dict[str, Compiled] = self._made.__dict__
        # A connection that was made anew has a compiler of its own.
        compiled = made.get(connection.alias)
        if compiled is None or compiled.connection is not connection:
            compiled = made[connection.alias] = Compiled(self._make().query, connection)
        return compiled
