"""
Finds out when every other worker process has heeded a notice.

What a client was answered must hold wherever its next request goes: a session
that has ended is answered with 404 from then on (2025-11-25,
basic/transports, Session Management, 3).
"""

from __future__ import annotations

import asyncio
import contextlib
import time

import msgspec

from mcp_transport.models import Worker
from mcp_transport.storage.rows import DatabaseAway, RowPool
from mcp_transport.streams.hub import Hub
from mcp_transport.streams.notices import Heeded, Stale

KEPT = 2.0  # seconds for which it is known who the others are


class Question(msgspec.Struct):
    """Who has not answered yet, and what waits for it."""

    silent: set[str]
    answered: asyncio.Event


class RollCall:
    """
    Asks the other processes, and waits no longer than rows are kept by them.

    A process that does not answer, or cannot be woken, has read its rows anew by then.
    """

    def __init__(self, hub: Hub, rows: RowPool, *, worker_id: str, patience: float) -> None:
        self._hub = hub
        self._rows = rows
        self._worker_id = worker_id
        self._patience = patience
        self._others: frozenset[str] = frozenset()
        self._others_until = 0.0  # monotonic seconds
        self._open: dict[Stale, Question] = {}

    async def over(self, notice: Stale) -> None:
        """Announce that rows are stale; return when no process uses them any more."""
        if not self._hub.wakes_others or not (others := await self._find_others()):
            return
        asking = Stale(notice.what, notice.id, self._worker_id)
        question = self._open.setdefault(asking, Question(set(others), asyncio.Event()))
        try:
            await self._hub.announce(asking)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience):
                    await question.answered.wait()
        finally:
            self._open.pop(asking, None)

    async def answer(self, asking: Stale) -> None:
        """Say that this process has heeded what another one has asked about."""
        await self._hub.announce(Heeded(asking, self._worker_id))

    def heed(self, heeded: Heeded) -> None:
        """Take an answer, if it is to this process."""
        question = self._open.get(heeded.notice)
        if question is not None:
            question.silent.discard(heeded.worker)
            if not question.silent:
                question.answered.set()

    async def _find_others(self) -> frozenset[str]:
        if time.monotonic() >= self._others_until:
            with contextlib.suppress(DatabaseAway):  # whoever was there is asked again
                self._others = await self._rows.read(_living) - {self._worker_id}
                self._others_until = time.monotonic() + KEPT
        return self._others


def _living() -> frozenset[str]:
    return frozenset(Worker.objects.living().values_list("pk", flat=True))
