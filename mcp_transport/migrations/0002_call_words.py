"""The full-text index of calls: FTS5 on SQLite, where it has it, a tsvector on PostgreSQL."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import DatabaseError, migrations, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Words come taken apart and in small letters: the tokenizer has only spaces to see.
# Where the words stand in a call is not kept: half the size. The beginnings that are
# indexed are found 100 times as fast as others, if they are common, for an eighth more.
STATEMENTS = {
    "sqlite": (
        "CREATE VIRTUAL TABLE mcp_call_words USING fts5"
        "(words, tokenize = 'ascii', detail = none, columnsize = 0, prefix = '1 2 3 4 5 6 7 8')",
    ),
    "postgresql": (
        "CREATE TABLE mcp_call_words (call_id bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX mcp_call_words_gin ON mcp_call_words USING gin (words)",
    ),
}


def create(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the empty index; worker processes fill it."""
    connection = editor.connection
    try:
        with transaction.atomic(connection.alias), connection.cursor() as cursor:
            for statement in STATEMENTS.get(connection.vendor, ()):
                cursor.execute(statement)
    except DatabaseError:
        if connection.vendor != "sqlite":
            raise  # an SQLite without FTS5 reads the record itself


def drop(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the index away."""
    with editor.connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS mcp_call_words")


class Migration(migrations.Migration):
    """A table that no model has: its form is each database's own."""

    dependencies = (("mcp_transport", "0001_initial"),)
    operations = (migrations.RunPython(create, drop),)
