"""
What a worker process does again and again, beside serving.

Each chore is a task of its own, so that none waits for another, and one that
fails is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from mcp_transport.audit import rollups, words
from mcp_transport.audit.definitions import record_definitions
from mcp_transport.audit.record import from_columns
from mcp_transport.engine.services import Services
from mcp_transport.engine.watching import look
from mcp_transport.storage.rows import DatabaseAway, RowPool, is_unavailable
from mcp_transport.storage.writer import Stage, Writer
from mcp_transport.streams.orphans import end_orphans
from mcp_transport.tasks.orphans import fail_orphans
from mcp_transport.worker.cleanup import clean
from mcp_transport.worker.presence import DatabaseClock, Heartbeat, read_ahead

logger = logging.getLogger("mcp_transport.lifespan")

HEARTBEAT = 1.0  # seconds
STEADY = 5.0  # seconds the database has to be there before the silence of others is believed
CLEAN_INTERVAL = 600.0  # seconds between two removals of rows nobody can ask for
ROLLUP_INTERVAL = 5.0  # seconds between two looks at whether calls have to be summed up


class Chores:
    """The chores of one worker process."""

    def __init__(
        self,
        services: Services,
        *,
        writer: Writer,
        rows: RowPool,
        measure: Callable[[], None],
    ) -> None:
        self._services = services
        self._writer = writer
        self._rows = rows
        self._measure = measure
        self._heartbeat = Heartbeat("")
        self._clock = DatabaseClock()
        self._clean_at = time.monotonic() + CLEAN_INTERVAL * _spread(0, 1)
        self._roll_up_at = 0.0
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin with all of them."""
        chores = (self._beat, self.tend, self._roll_up, self._clean)
        self._running = [asyncio.create_task(_repeat(chore)) for chore in chores]

    async def stop(self) -> None:
        """Leave off, and return when none runs any more."""
        for chore in self._running:
            chore.cancel()
        await asyncio.wait(self._running)

    async def _beat(self) -> None:
        """Show that this process lives; nothing that takes its time may stand before it."""
        # Not kept, for one of before an outage says nothing; nor ever refused, for then a
        # process with much to write would be taken for dead.
        row = (self._services.worker_id,)
        self._writer.write(self._heartbeat, row, stage=Stage.DONE).add_done_callback(_noted)
        self._measure()
        self._services.recorder.checkpoint_if_due()

    async def tend(self) -> None:
        """End what dead processes left open, and tell listeners what has changed."""
        services = self._services
        # Right after an outage, or a jump of the clock, nobody has a heartbeat to show.
        ahead = await self._rows.run(read_ahead, services.worker_id)
        if self._clock.is_steady(ahead, STEADY) and self._writer.is_steady(STEADY):
            for call in await self._rows.run(end_orphans, services.worker_id):
                if call:
                    services.recorder.post(from_columns(call))
            for call in await self._rows.run(fail_orphans, services.worker_id):
                services.recorder.post(from_columns(call))
        await services.tasks.look()
        services.limiting.summarize()
        await look(services.directory, services.hub)
        while services.directory.unpublished:
            server_id, catalog = services.directory.unpublished.popitem()
            await self._rows.run(record_definitions, server_id, catalog.definitions())

    async def _roll_up(self) -> None:
        """Sum up calls, and index their words, while no other worker process does."""
        if time.monotonic() >= self._roll_up_at:
            self._roll_up_at = time.monotonic() + ROLLUP_INTERVAL
            if await self._rows.run(rollups.step, self._services.worker_id) is not None:
                await self._rows.run(words.step)

    async def _clean(self) -> None:
        """Remove old rows, now and then."""
        if time.monotonic() >= self._clean_at:
            self._clean_at = time.monotonic() + CLEAN_INTERVAL * _spread(1, 1.5)
            await self._rows.run(clean)


def _noted(seen: asyncio.Future[None]) -> None:
    """Tell of a heartbeat that was not written, unless the writer has told why."""
    error = None if seen.cancelled() else seen.exception()
    if error is not None and not is_unavailable(error):
        logger.error("A worker process cannot show that it lives", exc_info=error)


def _spread(least: float, most: float) -> float:
    """A factor by chance, so that worker processes do not clean together."""
    return random.uniform(least, most)  # noqa: S311 - nobody gains by guessing it


async def _repeat(chore: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await chore()
        except Exception as error:
            name = chore.__name__.strip("_")
            if isinstance(error, DatabaseAway) or is_unavailable(error):
                logger.warning("%s has to wait: %s", name, error)
            else:
                logger.exception("%s failed; it goes on", name)
        await asyncio.sleep(HEARTBEAT)
