"""
Requests, counted as they end.

On the event loop alone, in plain integers: what the figures become for those
who fetch them is worked out once a second, not for each request.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from types import TracebackType

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.observing import Observer

#: Upper bounds of the histogram in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_BOUNDS_NS = tuple(round(bound * 1e9) for bound in BOUNDS)

Key = tuple[str, str, str, bool]  # method, outcome, transport, whether its revision is modern


class Count:
    """How many requests of one kind took how long."""

    __slots__ = ("buckets", "total_ns")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS) + 1)  # the last is for what takes longer
        self.total_ns = 0


class Tally(Observer):
    """What was counted since it was taken last."""

    def __init__(self) -> None:
        self._counts: dict[Key, Count] = {}
        self._responses: dict[int, int] = {}

    def observe(self, exchange: Exchange) -> _Observation:
        """See Observer.observe()."""
        return _Observation(self, exchange)

    def add(self, key: Key, duration_ns: int) -> None:
        """Count one request."""
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = Count()
        count.buckets[bisect_left(_BOUNDS_NS, duration_ns)] += 1
        count.total_ns += duration_ns

    def note_response(self, status: int) -> None:
        """Count one HTTP answer."""
        self._responses[status] = self._responses.get(status, 0) + 1

    def take(self) -> tuple[dict[Key, Count], dict[int, int]]:
        """Give the requests and the answers that were counted, and begin anew."""
        taken = self._counts, self._responses
        self._counts, self._responses = {}, {}
        return taken


class _Observation:
    __slots__ = ("_exchange", "_tally")

    def __init__(self, tally: Tally, exchange: Exchange) -> None:
        self._tally = tally
        self._exchange = exchange

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        exchange = self._exchange
        outcome = exchange.outcome or ("ok" if kind is None else "error")
        key = (
            exchange.method.name,
            outcome,
            exchange.incoming.transport,
            exchange.revision.is_modern,
        )
        self._tally.add(key, time.perf_counter_ns() - exchange.started_ns)
