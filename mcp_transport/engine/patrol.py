"""
Goes round those who stay for long: do they still read, are they still welcome?

Streams and connections. One task for all of them, and none while there is
nobody: a timer and a task for each would be a fifth of what an idle one costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from abc import ABC, abstractmethod

logger = logging.getLogger("mcp_transport.streams")

TURN = 1.0  # seconds between two rounds
RECHECK_INTERVAL = 15.0  # seconds between two looks at whether one is still welcome
AT_ONCE = 1000  # looks that may wait for the database at the same time


class Guest(ABC):
    """Somebody who stays for long."""

    __slots__ = ()

    @abstractmethod
    def glance(self, now: float) -> None:
        """See to what needs no waiting; ``now`` is in monotonic seconds."""

    @abstractmethod
    async def look(self) -> None:
        """See whether they are still welcome."""


class Patrol:
    """The rounds of one worker process."""

    def __init__(self) -> None:
        self._guests: dict[Guest, float] = {}  # when they were last looked at
        self._is_doubted = asyncio.Event()
        self._going: asyncio.Task[None] | None = None

    def add(self, guest: Guest) -> None:
        """Begin to see to somebody."""
        self._guests[guest] = time.monotonic()
        if self._going is None:
            self._going = asyncio.get_running_loop().create_task(self._go())
            self._going.add_done_callback(self._ended)

    def discard(self, guest: Guest) -> None:
        """They have left."""
        self._guests.pop(guest, None)

    def doubt(self) -> None:
        """Look at everybody at once: rights have changed."""
        self._is_doubted.set()

    def stop(self) -> None:
        """Go round no more."""
        if self._going is not None:
            self._going.cancel()

    async def _go(self) -> None:
        while self._guests:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN):
                    await self._is_doubted.wait()
            now = time.monotonic()
            oldest = now if self._is_doubted.is_set() else now - RECHECK_INTERVAL
            self._is_doubted.clear()
            for guest in tuple(self._guests):
                guest.glance(now)
            due = [guest for guest, looked_at in self._guests.items() if looked_at <= oldest]
            self._guests.update(dict.fromkeys(due, now))
            for begin in range(0, len(due), AT_ONCE):
                await asyncio.gather(*map(self._look, due[begin : begin + AT_ONCE]))

    async def _look(self, guest: Guest) -> None:
        if guest not in self._guests:
            return
        try:
            await guest.look()
        except Exception:
            logger.exception("Whether a stream may go on could not be found out")

    def _ended(self, going: asyncio.Task[None]) -> None:
        self._going = None
        if self._guests and not going.cancelled():
            self.add(next(iter(self._guests)))  # it failed, or somebody has just come
