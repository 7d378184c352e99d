"""Tests of mcp_transport.monitoring.exposition, with the library itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mcp_transport.monitoring.exposition import COUNTERS, GAUGES, DurationHistogram, Metrics
from mcp_transport.monitoring.tally import BOUNDS, Tally
from tests.process import PROJECT

KEY = ("tools/call", "ok", "streamable_http", True)


@pytest.fixture(autouse=True)
def by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)


def test_observations_added_at_once_are_those_made_one_by_one() -> None:
    texts = []
    for is_at_once in (True, False):
        registry = CollectorRegistry()
        kind = DurationHistogram if is_at_once else Histogram
        histogram = kind("x", "x", ["y"], buckets=BOUNDS, registry=registry)
        tally = Tally()
        for seconds in (0.0005, 0.003, 0.003, 100.0):
            tally.add(KEY, round(seconds * 1e9))
            if not is_at_once:
                histogram.labels("z").observe(seconds)
        if isinstance(histogram, DurationHistogram):
            count = tally.take()[0][KEY]
            labelled: Any = histogram.labels("z")
            labelled.add(count.buckets, count.total_ns / 1e9)
        lines = generate_latest(registry).decode().splitlines()
        texts.append([line for line in lines if "_created" not in line and "_sum" not in line])
        assert any(line.startswith("x_sum") and "100.00" in line for line in lines)
    assert texts[0] == texts[1]


def test_what_is_exposed_is_what_prometheus_reads() -> None:
    tally = Tally()
    metrics = Metrics(tally)
    tally.add(KEY, 5_000_000)
    tally.note_response(429)
    metrics.measure(dict.fromkeys(GAUGES, 2.0))
    families = {
        f.name: f for f in text_string_to_metric_families(metrics.exposed(open_sessions=7).decode())
    }
    assert families["mcp_open_sessions"].samples[0].value == 7
    assert {families[name].samples[0].value for name in GAUGES} == {2.0}
    counted = {s.name: s for s in families["mcp_request_duration_seconds"].samples}
    count = counted["mcp_request_duration_seconds_count"]
    assert count.value == 1
    assert count.labels == {
        "method": "tools/call",
        "outcome": "ok",
        "transport": "streamable_http",
        "era": "modern",
    }
    assert families["mcp_http_responses"].samples[0].labels == {"status": "429"}


def test_without_the_database_the_other_figures_are_exposed() -> None:
    text = Metrics(Tally()).exposed(open_sessions=None).decode()
    assert "mcp_open_sessions" not in text
    assert "mcp_workers" in text


def test_a_process_that_ends_takes_back_what_it_said() -> None:
    metrics = Metrics(Tally())
    metrics.measure({"mcp_workers": 1})
    metrics.close()
    assert "mcp_workers 0.0" in metrics.exposed(open_sessions=None).decode()


def test_every_figure_is_documented() -> None:
    page = (PROJECT / "docs" / "howto" / "monitoring.md").read_text(encoding="utf-8")
    written = set(re.findall(r"`(mcp_\w+)`", page))
    figures = {*GAUGES, *(f"{name}_total" for name in COUNTERS), "mcp_open_sessions"}
    assert figures | {"mcp_request_duration_seconds", "mcp_http_responses_total"} <= written
