"""
Tells the other worker processes what this one used of shared limits.

Runs while there is something to tell and a little longer; nothing wakes where
nothing is limited. Without a bus that reaches others, each counts for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from mcp_transport.limits.limiter import Limiter
from mcp_transport.streams.notices import Notice, Used

logger = logging.getLogger("mcp_transport.bus")

INTERVAL = 0.2  # seconds between two reports, as long as there is news
AGAIN = 1.0  # seconds between two of what goes on unchanged

Announce = Callable[[Notice], Awaitable[None]]


class Reconciling:
    """The reports of one worker process."""

    def __init__(self, announce: Announce, *, worker_id: str, is_shared: bool) -> None:
        self.limiter = Limiter(self._begin if is_shared else None)
        self._announce = announce
        self._worker_id = worker_id
        self._news: asyncio.Event | None = None
        self._running: asyncio.Task[None] | None = None

    def heed(self, notice: Used) -> None:
        """Count what another process reports."""
        self.limiter.absorb(notice.worker, notice.report)

    def stop(self) -> None:
        """Tell nothing more."""
        if self._running is not None:
            self._running.cancel()

    def _begin(self) -> None:
        if self._running is None or self._running.done():
            self._news = asyncio.Event()
            self._running = asyncio.get_running_loop().create_task(self._run(self._news))
            self._running.add_done_callback(self._ended)
        if self._news is not None:
            self._news.set()

    async def _run(self, news: asyncio.Event) -> None:
        while self.limiter.has_news:
            await asyncio.sleep(INTERVAL)
            news.clear()
            await self._announce(Used(self._worker_id, self.limiter.report()))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await news.wait()

    @staticmethod
    def _ended(running: asyncio.Task[None]) -> None:
        if not running.cancelled() and running.exception() is not None:
            logger.error("Limits could not be reconciled", exc_info=running.exception())
