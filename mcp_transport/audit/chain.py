"""
Call rows as a chain: each carries a digest over itself and the row before.

Every worker process writes a chain of its own. A row that is changed, taken
out, put in or moved breaks it from there on. What a chain alone cannot show
is that its newest rows were cut off, or its oldest by whoever keeps the rest.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_transport.audit.record import COLUMNS
from mcp_transport.models import Call
from mcp_transport.statements import Insert, Row

READ_AT_ONCE = 1000
START = (0, "")  # sequence and digest before the first row
STARTED_AT = COLUMNS.index("started_at")

Head = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """The first row of a chain that does not follow from the one before."""

    worker: str
    sequence: int
    reason: str


class ChainedInsert(Insert):
    """
    Inserts calls behind the newest row of one worker process.

    Rows are those of :class:`~mcp_transport.audit.record.CallRecord`; what
    the table cannot hold is replaced or cut before the digest is taken.
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
        head = self._next or self._find_head(connection, is_repeated=is_repeated)
        chained = []
        for row in rows:
            sequence, previous = head[0] + 1, head[1]
            values, digest = _link(previous, self.worker, sequence, row)
            chained.append((self.worker, sequence, *values, previous, digest))
            head = sequence, digest
        self._next = head
        super().execute(connection, chained, is_repeated=is_repeated)

    def committed(self) -> None:
        self._head, self._next = self._next, None
        self._is_head_known = True

    def rolled_back(self) -> None:
        self._next = None
        self._is_head_known = False

    def _find_head(self, connection: BaseDatabaseWrapper, *, is_repeated: bool) -> Head:
        # The rows of a repeated batch may be in already: they take the same
        # places again and are passed over.
        if self._head is None or not (self._is_head_known or is_repeated):
            self._head = _newest(connection.alias, self.worker)
        return self._head


def verify(worker: str, *, after: Head | None = None) -> Break | None:
    """
    Return where the chain of a worker process breaks, or None.

    Begins behind the row whose sequence and digest are given as good, or at
    the oldest row that is kept, whose own place then is believed.
    """
    for row in _rows(worker, after[0] if after else 0):
        sequence, *values, previous, digest = row
        if after is None:
            after = START if sequence == 1 else (sequence - 1, previous)
        reason = _fault(worker, after, row)
        if reason:
            return Break(worker=worker, sequence=sequence, reason=reason)
        after = sequence, digest
    return None


def verify_all() -> Iterator[Break]:
    """Yield the break of every chain that has one."""
    workers = Call.objects.order_by("worker").values_list("worker", flat=True).distinct()
    for worker in workers.iterator():
        found = verify(worker)
        if found:
            yield found


def _rows(worker: str, sequence: int) -> Iterator[Row]:
    columns = ("sequence", *COLUMNS, "previous_digest", "digest")
    rows = Call.objects.filter(worker=worker).order_by("sequence").values_list(*columns)
    while chunk := list(rows.filter(sequence__gt=sequence)[:READ_AT_ONCE]):
        yield from chunk
        sequence = chunk[-1][0]


def _fault(worker: str, head: Head, row: Row) -> str:
    sequence, *values, previous, digest = row
    if sequence != head[0] + 1:
        return f"the row {head[0] + 1} before it is missing"
    if previous != head[1]:
        return "it names another row before it"
    if _digest(previous, _canonical(worker, sequence, values)) != digest:
        return "it was changed"
    return ""


def _newest(alias: str, worker: str) -> Head:
    rows = Call.objects.using(alias).filter(worker=worker).order_by("-sequence")
    return rows.values_list("sequence", "digest").first() or START


def _link(previous: str, worker: str, sequence: int, row: Row) -> tuple[Row, str]:
    """Return the values as they will be stored, and the digest over them."""
    row = _fitting(row)
    try:
        canonical = _canonical(worker, sequence, row)
        if b"\\u0000" in canonical:
            raise ValueError("PostgreSQL keeps no NUL in text")
    except ValueError:  # among them UnicodeEncodeError: half a surrogate pair
        row = tuple(_cleaned(value) for value in row)
        canonical = _canonical(worker, sequence, row)
    return row, _digest(previous, canonical)


def _canonical(worker: str, sequence: int, values: Sequence[Any]) -> bytes:
    return msgspec.json.encode((worker, sequence, *values))


def _digest(previous: str, canonical: bytes) -> str:
    return hashlib.sha256(previous.encode() + canonical).hexdigest()


def _fitting(row: Row) -> Row:
    """Cut what is too long for its column; a time is kept in UTC."""
    if row[STARTED_AT].tzinfo is not datetime.UTC:
        row = _replaced(row, STARTED_AT, row[STARTED_AT].astimezone(datetime.UTC))
    for index, limit in _limits():
        if len(row[index]) > limit:
            row = _replaced(row, index, row[index][:limit])
    return row


def _replaced(row: Row, index: int, value: Any) -> Row:
    return (*row[:index], value, *row[index + 1 :])


def _cleaned(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


@cache
def _limits() -> tuple[tuple[int, int], ...]:
    fields = [Call._meta.get_field(name) for name in COLUMNS]
    return tuple(
        (index, field.max_length)
        for index, field in enumerate(fields)
        if isinstance(field, models.CharField) and field.max_length
    )
