"""
A span for each request, as OpenTelemetry's conventions for MCP have it.

It belongs to the trace that the client names: in ``_meta``, and where that is
silent in the HTTP headers. What a tool does is in its context, so that spans
of the database or of other services hang below it. Needs the extra ``otel``;
which SDK takes the spans is the site's choice.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.observing import Observer
from mcp_transport.models.session import HANDLE_LENGTH
from mcp_transport.protocol.errors import ProtocolError
from mcp_transport.version import __version__

SHORT = 200  # characters of what a client may write at any length
CARRIED = ("traceparent", "tracestate")
#: What the conventions call the entry that a method is about.
TARGETS = {"tool": "gen_ai.tool.name", "prompt": "gen_ai.prompt.name"}
OUTCOMES_OF_FAILURE = frozenset({"error", "tool_error", "timeout", "interrupted"})

_propagator = TraceContextTextMapPropagator()


class Tracing(Observer):
    """Makes the spans; without an SDK they are none, and cost little."""

    def __init__(self) -> None:
        self._tracer = trace.get_tracer("mcp_transport", __version__)

    def observe(self, exchange: Exchange) -> _Traced:
        """See Observer.observe()."""
        return _Traced(self._tracer, exchange)


class _Traced:
    __slots__ = ("_exchange", "_span", "_token", "_tracer")

    def __init__(self, tracer: trace.Tracer, exchange: Exchange) -> None:
        self._tracer = tracer
        self._exchange = exchange

    def __enter__(self) -> None:
        exchange = self._exchange
        self._span = self._tracer.start_span(
            exchange.method.name, context=parent_of(exchange), kind=SpanKind.SERVER
        )
        self._token = context.attach(trace.set_span_in_context(self._span))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        context.detach(self._token)
        if self._span.is_recording():
            describe(self._span, self._exchange, error)
        self._span.end()


def parent_of(exchange: Exchange) -> context.Context:
    """Give the context that the client named, or an empty one."""
    carrier = {name: exchange.meta.get(name) for name in CARRIED}
    if carrier["traceparent"] is None:
        headers = exchange.incoming.headers
        carrier = {name: _header(headers.get(name.encode())) for name in CARRIED}
    texts = {name: value for name, value in carrier.items() if isinstance(value, str)}
    return _propagator.extract(texts, context=context.Context())


def describe(span: Span, exchange: Exchange, error: BaseException | None) -> None:
    """Say what the request was and how it ended."""
    entry, session = exchange.entry, exchange.session
    if entry is not None:
        span.update_name(f"{exchange.method.name} {entry.name}")
        span.set_attribute(TARGETS.get(entry.kind, "mcp.resource.uri"), entry.name)
    if exchange.method.name == "tools/call":
        span.set_attribute("gen_ai.operation.name", "execute_tool")
    attributes = {
        "mcp.method.name": exchange.method.name,
        "mcp.protocol.version": exchange.revision.name,
        "mcp.session.id": session.id[:HANDLE_LENGTH] if session else None,
        "mcp.server": exchange.server.slug,
        "mcp.transport": exchange.incoming.transport,
        "jsonrpc.request.id": str(exchange.request.id)[:SHORT],
        "enduser.id": exchange.principal.username or None,
    }
    span.set_attributes({name: value for name, value in attributes.items() if value is not None})
    _describe_end(span, exchange, error)


def _describe_end(span: Span, exchange: Exchange, error: BaseException | None) -> None:
    problem = exchange.error or (error if isinstance(error, ProtocolError) else None)
    outcome = exchange.outcome or ("ok" if error is None else "error")
    span.set_attribute("mcp.outcome", outcome)
    if outcome not in OUTCOMES_OF_FAILURE:
        return
    if problem is None:
        span.set_attribute("error.type", outcome)
        span.set_status(StatusCode.ERROR)
        return
    code = str(problem.as_error()["code"])
    span.set_attributes({"error.type": code, "rpc.response.status_code": code})
    span.set_status(StatusCode.ERROR, problem.message[:SHORT])


def _header(value: Any) -> str | None:
    return value.decode("latin-1") if isinstance(value, bytes) else None
