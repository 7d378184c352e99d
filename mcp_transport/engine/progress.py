"""
Progress notifications: only upwards, only when asked for, never a flood.

Specification 2025-11-25, basic/utilities/progress, Progress Flow and
Implementation Notes.
"""

from __future__ import annotations

import math
import time
from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.protocol import jsonrpc, shaping

# A token bucket: a tool may report each row of a loop, and no client is flooded by it.
BURST = 50  # notifications at once
RATE = 50.0  # notifications a second after that


class ProgressReporter:
    """
    Reports one request's progress.

    A client that named no token, or one that could be no id, is told nothing. A report that comes too soon
    is left out, unless it is the last one.
    """

    __slots__ = ("_allowance", "_exchange", "_highest", "_last_at", "_token")

    def __init__(self, exchange: Exchange) -> None:
        token = exchange.meta.get("progressToken")
        self._token = token if jsonrpc.is_id(token) else None
        self._exchange = exchange
        self._highest: float | None = None
        self._allowance = float(BURST)
        self._last_at = 0.0

    async def report(self, progress: float, total: float | None, message: str | None) -> None:
        """Send a report, if it is an increase and may be sent."""
        _require_finite(progress, total)
        channel = self._exchange.channel
        if channel.keeps_progress:
            return channel.keep_progress(progress, total, message)
        if self._token is None or (self._highest is not None and progress <= self._highest):
            return None
        is_last = total is not None and progress >= total
        if not (self._is_allowed() or is_last):
            return None
        self._highest = progress
        params: dict[str, Any] = {"progressToken": self._token, "progress": progress}
        if total is not None:
            params["total"] = total
        if message is not None:
            params["message"] = message
        shaped = shaping.progress(params, self._exchange.revision)
        notification = jsonrpc.notification("notifications/progress", shaped)
        return await channel.notify(notification)

    def _is_allowed(self) -> bool:
        now = time.monotonic()
        earned = (now - self._last_at) * RATE if self._last_at else 0.0
        self._allowance = min(float(BURST), self._allowance + earned)
        self._last_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True


def _require_finite(progress: float, total: float | None) -> None:
    if not math.isfinite(progress) or (total is not None and not math.isfinite(total)):
        raise ValueError(
            f"Progress is {progress} of {total}; JSON has finite numbers alone. "
            "Leave out a total that is not known."
        )
