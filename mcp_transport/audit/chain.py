"""
Rows as a chain: each carries a digest over itself and the row before.

Every worker process writes a chain of its own calls, and all of them together
one of operators' actions. A row that is changed, taken out, put in or moved
breaks it from there on. What a chain alone cannot show is that its newest or
its oldest rows were cut off: checkpoints do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from mcp_transport.audit.record import COLUMNS
from mcp_transport.models import AuditCheckpoint, Call, OperatorAction
from mcp_transport.storage.statements import Insert, Row

OPERATORS = "operators"  # the chain of what operators did; no worker process is called so
#: What is kept of an operator's action, in the order in which it is digested; new ones go to the end.
ACTION_COLUMNS = (
    "acted_at",
    "way",
    "user_id",
    "username",
    "action",
    "kind",
    "object_id",
    "object_name",
    "outcome",
    "changes",
    "address",
    "request_id",
)

READ_AT_ONCE = 1000
START = (0, "")  # sequence and digest before the first row

Head = tuple[int, str]

encode = msgspec.json.Encoder().encode  # what is digested


class ChainedInsert(Insert):
    """
    Inserts calls behind the newest row of one worker process.

    Rows are those of :class:`~mcp_transport.audit.record.CallRecord`; text that
    the table cannot hold is replaced before the digest is taken.
    """

    def __init__(self, worker: str) -> None:
        super().__init__(Call, "worker", "sequence", *COLUMNS, "previous_digest", "digest")
        self.worker = worker
        self._head: Head | None = None  # as committed
        self._next: Head | None = None  # as executed since
        self._is_head_known = False

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        sequence, previous = self.head(connection, is_repeated=is_repeated)
        worker, chained = self.worker, []
        for row in rows:
            sequence += 1
            values, digest = link(previous, worker, sequence, row)
            chained.append((worker, sequence, *values, previous, digest))
            previous = digest
        # Not the head yet: a transaction that is rolled back must not leave a gap behind.
        self._next = sequence, previous
        super().execute(connection, chained, is_repeated=is_repeated)

    def committed(self) -> None:
        self._head, self._next = self._next, None
        self._is_head_known = True

    def rolled_back(self) -> None:
        self._next = None
        # The connection may have broken while it committed: only the table knows where it ends.
        self._is_head_known = False

    @property
    def sequence(self) -> int:
        """The newest row that is known to be stored; readable from any thread."""
        return self._head[0] if self._head else 0

    def head(self, connection: BaseDatabaseWrapper, *, is_repeated: bool) -> Head:
        """Where the chain ends, rows of the running transaction included."""
        return self._next or self._find_head(connection, is_repeated=is_repeated)

    def _find_head(self, connection: BaseDatabaseWrapper, *, is_repeated: bool) -> Head:
        # The rows of a repeated batch may be in already: they take the same
        # places again and are passed over.
        if self._head is None or not (self._is_head_known or is_repeated):
            self._head = newest(self.worker, connection.alias)
        return self._head


def walk(worker: str, head: Head) -> Iterator[tuple[Head, str]]:
    """Yield the place and digest of each row behind a head, and what is wrong with it, if anything."""
    for row in _rows(worker, head[0]):
        fault = _fault(worker, head, row)
        head = row[0], row[-1]
        yield head, fault


def newest(worker: str, alias: str = DEFAULT_DB_ALIAS) -> Head:
    """Return where a chain ends; the rows before that may have been deleted, all of them."""
    checkpoints = AuditCheckpoint.objects.filter(worker=worker)
    ends = [
        rows.using(alias).order_by("-sequence").values_list("sequence", "digest").first()
        for rows in (rows_of(worker), checkpoints)
    ]
    # Of equal sequences both say the same digest, or verification tells that they do not.
    return max((end for end in ends if end), default=START)


def rows_of(worker: str) -> QuerySet[Any]:
    """Return the rows of a chain."""
    if worker == OPERATORS:
        return OperatorAction.objects.all()
    return Call.objects.filter(worker=worker)


def _rows(worker: str, sequence: int) -> Iterator[Row]:
    kept = ACTION_COLUMNS if worker == OPERATORS else COLUMNS
    columns = ("sequence", *kept, "previous_digest", "digest")
    rows = rows_of(worker).order_by("sequence").values_list(*columns)
    # By key and not by a cursor: rows come and go meanwhile, and no transaction holds for minutes.
    while chunk := list(rows.filter(sequence__gt=sequence)[:READ_AT_ONCE]):
        yield from chunk
        sequence = chunk[-1][0]


def _fault(worker: str, head: Head, row: Row) -> str:
    sequence, *values, previous, digest = row
    if sequence != head[0] + 1:
        return f"{missing(head[0] + 1, sequence - 1)} missing before it"
    if previous != head[1]:
        return "it names another row before it"
    if sha256(encode((previous, worker, sequence, *values))).hexdigest() != digest:
        return "it was changed"
    return ""


def missing(first: int, last: int) -> str:
    """Say which rows are not there."""
    return f"row {first} is" if first == last else f"rows {first} to {last} are"


def link(previous: str, worker: str, sequence: int, row: Row) -> tuple[Row, str]:
    """Return values as they will be stored, and the digest over them."""
    # As it will be stored, for verification digests what it reads back: text that the table
    # changes would look like a forgery.
    try:
        canonical = encode((previous, worker, sequence, *row))
        if b"\\u0000" in canonical:
            raise ValueError("PostgreSQL keeps no NUL in text")
    except ValueError:  # among them UnicodeEncodeError: half a surrogate pair
        row = tuple(_cleaned(value) for value in row)
        canonical = encode((previous, worker, sequence, *row))
    return row, sha256(canonical).hexdigest()


def _cleaned(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
