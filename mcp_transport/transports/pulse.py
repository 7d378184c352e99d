"""The moments at which silent streams show that they are alive: one timer for all."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

SLOTS = 8  # so that not all streams speak at once


class Silent(ABC):
    """A stream that is kept alive."""

    __slots__ = ()

    @abstractmethod
    def keep(self) -> None:
        """Show that it is alive; never waits."""


class Pulse:
    """
    Calls each stream once in an interval.

    The first time is a little earlier, never later.
    """

    def __init__(self, interval: float) -> None:
        self._step = interval / SLOTS
        self._slots: tuple[set[Silent], ...] = tuple(set() for _ in range(SLOTS))
        self._at = self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, stream: Silent) -> int:
        """Begin to call a stream; what discard() wants to know."""
        self._slots[self._at].add(stream)
        self._count += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._step, self._beat)
        return self._at

    def discard(self, stream: Silent, slot: int) -> None:
        """Stop calling a stream."""
        self._slots[slot].discard(stream)
        self._count -= 1
        if not self._count and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _beat(self) -> None:
        self._at = (self._at + 1) % SLOTS
        self._timer = asyncio.get_running_loop().call_later(self._step, self._beat)
        for stream in tuple(self._slots[self._at]):
            stream.keep()
