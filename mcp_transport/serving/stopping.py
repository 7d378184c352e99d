"""
What happens between the signal to stop and the server's own way of stopping.

Servers close their door at once, with whoever stands in it, and then wait for
open connections or cut them; a listening stream would keep the first kind
waiting and get no result from the second.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any

logger = logging.getLogger("mcp_transport.stopping")

Prepare = Callable[[], Awaitable[None]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

CLOSE = (b"connection", b"close")
LOOK_INTERVAL = 0.05  # seconds


class Requests:
    """How many HTTP requests this process is answering."""

    running = 0

    async def over(self, until: float) -> None:
        """Wait for the last of them, but not beyond a time of the monotonic clock."""
        while self.running and time.monotonic() < until:  # noqa: ASYNC110 - a request pays for nothing but the count
            await asyncio.sleep(LOOK_INTERVAL)


requests = Requests()


class StopSignal:
    """
    Prepares the process for its end when SIGTERM comes.

    ``warn`` is waited for, with the server still open. Then its own handler
    runs, before the preparation or, where ``comes_first`` says so, after it. A
    second signal goes straight to the handler.

    A process that a supervisor started as its worker gives itself the signal when
    that one has died: nobody else would, and it would hold the port for ever.
    """

    def __init__(self, prepare: Prepare, *, warn: Prepare, comes_first: Callable[[], bool]) -> None:
        self._prepare = prepare
        self._warn = warn
        self._comes_first = comes_first
        self._loop: asyncio.AbstractEventLoop | None = None
        self._previous: Any = None
        self._preparing: asyncio.Task[None] | None = None
        self._sentinel: int | None = None  # can be read from once the supervisor has died
        self._has_come = self._is_told = False

    def catch(self) -> None:
        """Stand in front of the server's handler, if signals come here and it has one."""
        previous = signal.getsignal(signal.SIGTERM)
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and callable(previous):
            self._loop = asyncio.get_running_loop()
            self._previous = previous
            signal.signal(signal.SIGTERM, self.handle)
            self._watch(self._loop)

    def release(self) -> None:
        """Step aside, unless somebody else stands in front by now."""
        # Bound methods are made anew each time, so they are compared by == and not by "is".
        self._look_away()
        if self._previous is not None and signal.getsignal(signal.SIGTERM) == self.handle:
            signal.signal(signal.SIGTERM, self._previous)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Warn and prepare once, then stop as the server would."""
        # Between two bytecodes of whatever runs: nothing but what is safe there, and the rest is
        # left to the loop.
        is_first, self._has_come = not self._has_come, True
        if is_first and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._begin, number)
                return
        self._tell(number, frame)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        supervisor = multiprocessing.parent_process()  # by which uvicorn starts its workers
        if supervisor is not None:
            with contextlib.suppress(NotImplementedError):  # on Windows, which has no such signal
                loop.add_reader(supervisor.sentinel, self._be_left)
                self._sentinel = supervisor.sentinel

    def _be_left(self) -> None:
        logger.warning("The supervisor has died; this worker process stops, too.")
        self._look_away()
        signal.raise_signal(signal.SIGTERM)

    def _look_away(self) -> None:
        if self._sentinel is not None and self._loop is not None:
            self._loop.remove_reader(self._sentinel)
            self._sentinel = None

    def _begin(self, number: int) -> None:
        self._preparing = asyncio.ensure_future(self._run(number))

    async def _run(self, number: int) -> None:
        try:
            await self._warn()
            if self._comes_first():
                return await self._prepare()
        finally:  # the server is to stop whatever became of the warning
            if not self._is_told:
                self._tell(number, None)
        await self._prepare()

    def _tell(self, number: int, frame: FrameType | None) -> None:
        self._is_told = True
        self._previous(number, frame)


def closing(send: Send) -> Send:
    """Let an HTTP response say that its connection ends, so that nobody uses it again."""

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
        await send(message)

    return sending
