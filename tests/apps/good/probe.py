"""What a test sees of the tools that run for it, and how it lets them go on."""

from __future__ import annotations

import asyncio
import threading

LIMIT = 30.0  # seconds a tool waits before it gives up


class Probe:
    """Shared by one test and its tools; ``reset`` makes it new."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the test before."""
        self.started = asyncio.Event()
        self.released = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.finished = asyncio.Event()
        self.thread_started = threading.Event()
        self.thread_cancelled = threading.Event()
        self.seen: list[object] = []

    async def wait(self, event: asyncio.Event) -> None:
        """Wait for one of the events, within the limit."""
        async with asyncio.timeout(LIMIT):
            await event.wait()

    async def wait_for_thread(self, event: threading.Event) -> None:
        """Wait for one of the events that a thread sets."""
        assert await asyncio.to_thread(event.wait, LIMIT), "The thread did not get there."


probe = Probe()
