"""
The index of the words in calls: full text of SQLite (FTS5) or PostgreSQL.

It is built behind the record, in steps of bounded work, so that no call waits
for it. Words are taken apart here and not by the database, so that the same
is found on both. A database without the table has no index, and no errors.
"""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, OperationalError, connections, router, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from mcp_transport.audit.rollups import DISORDER
from mcp_transport.models import Call, SearchProgress

#: The columns of a call whose words are found.
COLUMNS = (
    "entry", "error", "arguments", "username", "client", "method", "trace_id", "request_id",
)  # fmt: skip
# Letters and digits alone, so that queries below are made of words without escaping.
WORD = re.compile(r"[^\W_]+")
LONGEST_TEXT = 20_000  # characters of a column that are read
LONGEST_WORD = 64
MOST_WORDS = 1000  # of a call
BATCH = 500  # calls in one transaction
BUDGET = 0.25  # seconds of a step after which it begins nothing more
LOCK_WAIT = 1000  # milliseconds that calls may have to wait for who waits for others
PROGRESS = 1  # the key of the one row
LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a database writes and reads the index."""

    key: str
    put: str
    fits: str
    stored: Callable[[Sequence[str]], Any]
    asked: Callable[[Sequence[str]], str]


DIALECTS = {
    "sqlite": Dialect(
        key="rowid",
        put="INSERT OR REPLACE INTO mcp_call_words (rowid, words) VALUES (%s, %s)",
        fits="mcp_call_words MATCH %s",
        stored=" ".join,
        asked=lambda words: " AND ".join(f'"{word}"*' for word in words),
    ),
    "postgresql": Dialect(
        key="call_id",
        put="INSERT INTO mcp_call_words (call_id, words) VALUES (%s, array_to_tsvector(%s::text[]))"
        " ON CONFLICT (call_id) DO UPDATE SET words = excluded.words",
        fits="words @@ %s::tsquery",
        stored=list,
        asked=lambda words: " & ".join(f"'{word}':*" for word in words),
    ),
}


def words_of(*texts: str) -> list[str]:
    """Return the different words of texts, in small letters, each no longer than is kept."""
    found: dict[str, None] = {}
    for text in texts:
        for word in WORD.findall(text[:LONGEST_TEXT].casefold()):
            found[word[:LONGEST_WORD]] = None
    return list(found)[:MOST_WORDS]


def is_there(alias: str) -> bool:
    """Whether the database has the index, and can read it."""
    if connections[alias].vendor not in DIALECTS:
        return False
    try:
        # A savepoint: on PostgreSQL a statement that fails spoils the whole transaction.
        with transaction.atomic(alias), connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1 FROM mcp_call_words LIMIT 1")
    except DatabaseError:
        return False
    return True


def select(alias: str, words: Sequence[str]) -> tuple[str, list[Any]]:
    """Return SQL for the keys of the calls that have all these words, or begin with them."""
    dialect = DIALECTS[connections[alias].vendor]
    sql = f"SELECT {dialect.key} FROM mcp_call_words WHERE {dialect.fits}"  # noqa: S608 - names of ours
    return sql, [dialect.asked(words)]


def keys(
    alias: str, words: Sequence[str], *, beyond: int | None, is_back: bool, limit: int
) -> list[int]:
    """Return keys below a place, the newest first; going back, those above it from there on."""
    sql, values = select(alias, words)
    key = DIALECTS[connections[alias].vendor].key
    if beyond is not None:
        sql += f" AND {key} {'>' if is_back else '<'} %s"
        values.append(max(0, min(beyond, LARGEST_KEY)))
    with connections[alias].cursor() as cursor:
        cursor.execute(f"{sql} ORDER BY {key} {'ASC' if is_back else 'DESC'} LIMIT {limit}", values)
        return [row[0] for row in cursor.fetchall()]


def step(now: datetime.datetime | None = None, *, budget: float = BUDGET) -> int:
    """
    Take in some of the calls that are not in the index; how many it were.

    Rows that others commit out of order are waited for: a call is taken in
    half a minute to a minute after it was written.
    """
    now, alias, end = now or timezone.now(), router.db_for_write(Call), time.monotonic() + budget
    if not is_there(alias):
        return 0
    progress, _ = SearchProgress.objects.get_or_create(
        pk=PROGRESS, defaults={"looked_at": now, "newest_id": _newest()}
    )
    if now - progress.looked_at >= DISORDER:
        progress.settled_id, progress.newest_id = progress.newest_id, _newest()
        progress.looked_at = now
        progress.save()
    count = 0
    while progress.indexed_id < progress.settled_id and (not count or time.monotonic() < end):
        count += _take_in(alias, progress)
    return count


def settle() -> bool:
    """
    Let the next steps take in every call that there is, however new.

    Waits for those who are writing one, and holds up the others for as long;
    False if that takes too long, and it is step() that finds out as always.
    """
    alias = router.db_for_write(Call)
    try:
        with transaction.atomic(alias):
            _settle(alias)
    except OperationalError:
        return False
    return True


def left() -> int:
    """Return how many calls the next steps have to take in."""
    progress = SearchProgress.objects.filter(pk=PROGRESS).first()
    if progress is None or not is_there(router.db_for_write(Call)):
        return 0
    return _waiting(progress).count()


def forget(ids: Sequence[int]) -> None:
    """Take calls out of the index, before they are deleted."""
    alias = router.db_for_write(Call)
    if not ids or not is_there(alias):
        return
    places = ", ".join(["%s"] * len(ids))
    key = DIALECTS[connections[alias].vendor].key
    with connections[alias].cursor() as cursor:
        cursor.execute(f"DELETE FROM mcp_call_words WHERE {key} IN ({places})", ids)  # noqa: S608 - names of ours


def _settle(alias: str) -> None:
    now = timezone.now()
    # Written before anything is read: from here on nobody else writes to an SQLite.
    progress, _ = SearchProgress.objects.update_or_create(pk=PROGRESS, defaults={"looked_at": now})
    if connections[alias].vendor == "postgresql":
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {LOCK_WAIT}")
            cursor.execute(f"LOCK TABLE {Call._meta.db_table} IN SHARE MODE")
    progress.settled_id = progress.newest_id = _newest()
    progress.save()


def _newest() -> int:
    return Call.objects.aggregate(id=Max("id"))["id"] or 0


def _waiting(progress: SearchProgress) -> QuerySet[Call]:
    return Call.objects.filter(pk__gt=progress.indexed_id, pk__lte=progress.settled_id)


def _take_in(alias: str, progress: SearchProgress) -> int:
    rows = list(_waiting(progress).order_by("pk").values_list("pk", *COLUMNS)[:BATCH])
    is_last = len(rows) < BATCH
    progress.indexed_id = progress.settled_id if is_last else rows[-1][0]
    with transaction.atomic(alias):
        _put(alias, rows)
        progress.save(update_fields=["indexed_id"])
    return len(rows)


def _put(alias: str, rows: Iterable[tuple[Any, ...]]) -> None:
    dialect = DIALECTS[connections[alias].vendor]
    values = [(key, dialect.stored(words_of(*texts))) for key, *texts in rows]
    if values:
        with connections[alias].cursor() as cursor:
            cursor.executemany(dialect.put, values)
