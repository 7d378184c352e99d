"""
A clock that a test moves on.

Needs time-machine. What threads of the standard library wait for is not moved,
nor is ``time.perf_counter``.
"""

from __future__ import annotations

import asyncio
import datetime
import time
from types import TracebackType
from typing import Self

import time_machine

FIRST_STEP = 0.1  # seconds


class Clock:
    """
    Time that goes on as ever, and jumps when it is told to.

    Everybody in the process sees the jump: ``datetime.now()``,
    ``timezone.now()``, ``time.time()``, ``time.monotonic()`` and the timers of
    asyncio's own event loop. A context manager.
    """

    def __init__(self) -> None:
        self._travel = time_machine.travel(datetime.datetime.now(datetime.UTC), tick=True)
        self._traveller: time_machine.Traveller | None = None
        self._monotonic = time.monotonic
        self._ahead = 0.0  # seconds

    def __enter__(self) -> Self:
        self._traveller = self._travel.start()
        time.monotonic = self._shifted
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        time.monotonic = self._monotonic
        self._travel.stop()
        self._traveller = None

    def advance(self, by: float | datetime.timedelta) -> None:
        """Move on by seconds, or by a span; never back."""
        seconds = by.total_seconds() if isinstance(by, datetime.timedelta) else float(by)
        if self._traveller is None or seconds < 0:
            raise ValueError("A clock moves forward, and inside its `with` block.")
        self._ahead += seconds
        self._traveller.shift(seconds)

    async def let_pass(self, by: float | datetime.timedelta) -> None:
        """
        Move on while something is running, and let it notice.

        A time limit counts from a moment after the work began, so that the
        first small step is made for those who begin to count.
        """
        self.advance(FIRST_STEP)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.advance(by)

    def _shifted(self) -> float:
        return self._monotonic() + self._ahead
