"""Tests of mcp_transport.monitoring.tracing, with the SDK and its exporter in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
OTHER = f"00-{'b' * 32}-{'c' * 16}-01"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Where the spans go."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def span_of(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    """The one span of a name."""
    (found,) = [span for span in exporter.get_finished_spans() if span.name == name]
    return found


async def test_a_call_is_a_span_by_the_conventions(
    site: Any, exporter: InMemorySpanExporter
) -> None:
    watched = await site(MCP_TRACING=True)
    await watched.modern().call("repeat", {"text": "a"})
    span = span_of(exporter, "tools/call repeat")
    assert span.kind is SpanKind.SERVER
    assert span.status.status_code is StatusCode.UNSET
    attributes = dict(span.attributes or {})
    assert attributes["mcp.method.name"] == "tools/call"
    assert attributes["gen_ai.tool.name"] == "repeat"
    assert attributes["gen_ai.operation.name"] == "execute_tool"
    assert attributes["mcp.protocol.version"] == "2026-07-28"
    assert attributes["mcp.server"] == "open"
    assert attributes["mcp.outcome"] == "ok"


async def test_a_span_belongs_to_the_trace_that_the_client_names(
    site: Any, exporter: InMemorySpanExporter
) -> None:
    watched = await site(MCP_TRACING=True)
    client = watched.modern()
    await client.call("repeat", {"text": "a"}, headers={"traceparent": PARENT})
    await client.call(
        "add", {"a": 1, "b": 2}, meta={"traceparent": PARENT}, headers={"traceparent": OTHER}
    )
    await client.call("primes", {"limit": 3}, meta={"traceparent": "nonsense"})
    await client.call("nothing", meta={"traceparent": 7})
    for name in ("repeat", "add"):
        span = span_of(exporter, f"tools/call {name}")
        assert span.context is not None and span.parent is not None
        assert format(span.context.trace_id, "032x") == TRACE
        assert format(span.parent.span_id, "016x") == "00f067aa0ba902b7"
    for name in ("primes", "nothing"):
        assert span_of(exporter, f"tools/call {name}").parent is None


async def test_what_a_tool_does_hangs_below_its_span(
    site: Any, exporter: InMemorySpanExporter
) -> None:
    watched = await site(MCP_TRACING=True)
    seen = []

    def note(text: str) -> str:
        seen.append(trace.get_current_span().get_span_context().span_id)
        return text

    from mcp_transport import tool
    from mcp_transport.registry.registry import registry

    with registry.registered_temporarily():
        tool(name="note")(note)
        await _offer_everything()
        client = watched.modern()
        await client.call("note", {"text": "a"})
        await (await watched.legacy()).call("note", {"text": "a"})
    spans = [s for s in exporter.get_finished_spans() if s.name == "tools/call note"]
    assert [span.context.span_id for span in spans if span.context] == seen
    assert not trace.get_current_span().get_span_context().is_valid


async def _offer_everything() -> None:
    from mcp_transport.models import Server

    await Server.objects.aupdate(offers=["*"])


async def test_a_session_is_named_by_its_beginning(
    site: Any, exporter: InMemorySpanExporter
) -> None:
    watched = await site(MCP_TRACING=True)
    client = await watched.legacy()
    await client.call("repeat", {"text": "a"})
    attributes = span_of(exporter, "tools/call repeat").attributes or {}
    assert attributes["mcp.session.id"] == client.session_id[:8]


@pytest.mark.parametrize(
    ("tool", "kind", "name"),
    [("fails", "tool_error", "tools/call fails"), ("no_such_tool", "-32602", "tools/call")],
)
async def test_a_failure_is_told(
    site: Any, exporter: InMemorySpanExporter, tool: str, kind: str, name: str
) -> None:
    watched = await site(MCP_TRACING=True)
    for client in (watched.modern(), await watched.legacy()):
        exporter.clear()
        await client.call(tool)
        span = span_of(exporter, name)
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == kind


async def test_lists_and_prompts_and_resources_are_spans_too(
    site: Any, exporter: InMemorySpanExporter
) -> None:
    watched = await site(MCP_TRACING=True)
    client = watched.modern()
    listed = await client.ask("resources/list")
    uri = listed.result["resources"][0]["uri"]
    await client.ask("resources/read", {"uri": uri})
    assert span_of(exporter, "resources/list").kind is SpanKind.SERVER
    read = span_of(exporter, f"resources/read {uri}")
    assert (read.attributes or {})["mcp.resource.uri"] == uri
