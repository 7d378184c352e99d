"""
The figures as Prometheus fetches them.

Several worker processes share a folder, PROMETHEUS_MULTIPROC_DIR, so that
whichever of them is asked answers for all. Needs the extra ``metrics``.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mcp_transport.monitoring.sharing import FOLDER
from mcp_transport.monitoring.tally import BOUNDS, Tally

#: What a worker process says of itself, in sum over all of them.
GAUGES = {
    "mcp_workers": "Worker processes that serve.",
    "mcp_workers_draining": "Worker processes that finish their work and take no more.",
    "mcp_running_requests": "Requests that run and may outlive their connection.",
    "mcp_running_tasks": "Calls that run as tasks.",
    "mcp_open_streams": "Streams on which clients wait for changes.",
    "mcp_open_connections": "WebSocket and HTTP+SSE connections.",
    "mcp_writer_queue_rows": "Rows that wait to be written.",
    "mcp_writer_away": "Worker processes whose writer does not reach the database.",
    "mcp_bus_away": "Worker processes whose bus does not reach the others.",
    "mcp_origins_away": "Programs, documents and servers that a worker process does not reach.",
    "mcp_held_streams": "Streams whose connections nginx holds.",
    "mcp_nchan_away": "Nginx with Nchan that a worker process does not reach.",
    "mcp_tool_threads": "Threads there may be for synchronous functions.",
    "mcp_tool_threads_asked": "Synchronous functions that run or wait for a thread.",
}
#: What only grows while a worker process lives.
COUNTERS = {"mcp_refused_by_limits": "Requests that were refused because there were too many."}


class DurationHistogram(Histogram):
    """A histogram to which many observations are added at once."""

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add so many observations to each bucket, which take so long together."""
        # The library has no public way; a test holds it against single observations.
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)


class Metrics:
    """The figures of this process, and through the shared folder those of the others."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._registry = CollectorRegistry()
        self._durations = DurationHistogram(
            "mcp_request_duration_seconds",
            "How long requests took, by how they ended.",
            ("method", "outcome", "transport", "era"),
            buckets=BOUNDS,
            registry=self._registry,
        )
        self._responses = Counter(
            "mcp_http_responses",
            "HTTP answers at the addresses of servers, those before any request among them.",
            ("status",),
            registry=self._registry,
        )
        self._counters = {
            name: Counter(name, text, registry=self._registry) for name, text in COUNTERS.items()
        }
        self._counted: dict[str, float] = {}
        self._gauges = {
            name: Gauge(name, text, multiprocess_mode="livesum", registry=self._registry)
            for name, text in GAUGES.items()
        }

    def measure(self, values: Mapping[str, float]) -> None:
        """Note how this process is now, and what was counted since the last time."""
        for name, value in values.items():
            if name in COUNTERS:
                self._counters[name].inc(value - self._counted.get(name, 0))
                self._counted[name] = value
            else:
                self._gauges[name].set(value)
        requests, responses = self._tally.take()
        for status, number in responses.items():
            self._responses.labels(str(status)).inc(number)
        for (method, outcome, transport, is_modern), count in requests.items():
            era = "modern" if is_modern else "legacy"
            labelled = self._durations.labels(method, outcome, transport, era)
            labelled.add(count.buckets, count.total_ns / 1e9)

    def exposed(self, *, open_sessions: int | None) -> bytes:
        """Give the figures of all processes as text; reads the folder they share."""
        registry = self._registry
        if folder := os.environ.get(FOLDER):
            _bury_the_dead(folder)
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)
        text: bytes = generate_latest(registry)
        if open_sessions is not None:
            of_site = CollectorRegistry()
            of_site.register(_OpenSessions(open_sessions))
            text += generate_latest(of_site)
        return text

    def close(self) -> None:
        """Take back what this process says of itself: it ends."""
        for gauge in self._gauges.values():
            gauge.set(0)
        if os.environ.get(FOLDER):
            multiprocess.mark_process_dead(os.getpid())


class _OpenSessions(Collector):
    """A figure of the whole site, which is asked of the database."""

    def __init__(self, count: int) -> None:
        self._count = count

    def collect(self) -> Iterator[Any]:
        yield GaugeMetricFamily("mcp_open_sessions", "Sessions that go on.", value=self._count)


def _bury_the_dead(folder: str) -> None:
    """Drop what processes said of themselves that were killed."""
    for path in glob.glob(os.path.join(glob.escape(folder), "gauge_live*_*.db")):
        found = re.search(r"_(\d+)\.db$", path)
        if found and not _is_alive(int(found[1])):
            multiprocess.mark_process_dead(int(found[1]), folder)


def _is_alive(pid: int) -> bool:
    try:
        # Signal 0 is sent to nobody, and says whether it could be.
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
