"""The row that a served request leaves."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from django.db import InterfaceError, OperationalError

from mcp_transport.audit.record import CallRecord
from mcp_transport.audit.redaction import Redactor
from mcp_transport.conf import settings
from mcp_transport.engine.exchange import Exchange
from mcp_transport.protocol.errors import LimitExceeded, ProtocolError, Refused
from mcp_transport.protocol.jsonrpc import encode
from mcp_transport.storage.rows import RETRY_AFTER, DatabaseAway
from mcp_transport.storage.writer import WriterFull

logger = logging.getLogger("mcp_transport.audit")

UNRECORDED = "The call was carried out, and its record cannot be stored at the moment."
TRACE_PARENT = b"traceparent"
# W3C Trace Context, traceparent; a trace of zeros is none.
TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
SHORT = 200  # characters that are kept of what a client may write at any length


def require(exchange: Exchange) -> None:
    """
    Refuse a request whose row could not be stored, before anything is done.

    Raises Refused; a database that goes away later is met by record().
    """
    if exchange.method.is_recorded and not exchange.services.recorder.is_available:
        raise DatabaseAway


async def record(
    exchange: Exchange,
    outcome: str,
    *,
    error: ProtocolError | None = None,
    result_bytes: int = 0,
) -> None:
    """Hand the row over; returns when the answer may leave."""
    exchange.outcome, exchange.error = outcome, error
    if isinstance(error, LimitExceeded):
        exchange.outcome = "refused"
        return  # a flood of them leaves a row now and then: engine.limiting
    if exchange.method.is_recorded and exchange.services.recorder.is_on:
        duration = (time.perf_counter_ns() - exchange.started_ns) // 1000
        call = describe(exchange, outcome, error, result_bytes, duration)
        try:
            await exchange.services.recorder.record(call)
        except (WriterFull, OperationalError, InterfaceError) as problem:
            logger.error("A call could not be recorded: %s", problem)
            raise Refused(503, UNRECORDED, headers={"Retry-After": RETRY_AFTER}) from None


def outcome_of(exchange: Exchange, result: dict[str, Any]) -> str:
    """How a request ended that has a result."""
    if exchange.is_overdue:
        return "timeout"
    if result.get("isError"):
        return "tool_error"
    return "input_required" if result.get("resultType") == "input_required" else "ok"


def failure_of(exchange: Exchange) -> str:
    """How a request ended that has no result."""
    return "timeout" if exchange.is_overdue else "error"


def describe(
    exchange: Exchange,
    outcome: str,
    error: ProtocolError | None,
    result_bytes: int,
    duration_us: int,
) -> CallRecord:
    """Everything that is kept of a request."""
    entry, principal, session = exchange.entry, exchange.principal, exchange.session
    info = exchange.client_info
    return CallRecord(
        started_at=exchange.started_at,
        duration_us=duration_us,
        server=exchange.server.slug,
        method=exchange.method.name,
        kind=entry.kind if entry else "",
        entry=entry.name if entry else _asked_for(exchange),
        revision=exchange.revision.name,
        transport=exchange.incoming.transport,
        request_id=encode(exchange.request.id).decode()[:SHORT],
        session=session.id if session else "",
        principal=principal.key,
        username=principal.username,
        user_id=principal.user_id,
        token_id=principal.token_id,
        client=f"{info.get('name', '')} {info.get('version', '')}".strip()[:SHORT] if info else "",
        outcome=outcome,
        error_code=error.as_error()["code"] if error else None,
        error=error.message[:SHORT] if error else "",
        arguments=_arguments(exchange),
        result_bytes=result_bytes,
        trace_id=trace_id_of(exchange),
    )


def _asked_for(exchange: Exchange) -> str:
    named = exchange.params.get(exchange.method.named_by or "name")
    return named[:SHORT] if isinstance(named, str) else ""


def _arguments(exchange: Exchange) -> str:
    arguments = exchange.params.get("arguments")
    if not isinstance(arguments, dict):
        return ""
    entry = exchange.entry
    redact = entry.redact if entry else Redactor(settings.MCP_REDACTED_ARGUMENTS, {})
    return redact(arguments)


def trace_id_of(exchange: Exchange) -> str:
    """The trace a request belongs to (basic/index, OpenTelemetry trace context)."""
    parent = exchange.meta.get("traceparent")
    if parent is None:
        header = exchange.incoming.headers.get(TRACE_PARENT)
        if header is None:
            return ""
        parent = header.decode("latin-1")
    found = TRACE.fullmatch(parent) if isinstance(parent, str) else None
    return found[1] if found else ""
