"""The tiles, the chart and the tables of the overview."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from mcp_transport.admin import addresses, figures
from mcp_transport.admin.parts import (
    Bar,
    BarChart,
    Column,
    Empty,
    Link,
    Moment,
    Named,
    Status,
    Table,
    Tile,
)
from mcp_transport.admin.verdict import state_of
from mcp_transport.audit.statistics import Statistics
from mcp_transport.audit.tallies import FAILED, Entry, Figures
from mcp_transport.models import Call, Server
from mcp_transport.models.rollup import Rollup

TOP = 10  # rows of a table
WORDS = {"ok": "Healthy", "warn": "Degraded", "failed": "Failing", "off": "No calls"}
FORMATS = {
    Rollup.Period.MINUTE: "%H:%M",
    Rollup.Period.HOUR: "%a %H:%M",
    Rollup.Period.DAY: "%d %b",
}
NUMBER = True


def tiles(
    request: HttpRequest, found: Statistics, *, open_sessions: int, open_streams: int
) -> list[Tile]:
    """The figures of the window, each with its list behind it."""
    now, before, since = found.totals, found.totals_before, found.window.start
    p50, p95, p99 = (figures.duration(now.percentile(share)) for share in (0.5, 0.95, 0.99))
    streams = f"{figures.count(open_streams)} open stream{'' if open_streams == 1 else 's'}"
    return [
        Tile(
            label="Calls",
            value=figures.count(now.calls),
            change=_change(now.calls, before.calls),
            href=addresses.calls(request, since=since),
        ),
        Tile(
            label="Failed",
            value=figures.share(now.failed, now.calls),
            note=figures.calls(now.failed) if now.calls else "",
            change=_change(now.failed, before.failed),
            href=addresses.calls(request, since=since, outcome="failed"),
        ),
        Tile(
            label="p95 latency, about",
            value=p95,
            note=f"p50 {p50} · p99 {p99}" if now.calls else "",
            change=_change(now.percentile(0.95), before.percentile(0.95), figures.duration),
        ),
        Tile(
            label="Open sessions",
            value=figures.count(open_sessions),
            note=streams,
            href=addresses.sessions(request),
        ),
        Tile(
            label="Denied",
            value=figures.count(now.denied),
            note="unknown or not permitted",
            change=_change(now.denied, before.denied),
            href=addresses.calls(request, since=since, outcome="denied"),
        ),
    ]


def _change(
    now: float | None, before: float | None, in_words: Callable[[Any], str] = figures.count
) -> str:
    words = figures.change(now, before)
    return f"{words}, was {in_words(before)}" if words else ""


def chart(found: Statistics, period: str) -> BarChart:
    """Calls over time."""
    window, series = found.window, found.series
    calls = sum(tally.calls for _, tally in series)
    failed = sum(tally.failed for _, tally in series)
    most = max(series, key=lambda bucket: bucket[1].calls)
    description = (
        f"{figures.count(calls)} calls in the last {period}, {figures.count(failed)} of them failed."
        f" Most came at {_label(window.period, most[0])}: {figures.count(most[1].calls)}."
    )
    return BarChart(
        name="mx-calls",
        title=f"Calls per {window.period.label.lower()}",
        description=description if calls else f"No calls in the last {period}.",
        up_label="succeeded",
        down_label="failed",
        bars=[
            Bar(
                label=_label(window.period, start),
                up=tally.calls - tally.failed,
                down=tally.failed,
            )
            for start, tally in series
        ],
    )


def _label(period: Rollup.Period, start: datetime) -> str:
    return timezone.localtime(start).strftime(FORMATS[period])


def servers(request: HttpRequest, rows: Iterable[Server], found: Statistics) -> Table:
    """Each server with its state; what needs attention comes first."""
    tallies, since = found.by_server, found.window.start
    order = ("failed", "warn", "ok", "off")
    shown = sorted(
        rows,
        key=lambda server: (
            not server.is_enabled,
            order.index(state_of(tallies.get(server.slug))),
            server.slug,
        ),
    )
    return Table(
        caption="Servers",
        columns=(
            Column("Server"),
            Column("State"),
            Column("Calls", NUMBER),
            Column("Failed", NUMBER),
            Column("p95, about", NUMBER),
            Column("Last call", NUMBER),
        ),
        rows=[
            (
                Link(str(server), addresses.server_page(request, server.pk)),
                _state(server, tallies.get(server.slug)),
                *_counts(request, tallies.get(server.slug) or Figures(), since, server=server.slug),
                _last(tallies.get(server.slug)),
            )
            for server in shown
        ],
    )


def _state(server: Server, tally: Figures | None) -> Status:
    if not server.is_enabled:
        return Status("off", "Turned off")
    kind = state_of(tally)
    return Status("info" if kind == "off" else kind, WORDS[kind])


def _last(tally: Figures | None) -> Moment | str:
    return Moment(tally.last_at) if tally and tally.last_at else figures.NONE


def _counts(
    request: HttpRequest, tally: Figures, since: datetime, **filters: Any
) -> tuple[Link, Link, str]:
    """Calls, failures and latency, the first two with their lists behind them."""
    every = addresses.calls(request, since=since, **filters)
    failed = addresses.calls(request, since=since, outcome="failed", **filters)
    return (
        Link(figures.count(tally.calls), every if tally.calls else ""),
        Link(figures.share(tally.failed, tally.calls), failed if tally.failed else ""),
        figures.duration(tally.percentile(0.95)),
    )


def failing(request: HttpRequest, found: Statistics) -> Table:
    """What failed most often, by entry and how it failed."""
    times = [
        (count, entry, outcome, tally)
        for entry, tally in found.entries.items()
        for outcome, count in tally.outcomes.items()
        if outcome in FAILED and count
    ]
    times.sort(key=lambda row: (-row[0], row[1].server, row[1].name))
    since = found.window.start
    return Table(
        caption="What is failing",
        columns=(
            Column("Entry"),
            Column("How"),
            Column("Times", NUMBER),
            Column("Of its calls", NUMBER),
        ),
        rows=[
            (
                entry_name(entry),
                Status("failed", Call.Outcome(outcome).label),
                Link(
                    figures.count(count),
                    addresses.calls(request, since=since, outcome=outcome, entry=entry),
                ),
                figures.share(count, tally.calls),
            )
            for count, entry, outcome, tally in times[:TOP]
        ],
        empty=Empty(title="Nothing failed"),
    )


def slowest(request: HttpRequest, found: Statistics) -> Table:
    """What takes longest, by the time within which 95 of 100 calls were answered."""
    timed = [
        (tally.percentile(0.95), entry, tally)
        for entry, tally in found.entries.items()
        if entry.name and tally.percentile(0.95) is not None
    ]
    timed.sort(key=lambda row: (-(row[0] or 0), row[1].server, row[1].name))
    return Table(
        caption="Slowest entries",
        columns=(
            Column("Entry"),
            Column("p50, about", NUMBER),
            Column("p95, about", NUMBER),
            Column("Calls", NUMBER),
        ),
        rows=[
            (
                entry_name(entry),
                figures.duration(tally.percentile(0.5)),
                figures.duration(p95),
                Link(
                    figures.count(tally.calls),
                    addresses.calls(request, since=found.window.start, entry=entry),
                ),
            )
            for p95, entry, tally in timed[:TOP]
        ],
        empty=Empty(title="Nothing was called"),
    )


def entry_name(entry: Entry) -> Named:
    """An entry as a table names it."""
    return Named(entry.name or "several others", f"on {entry.server}")


def callers(
    request: HttpRequest, found: Statistics, tallies: Mapping[str, Figures], names: Sequence[str]
) -> Table:
    """Who called most; ``names`` are the caption, the column and the calls' own."""
    caption, head, column = names
    ranked = sorted(tallies.items(), key=lambda item: (-item[1].calls, item[0]))
    return Table(
        caption=caption,
        columns=(
            Column(head),
            Column("Calls", NUMBER),
            Column("Failed", NUMBER),
            Column("p95, about", NUMBER),
        ),
        rows=[
            (name, *_counts(request, tally, found.window.start, **{column: name}))
            for name, tally in ranked[:TOP]
        ],
        empty=Empty(title="Nobody"),
    )
