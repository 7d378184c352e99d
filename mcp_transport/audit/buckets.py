"""Stretches of time and the sums over the calls in them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q, Sum

from mcp_transport.models import Call, Rollup
from mcp_transport.models.rollup import LATENCY_BOUNDS, LATENCY_FIELDS

Period = Rollup.Period
Facet = Rollup.Facet
Moment = datetime.datetime

LENGTHS = {
    Period.MINUTE: datetime.timedelta(minutes=1),
    Period.HOUR: datetime.timedelta(hours=1),
    Period.DAY: datetime.timedelta(days=1),
}
#: What a bucket is summed up from; minutes are from the calls themselves.
FINER = {Period.HOUR: Period.MINUTE, Period.DAY: Period.HOUR}
#: Names of entries, clients, users or tokens that a bucket tells apart, for each server.
MOST_KEYS = 200
DENIED = "denied"
CELL = ("facet", "server", "kind", "key", "outcome")
SUMS = ("calls", "total_us", *LATENCY_FIELDS)
PEAKS = ("longest_us", "last_at")

Cell = tuple[str, ...]


def floor(moment: Moment, period: Period) -> Moment:
    """Return the beginning of the bucket that a time is in, in UTC."""
    start = moment.astimezone(datetime.UTC).replace(second=0, microsecond=0)
    if period is not Period.MINUTE:
        start = start.replace(minute=0)
    return start.replace(hour=0) if period is Period.DAY else start


def build(period: Period, start: Moment, *, from_calls: bool = False) -> int:
    """
    Sum up one bucket, in the place of what was there; how many rows it has.

    Doing it again changes nothing.
    """
    end = start + LENGTHS[period]
    is_raw = from_calls or period is Period.MINUTE
    cells = bounded(sums_of_calls(start, end) if is_raw else sums_of_rollups(period, start, end))
    rows = [
        Rollup(period=period, started_at=start, **dict(zip(CELL, cell, strict=True)), **figures)
        for cell, figures in cells.items()
    ]
    with transaction.atomic():
        # Every facet by name: the index begins with period and facet.
        Rollup.objects.filter(period=period, facet__in=Facet.values, started_at=start).delete()
        Rollup.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def in_latency(number: int) -> Q:
    """The calls that a latency counter counts."""
    condition = Q()
    if number:
        condition &= Q(duration_us__gte=LATENCY_BOUNDS[number - 1])
    if number < len(LATENCY_BOUNDS):
        condition &= Q(duration_us__lt=LATENCY_BOUNDS[number])
    return condition


def sums_of_calls(start: Moment, end: Moment) -> dict[Cell, dict[str, Any]]:
    """The sums over the record, by facet."""
    alike = ("server", "kind", "entry", "outcome", "client", "username", "token_id")
    counters = {
        name: Count("id", filter=in_latency(number)) for number, name in enumerate(LATENCY_FIELDS)
    }
    found = (
        Call.objects.filter(started_at__gte=start, started_at__lt=end)
        .order_by()
        .values(*alike)
        .annotate(
            calls=Count("id"),
            total_us=Sum("duration_us"),
            longest_us=Max("duration_us"),
            last_at=Max("started_at"),
            **counters,
        )
    )
    return folded((cell, row) for row in found.iterator() for cell in cells_of(row))


def sums_of_rollups(period: Period, start: Moment, end: Moment) -> dict[Cell, dict[str, Any]]:
    """The sums over the finer buckets."""
    found = (
        Rollup.objects.filter(period=FINER[period], facet__in=Facet.values)
        .filter(started_at__gte=start, started_at__lt=end)
        .order_by()
        .values(*CELL)
        .annotate(
            # A sum may not have the name of the column that it is over.
            **{f"sum_{name}": Sum(name) for name in SUMS},
            **{f"max_{name}": Max(name) for name in PEAKS},
        )
    )
    named = {f"sum_{name}": name for name in SUMS} | {f"max_{name}": name for name in PEAKS}
    return {
        tuple(row[name] for name in CELL): {to: row[name] for name, to in named.items()}
        for row in found.iterator()
    }


def cells_of(call: Mapping[str, Any]) -> Iterator[Cell]:
    """Where a call, or several that are alike, is counted."""
    server, kind, outcome = call["server"], call["kind"], call["outcome"]
    if not kind and outcome == Call.Outcome.ERROR:
        outcome = DENIED  # the entry is unknown, or not for this user
    yield (Facet.SERVER, server, "", "", outcome)
    # A name that is no entry's was chosen by the client, and could be any.
    yield (Facet.ENTRY, server, kind, call["entry"] if kind else "", outcome)
    token = call["token_id"]
    names = (
        (Facet.CLIENT, call["client"]),
        (Facet.USER, call["username"]),
        (Facet.TOKEN, "" if token is None else str(token)),
    )
    for facet, name in names:
        if name:
            yield (facet, server, "", name, outcome)


def folded(sums: Iterable[tuple[Cell, Mapping[str, Any]]]) -> dict[Cell, dict[str, Any]]:
    """Add up what belongs into the same cell."""
    cells: dict[Cell, dict[str, Any]] = {}
    for cell, figures in sums:
        known = cells.get(cell)
        if known is None:
            cells[cell] = {name: figures[name] for name in (*SUMS, *PEAKS)}
        else:
            add(known, figures)
    return cells


def add(known: dict[str, Any], figures: Mapping[str, Any]) -> None:
    """Add figures to others."""
    for name in SUMS:
        known[name] += figures[name]
    for name in PEAKS:
        known[name] = max(known[name], figures[name])


def bounded(cells: Mapping[Cell, dict[str, Any]]) -> dict[Cell, dict[str, Any]]:
    """Keep the names with the most calls, and put the others together under none."""
    calls: defaultdict[Cell, int] = defaultdict(int)
    for cell, figures in cells.items():
        calls[cell[:4]] += figures["calls"]
    kept: set[Cell] = set()
    room: defaultdict[tuple[str, ...], int] = defaultdict(lambda: MOST_KEYS)
    for name in sorted(calls, key=calls.__getitem__, reverse=True):
        if room[name[:2]] > 0:
            kept.add(name)
            room[name[:2]] -= 1
    return folded(
        (cell if cell[:4] in kept else (*cell[:2], "", "", cell[4]), figures)
        for cell, figures in cells.items()
    )
