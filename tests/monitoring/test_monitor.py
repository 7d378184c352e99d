"""Tests of mcp_transport.monitoring.monitor, through a running site."""

from __future__ import annotations

import re
from typing import Any

from pytest_django import Settings

from mcp_transport.monitoring.monitor import Monitor
from mcp_transport.monitoring.tally import Tally
from mcp_transport.worker.lifespan import runtime

METRICS = "/metrics"


def counted(text: str) -> dict[tuple[str, str, str, str], float]:
    """How often which requests were served, by method, outcome, transport and era."""
    found = re.findall(r"mcp_request_duration_seconds_count\{(.*?)\} (\S+)", text)
    names = ("method", "outcome", "transport", "era")
    labels = [dict(re.findall(r'(\w+)="(.*?)"', given)) for given, _ in found]
    return {
        tuple(label[name] for name in names): float(count)
        for label, (_, count) in zip(labels, found, strict=True)
    }


def test_nobody_looks_on_unless_a_site_asks_for_it(settings: Settings) -> None:
    monitor = Monitor.from_settings()
    assert monitor.observer is None
    assert not monitor.is_measuring
    assert monitor.count_response is None
    monitor.measure({})
    monitor.close()
    assert monitor.exposed(open_sessions=1) == b""


def test_one_who_looks_on_alone_is_asked_without_a_detour() -> None:
    assert isinstance(Monitor(metrics=True, traces=False, log_context=False).observer, Tally)


async def test_requests_of_both_eras_are_counted_by_how_they_ended(site: Any) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS)
    for client in (watched.modern(), await watched.legacy()):
        await client.call("repeat", {"text": "a"})
        await client.call("fails")
        await client.ask("tools/list")
        await client.call("no_such_tool")
    status, text, _ = await watched.get(METRICS)
    assert status == 200
    transport = "streamable_http"
    expected = {
        ("tools/call", "ok"): 1,
        ("tools/call", "tool_error"): 1,
        ("tools/call", "error"): 1,
        ("tools/list", "ok"): 1,
    }
    assert counted(text) == {
        (*key, transport, era): number
        for key, number in expected.items()
        for era in ("modern", "legacy")
    }
    assert "mcp_open_sessions 1.0" in text
    assert "mcp_workers 1.0" in text
    assert "mcp_bus_away 0.0" in text
    assert "mcp_origins_away 0.0" in text


async def test_answers_that_come_before_any_request_are_counted(site: Any) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS)
    assert (await watched.get("/mcp/nowhere", (b"host", b"localhost")))[0] == 404
    _, text, _ = await watched.get(METRICS)
    assert 'mcp_http_responses_total{status="404"} 1.0' in text


async def test_several_look_on_together(site: Any) -> None:
    watched = await site(MCP_METRICS_PATH=METRICS, MCP_TRACING=True, MCP_LOG_CONTEXT=True)
    await watched.modern().call("repeat", {"text": "a"})
    assert runtime().monitor.is_measuring
    assert counted((await watched.get(METRICS))[1])
