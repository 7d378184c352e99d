"""The sources of a worker process: started side by side, and stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from mcp_transport.engine import offering
from mcp_transport.engine.source import Source, Tell

logger = logging.getLogger("mcp_transport.lifespan")

START_PATIENCE = 5.0  # seconds a worker process waits before it serves without them
STOP_PATIENCE = 10.0  # seconds they have to let go of everything


class Sources:
    """What serves calls in this worker process; one that fails is nothing to the others."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.all = sources
        self._starting: list[asyncio.Task[None]] = []

    async def start(self, tell: Tell) -> None:
        """Start them, and return when all are ready, or have had their time."""
        offering.show(self.all)
        self._starting = [
            asyncio.create_task(_attempt(source, source.start, tell)) for source in self.all
        ]
        await _wait(self._starting, START_PATIENCE)

    @property
    def away(self) -> int:
        """How many origins are not there now."""
        return sum(not health.is_well for source in self.all for health in source.health())

    async def stop(self) -> None:
        """Stop them, also those that have not started yet."""
        offering.hide(self.all)
        for task in self._starting:
            task.cancel()
        await _wait(self._starting, STOP_PATIENCE)
        stopping = [asyncio.create_task(_attempt(source, source.stop)) for source in self.all]
        for late in await _wait(stopping, STOP_PATIENCE):
            late.cancel()


async def _attempt(source: Source, act: Callable[..., Awaitable[None]], *arguments: object) -> None:
    try:
        await act(*arguments)
    except Exception:
        logger.exception("The source %r failed to %s", source.name, act.__name__)


async def _wait(tasks: Iterable[asyncio.Task[None]], limit: float) -> set[asyncio.Task[None]]:
    waited = list(tasks)
    return (await asyncio.wait(waited, timeout=limit))[1] if waited else set()
