"""
What the record of calls says about a stretch of time, without reading it.

Everything comes from the sums; the few calls since the last of them are read
from the record. :class:`Statistics` is what pages, the API and metrics ask:

    figures = Statistics(Window.last("24h"), server="shop")
    figures.totals.calls, figures.totals.percentile(0.95)

Each of its properties is at most one query, made when it is first asked for,
beside the one for the newest calls.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import (
    Case,
    F,
    IntegerField,
    Max,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from mcp_transport.audit.buckets import DENIED, LENGTHS, Facet, Moment, floor
from mcp_transport.audit.tallies import Entry, Figures, NewCall, Window
from mcp_transport.models import Call, Rollup, RollupProgress
from mcp_transport.models.rollup import LATENCY_FIELDS

TAIL_LIMIT = 5000  # calls since the last sums that are read from the record
MOST_NAMES = 1000  # rows of names that are read
NOW, BEFORE, EDGE = 2, 1, 0  # where a bucket is: in the window, before it, right before it

Key = TypeVar("Key", bound=Hashable)


class Statistics:
    """The figures of a window, of one server, or of one entry of it."""

    def __init__(
        self, window: Window, *, server: str | None = None, entry: Entry | None = None
    ) -> None:
        self.window = window
        self.server = entry.server if entry else server
        self.entry = entry

    # What is asked

    @property
    def totals(self) -> Figures:
        """Everything in the window."""
        return self._overall[NOW]

    @property
    def totals_before(self) -> Figures:
        """Everything in the same stretch of the period before."""
        return self._overall[BEFORE]

    @cached_property
    def by_server(self) -> dict[str, Figures]:
        """Each server that was called, by slug."""
        found: defaultdict[str, Figures] = defaultdict(Figures)
        for row in self._by_part:
            if row["part"] == NOW:
                found[row["server"]].add(row)
        return dict(self._with_new(found, lambda call: call.server))

    @cached_property
    def entries(self) -> dict[Entry, Figures]:
        """Each entry that was called; the thousand that were called most."""
        found: defaultdict[Entry, Figures] = defaultdict(Figures)
        for row in self._by_name:
            if row["facet"] == Facet.ENTRY:
                found[Entry(row["server"], row["kind"], row["key"])].add(row)
        return dict(
            self._with_new(
                found, lambda call: Entry(call.server, call.kind, call.entry if call.kind else "")
            )
        )

    @cached_property
    def clients(self) -> dict[str, Figures]:
        """Each client by what it calls itself."""
        return self._named(Facet.CLIENT, lambda call: call.client)

    @cached_property
    def users(self) -> dict[str, Figures]:
        """Each user by name."""
        return self._named(Facet.USER, lambda call: call.username)

    @cached_property
    def tokens(self) -> dict[str, Figures]:
        """Each token by its key, as text."""
        return self._named(
            Facet.TOKEN, lambda call: "" if call.token_id is None else str(call.token_id)
        )

    @cached_property
    def series(self) -> list[tuple[Moment, Figures]]:
        """Each bucket of the window, empty ones included."""
        found: defaultdict[Moment, Figures] = defaultdict(Figures)
        rows = self._rows(Facet.ENTRY if self.entry else Facet.SERVER)
        for row in _summed(rows.filter(started_at__gte=self.window.start), "started_at", "outcome"):
            found[row["started_at"]].add(row)
        self._with_new(found, lambda call: floor(call.started_at, self.window.period))
        return [(start, found.get(start) or Figures()) for start in self.window.starts]

    @cached_property
    def late_since(self) -> Moment | None:
        """Up to when the figures go, if the newest calls are too many to be read; else None."""
        if len(self._newest) <= TAIL_LIMIT:
            return None
        until = RollupProgress.objects.values_list("closed_until", flat=True).first()
        return until or self.window.start

    # How it is found

    @cached_property
    def _overall(self) -> dict[int, Figures]:
        now, before = Figures(), Figures()
        for row in self._by_part:
            if row["part"] == NOW:
                now.add(row)
            else:  # the last bucket before is compared with one that is not over
                before.add(row, self.window.elapsed if row["part"] == EDGE else 1.0)
        for call in self._new_calls:
            now.add_call(call)
        return {NOW: now, BEFORE: before}

    @cached_property
    def _by_part(self) -> list[dict[str, Any]]:
        window = self.window
        part = Case(
            When(started_at__gte=window.start, then=Value(NOW)),
            When(started_at__gte=window.start - LENGTHS[window.period], then=Value(EDGE)),
            default=Value(BEFORE),
            output_field=IntegerField(),
        )
        rows = self._rows(Facet.ENTRY if self.entry else Facet.SERVER)
        found = rows.filter(started_at__gte=window.before).annotate(part=part)
        return list(_summed(found, "part", "server", "outcome"))

    @cached_property
    def _by_name(self) -> list[dict[str, Any]]:
        rows = self._rows(Facet.ENTRY, Facet.CLIENT, Facet.USER, Facet.TOKEN)
        found = rows.filter(started_at__gte=self.window.start)
        summed = _summed(found, "facet", "server", "kind", "key", "outcome")
        return list(summed.order_by(F("sum_calls").desc())[:MOST_NAMES])

    def _named(self, facet: Facet, name_of: Callable[[NewCall], str]) -> dict[str, Figures]:
        found: defaultdict[str, Figures] = defaultdict(Figures)
        for row in self._by_name:
            if row["facet"] == facet:
                found[row["key"]].add(row)
        self._with_new(found, name_of)
        found.pop("", None)
        return dict(found)

    def _with_new(
        self, found: defaultdict[Key, Figures], key_of: Callable[[NewCall], Key]
    ) -> Mapping[Key, Figures]:
        for call in self._new_calls:
            found[key_of(call)].add_call(call)
        return found

    def _rows(self, *facets: Facet) -> QuerySet[Rollup]:
        rows = Rollup.objects.filter(period=self.window.period, facet__in=facets)
        if self.server is not None:
            rows = rows.filter(server=self.server)
        if self.entry is not None:
            rows = rows.filter(kind=self.entry.kind, key=self.entry.name)
        return rows.filter(started_at__lte=self.window.now)

    @cached_property
    def _newest(self) -> list[NewCall]:
        """
        The calls since the last sums, of all servers, and one more if they are too many.

        A server is not asked for: SQLite would look through all its calls,
        rather than through all the newest.
        """
        closed_until = RollupProgress.objects.values("closed_until")[:1]
        since = Coalesce(Subquery(closed_until), Value(self.window.start))
        calls = Call.objects.filter(started_at__gte=since, started_at__lte=self.window.now)
        calls = calls.filter(started_at__gte=self.window.start)
        rows = calls.order_by().values_list(
            "started_at", "server", "kind", "entry", "outcome",
            "duration_us", "client", "username", "token_id",
        )  # fmt: skip
        return [_new_call(*row) for row in rows[: TAIL_LIMIT + 1]]

    @cached_property
    def _new_calls(self) -> Sequence[NewCall]:
        if len(self._newest) > TAIL_LIMIT:
            return ()
        return [call for call in self._newest if self._is_meant(call)]

    def _is_meant(self, call: NewCall) -> bool:
        if self.entry is not None:
            return Entry(call.server, call.kind, call.entry) == self.entry
        return self.server is None or call.server == self.server


def _new_call(
    started_at: Moment, server: str, kind: str, entry: str, outcome: str, *rest: Any
) -> NewCall:
    is_denied = not kind and outcome == Call.Outcome.ERROR
    return NewCall(started_at, server, kind, entry, DENIED if is_denied else outcome, *rest)


def _summed(rows: QuerySet[Any], *by: str) -> QuerySet[Any, dict[str, Any]]:
    found: QuerySet[Any, dict[str, Any]] = (
        rows.order_by()
        .values(*by)
        .annotate(
            sum_calls=Sum("calls"),
            sum_total_us=Sum("total_us"),
            max_longest_us=Max("longest_us"),
            max_last_at=Max("last_at"),
            **{f"sum_{name}": Sum(name) for name in LATENCY_FIELDS},
        )
    )
    return found
