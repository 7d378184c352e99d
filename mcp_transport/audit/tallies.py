"""Stretches of time, and calls added up; knows no queries."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_transport.audit.buckets import DENIED, LENGTHS, Moment, Period, floor
from mcp_transport.models import Call
from mcp_transport.models.rollup import LATENCY_BOUNDS, LATENCY_FIELDS

FAILED = frozenset(
    {
        Call.Outcome.TOOL_ERROR.value,
        Call.Outcome.ERROR.value,
        Call.Outcome.TIMEOUT.value,
        Call.Outcome.INTERRUPTED.value,
    }
)
SPANS: Mapping[str, tuple[Period, int]] = {
    "1h": (Period.MINUTE, 60),
    "24h": (Period.HOUR, 24),
    "7d": (Period.HOUR, 7 * 24),
    "30d": (Period.DAY, 30),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of whole buckets up to now, the last of which is not over."""

    name: str
    period: Period
    start: Moment
    now: Moment

    @classmethod
    def last(cls, name: str, now: Moment | None = None) -> Window:
        """Return one of SPANS. Raises: KeyError."""
        period, buckets = SPANS[name]
        now = now or datetime.datetime.now(datetime.UTC)
        start = floor(now, period) - (buckets - 1) * LENGTHS[period]
        return cls(name=name, period=period, start=start, now=now)

    @property
    def starts(self) -> list[Moment]:
        """When each bucket begins."""
        count = (floor(self.now, self.period) - self.start) // LENGTHS[self.period] + 1
        return [self.start + number * LENGTHS[self.period] for number in range(count)]

    @property
    def before(self) -> Moment:
        """When the period before begins, which has as many buckets."""
        return self.start - len(self.starts) * LENGTHS[self.period]

    @property
    def elapsed(self) -> float:
        """How much of the last bucket is over, from 0 to 1."""
        return (self.now - floor(self.now, self.period)) / LENGTHS[self.period]


class Figures:
    """Some calls, added up."""

    __slots__ = ("last_at", "latencies", "longest_us", "outcomes", "total_us")

    def __init__(self) -> None:
        self.outcomes: dict[str, int] = {}  # calls by Call.Outcome, and those denied
        self.total_us = 0
        self.longest_us = 0
        self.last_at: Moment | None = None
        self.latencies = [0] * len(LATENCY_FIELDS)

    @property
    def calls(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        """Those that ended with an error, a limit or a crash."""
        return sum(self.outcomes.get(outcome, 0) for outcome in FAILED)

    @property
    def denied(self) -> int:
        """Those for an entry that is unknown, or not for this user."""
        return self.outcomes.get(DENIED, 0)

    def percentile(self, share: float) -> float | None:
        """About how many microseconds that share of the calls took at most; None without calls."""
        rank = share * sum(self.latencies)
        below = 0
        for number, count in enumerate(self.latencies):
            if count and below + count >= rank:
                return self._within(number, (rank - below) / count)
            below += count
        return None

    def _within(self, number: int, fraction: float) -> float:
        """A place between the bounds of a counter, on their logarithmic scale."""
        low = LATENCY_BOUNDS[number - 1] if number else LATENCY_BOUNDS[0] / 4
        bound = LATENCY_BOUNDS[number] if number < len(LATENCY_BOUNDS) else self.longest_us
        high = max(low, min(bound, self.longest_us))
        return low * float(high / low) ** fraction if high > low else high

    def add(self, row: Mapping[str, Any], scale: float = 1.0) -> None:
        """Add a row of sums, or a part of it."""
        outcome, calls = row["outcome"], row["sum_calls"]
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + round(calls * scale)
        self.last_at = max(self.last_at or row["max_last_at"], row["max_last_at"])
        if outcome == DENIED:
            return  # it never ran
        self.total_us += row["sum_total_us"]
        self.longest_us = max(self.longest_us, row["max_longest_us"])
        for number, name in enumerate(LATENCY_FIELDS):
            self.latencies[number] += row[f"sum_{name}"]

    def add_call(self, call: NewCall) -> None:
        """Add one call."""
        outcome, duration = call.outcome, call.duration_us
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        self.last_at = max(self.last_at or call.started_at, call.started_at)
        if outcome != DENIED:
            self.total_us += duration
            self.longest_us = max(self.longest_us, duration)
            self.latencies[bisect_right(LATENCY_BOUNDS, duration)] += 1


@dataclass(frozen=True, slots=True)
class NewCall:
    """A call that is in no sum yet."""

    started_at: Moment
    server: str
    kind: str
    entry: str
    outcome: str
    duration_us: int
    client: str
    username: str
    token_id: int | None


@dataclass(frozen=True, slots=True)
class Entry:
    """What was called where; without a name when there were too many, or none of it."""

    server: str
    kind: str
    name: str
