"""Principals by the header that presented them: looked up once, recalled for a moment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from mcp_transport.auth.cache import PrincipalCache, fresh_for
from mcp_transport.auth.principal import Principal


class LookUps:
    """What simultaneous requests with one credential share, and those a moment later."""

    def __init__(self) -> None:
        self._cache = PrincipalCache()
        self._running: dict[bytes, asyncio.Task[Principal | None]] = {}

    def recall(self, key: bytes) -> Principal | None:
        """Who was found a moment ago."""
        return self._cache.get(key)

    def forget(self) -> None:
        """Look everybody up again, also those who are being looked up."""
        self._cache, self._running = PrincipalCache(), {}

    async def find(
        self, key: bytes, look_up: Callable[[], Awaitable[Principal | None]]
    ) -> Principal | None:
        """Who is found by the one who comes first; what that raises is raised for all."""
        running = self._running
        task = running.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = running[key] = asyncio.create_task(self._look_up(key, look_up))
            task.add_done_callback(lambda done: _ended(running, key, done))
        # Shielded: a request that is given up must not fail those that wait with it.
        return await asyncio.shield(task)

    async def _look_up(
        self, key: bytes, look_up: Callable[[], Awaitable[Principal | None]]
    ) -> Principal | None:
        cache = self._cache
        asked_at = time.monotonic()  # revocation counts from the question, not the answer
        principal = await look_up()
        if principal is not None:
            cache.put(key, principal, until=asked_at + fresh_for(principal))
        return principal


def _ended(
    running: dict[bytes, asyncio.Task[Principal | None]],
    key: bytes,
    task: asyncio.Task[Principal | None],
) -> None:
    running.pop(key, None)
    if not task.cancelled():
        task.exception()  # retrieved, though every waiter may have gone
