"""
Makes the database of the tests empty again, as quickly as it can be done.

Django's ``flush`` drops the content types and permissions with the rest and
makes them anew by some hundred queries, which takes longer than most tests.
Here they stay, unless a test has changed them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

Rows = list[tuple[Any, ...]]

MADE_BY_MIGRATE = ("django_content_type", "auth_permission")
_as_made: dict[str, list[Rows]] = {}  # by the alias of the database
_kept: dict[str, BaseDatabaseWrapper] = {}


def remember(alias: str) -> None:
    """Take what migrate has just made for what empty() leaves."""
    _as_made[alias] = _made(_connection(alias))


def empty(alias: str) -> bool:
    """Delete what tests have written; False, and nothing is, if they changed what migrate made."""
    connection = _connection(alias)
    if _as_made.get(alias) != _made(connection):
        return False
    connection.set_autocommit(False)
    try:
        with connection.cursor() as cursor:
            for statement in _statements(connection.vendor):
                cursor.execute(statement)
        connection.commit()
    finally:
        connection.rollback()
        connection.set_autocommit(True)
    return True


def let_go() -> None:
    """Close what was kept open."""
    while _kept:
        _kept.popitem()[1].close()


def _connection(alias: str) -> BaseDatabaseWrapper:
    """
    One that no test has.

    Django closes a test's own after it, and a new one to PostgreSQL has to
    learn every table first. On SQLite the last to close writes the whole log
    back into the file; while this one is open nobody is the last.
    """
    if alias not in _kept:
        _kept[alias] = connections[alias].copy()
    if not _kept[alias].is_usable():
        _kept[alias].close()
    return _kept[alias]


def _made(connection: BaseDatabaseWrapper) -> list[Rows]:
    """The rows that migrate makes, as they are now."""
    found = []
    with connection.cursor() as cursor:
        for table in MADE_BY_MIGRATE:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            found.append(cursor.fetchall())
    return found


def _statements(vendor: str) -> Iterator[str]:
    tables = [f'"{table}"' for table in _tables()]
    deletions = [f"DELETE FROM {table}" for table in tables]
    if vendor == "postgresql":
        # Whoever is in the middle of writing is waited for, as SQLite does by itself.
        yield f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE"
        yield "; ".join(deletions)
    else:
        yield from deletions


def _tables() -> Iterator[str]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and model._meta.db_table not in MADE_BY_MIGRATE:
            yield model._meta.db_table
