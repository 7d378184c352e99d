"""Which request a log line belongs to; a session is named by the beginning of its id."""

from __future__ import annotations

from contextvars import Token
from functools import partial
from types import TracebackType
from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.observing import Observer
from mcp_transport.engine.recording import trace_id_of
from mcp_transport.models.session import HANDLE_LENGTH
from mcp_transport.monitoring.json_lines import describing

SHORT = 200  # characters of what a client may write at any length


class LogContext(Observer):
    """Lets what is logged while a request is served know of it."""

    def observe(self, exchange: Exchange) -> _Served:
        """See Observer.observe()."""
        return _Served(exchange)


class _Served:
    __slots__ = ("_before", "_exchange")

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def __enter__(self) -> None:
        self._before: Token[Any] = describing.set(partial(described, self._exchange))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        describing.reset(self._before)


def described(exchange: Exchange) -> dict[str, Any]:
    """Name a request by what its row has, too."""
    session, entry = exchange.session, exchange.entry
    known = {
        "server": exchange.server.slug,
        "method": exchange.method.name,
        "entry": entry.name if entry else "",
        "request_id": str(exchange.request.id)[:SHORT],
        "principal": exchange.principal.key,
        "session": session.id[:HANDLE_LENGTH] if session else "",
        "trace_id": trace_id_of(exchange),
    }
    return {name: value for name, value in known.items() if value}
