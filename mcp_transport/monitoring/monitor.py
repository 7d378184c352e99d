"""Everything that looks on in one worker process, as the site's settings ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mcp_transport.conf import settings
from mcp_transport.engine.observing import Observer, together
from mcp_transport.monitoring.log_context import LogContext
from mcp_transport.monitoring.tally import Tally

if TYPE_CHECKING:
    from mcp_transport.monitoring.exposition import Metrics


class Monitor:
    """Who looks on; the libraries are imported when they are asked for."""

    def __init__(self, *, metrics: bool, traces: bool, log_context: bool) -> None:
        observers: list[Observer] = [LogContext()] if log_context else []
        #: Counts an HTTP answer by its status; None where nobody fetches figures.
        self.count_response: Callable[[int], None] | None = None
        self._metrics: Metrics | None = None
        if metrics:
            from mcp_transport.monitoring.exposition import Metrics

            tally = Tally()
            self._metrics = Metrics(tally)
            self.count_response = tally.note_response
            observers.append(tally)
        if traces:
            from mcp_transport.monitoring.tracing import Tracing

            observers.append(Tracing())
        self.observer = together(observers)

    @classmethod
    def from_settings(cls) -> Monitor:
        """What the settings ask for; nothing by default."""
        return cls(
            metrics=settings.MCP_METRICS_PATH is not None,
            traces=settings.MCP_TRACING,
            log_context=settings.MCP_LOG_CONTEXT,
        )

    @property
    def is_measuring(self) -> bool:
        """Whether anybody fetches figures."""
        return self._metrics is not None

    def measure(self, values: Mapping[str, float]) -> None:
        """Note how the process is."""
        if self._metrics is not None:
            self._metrics.measure(values)

    def exposed(self, *, open_sessions: int | None) -> bytes:
        """Give the figures as text."""
        return self._metrics.exposed(open_sessions=open_sessions) if self._metrics else b""

    def close(self) -> None:
        """Say that the process ends."""
        if self._metrics is not None:
            self._metrics.close()
