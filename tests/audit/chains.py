"""Rows of calls, and chains of them, for the tests of the record."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from django.db import connection, transaction

from mcp_transport.audit.chain import ChainedInsert
from mcp_transport.audit.checkpoints import Checkpoint
from mcp_transport.audit.record import CallRecord
from mcp_transport.storage.statements import Row, Statement

WHEN = datetime.datetime(2026, 7, 28, 12, 30, 1, 250, tzinfo=datetime.UTC)


def row(entry: str = "echo", **values: Any) -> Row:
    """A call as the recorder hands it over."""
    values = {"started_at": WHEN, "server": "main", "method": "tools/call", **values}
    record = CallRecord(duration_us=12, entry=entry, **values)
    return msgspec.structs.astuple(record)


def execute(statement: Statement, *rows: Row, is_repeated: bool = False) -> None:
    """What the writer does, without the commit."""
    with transaction.atomic():
        statement.execute(connection, rows, is_repeated=is_repeated)


class Chain:
    """One worker process's part of the record."""

    def __init__(self, worker: str = "w1") -> None:
        self.insert = ChainedInsert(worker)
        self.checkpoint = Checkpoint(self.insert)

    def write(self, *rows: Row) -> Chain:
        """Write calls."""
        execute(self.insert, *rows)
        self.insert.committed()
        return self

    def vouch(self) -> Chain:
        """Make a checkpoint."""
        execute(self.checkpoint, ())
        self.checkpoint.committed()
        return self
