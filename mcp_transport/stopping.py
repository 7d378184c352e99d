"""
What happens between the signal to stop and the server's own way of stopping.

Servers wait for open connections first, or cut them at once; a listening
stream would keep the first kind waiting and get no result from the second.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

Prepare = Callable[[], Awaitable[None]]


class StopSignal:
    """
    Prepares the process for its end as soon as SIGTERM comes.

    The server's own handler runs at once, or after the preparation where
    ``comes_first`` says so when the signal is there; a second signal goes
    straight to it.
    """

    def __init__(self, prepare: Prepare, *, comes_first: Callable[[], bool]) -> None:
        self._prepare = prepare
        self._asks_to_wait = comes_first
        self._comes_first = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._previous: Any = None
        self._preparing: asyncio.Task[None] | None = None
        self._has_come = False

    def catch(self) -> None:
        """Stand in front of the server's handler, if signals come here and it has one."""
        previous = signal.getsignal(signal.SIGTERM)
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and callable(previous):
            self._loop = asyncio.get_running_loop()
            self._previous = previous
            signal.signal(signal.SIGTERM, self.handle)

    def release(self) -> None:
        """Step aside, unless somebody else stands in front by now."""
        if self._previous is not None and signal.getsignal(signal.SIGTERM) == self.handle:
            signal.signal(signal.SIGTERM, self._previous)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Prepare once, then stop as the server would."""
        is_first, self._has_come = not self._has_come, True
        if is_first:
            self._comes_first = self._asks_to_wait()
        if is_first and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._begin, number)
        if not (is_first and self._comes_first):
            self._previous(number, frame)

    def _begin(self, number: int) -> None:
        self._preparing = asyncio.ensure_future(self._run(number))

    async def _run(self, number: int) -> None:
        try:
            await self._prepare()
        finally:
            if self._comes_first:
                self._previous(number, None)
