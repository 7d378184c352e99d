"""Does what other worker processes have left for this one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from mcp_transport.engine.back_channel import Pending
from mcp_transport.engine.connections import Connections
from mcp_transport.engine.inbox import (
    ANSWER,
    AT_ONCE,
    CANCEL,
    MESSAGE,
    TASK_ANSWER,
    TASK_CANCEL,
    Delivered,
    Inboxes,
)
from mcp_transport.engine.tasks import Tasks
from mcp_transport.engine.work import Works
from mcp_transport.protocol.jsonrpc import Response

logger = logging.getLogger("mcp_transport.inbox")

POLL_INTERVAL = 1.0  # seconds between two looks that nobody asks for: a bus may lose what it says
POST_INTERVAL = 0.1  # the same without a bus, while any message of a client may arrive elsewhere


class InboxReader:
    """
    Looks into this process's inbox while something can be left in it.

    That is while work runs, or a connection lasts whose client sends its
    messages by another way.
    """

    def __init__(
        self,
        inboxes: Inboxes,
        pending: Pending,
        works: Works,
        connections: Connections,
        tasks: Tasks,
        *,
        leave: Callable[[str], None],
    ) -> None:
        self._inboxes = inboxes
        self._pending = pending
        self._works = works
        self._connections = connections
        self._tasks = tasks
        self._leave = leave
        self._polling: asyncio.Task[None] | None = None
        self._mail = asyncio.Event()

    def begin(self) -> None:
        """Look from now on, until nothing is expected any more."""
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())

    def look_soon(self) -> None:
        """Look at once if anything is expected: somebody says that there is mail."""
        self._mail.set()

    async def look(self) -> None:
        """Do what the rows say that were left since the last look."""
        taken = await self._inboxes.take()
        for delivered in taken:
            self._do(delivered)
        if len(taken) == AT_ONCE:
            self._mail.set()  # there may be more

    def stop(self) -> None:
        """Look no more."""
        if self._polling is not None:
            self._polling.cancel()

    async def _poll(self) -> None:
        await self._rest()  # most work has ended by then
        while self._is_expecting:
            try:
                await self.look()
            except Exception:
                logger.exception("The inbox could not be read; it is tried again")
            await self._rest()

    async def _rest(self) -> None:
        """Wait for mail, but not long: the one who left it may not reach this process."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._interval):
                await self._mail.wait()
        self._mail.clear()

    @property
    def _is_expecting(self) -> bool:
        """Whether anything here can be meant by what others leave."""
        is_idle = self._works.is_idle and self._tasks.is_idle
        return self._connections.have_post or not is_idle

    @property
    def _interval(self) -> float:
        is_alone = self._connections.have_post and not self._inboxes.are_told_of
        return POST_INTERVAL if is_alone else POLL_INTERVAL

    def _do(self, delivered: Delivered) -> None:
        session_id, payload = delivered.session_id, delivered.payload
        if delivered.kind == ANSWER:
            response = Response(delivered.key, payload["result"], payload["error"])
            self._pending.settle(session_id, response)
        elif delivered.kind == CANCEL:
            self._works.cancel(session_id, payload["request_id"])
        elif delivered.kind == MESSAGE:
            self._connections.post(session_id, payload["body"])
        elif delivered.kind == TASK_ANSWER:
            self._tasks.take_answers(delivered.key, payload)
        elif delivered.kind == TASK_CANCEL:
            self._tasks.end(delivered.key)
        else:
            self._leave(session_id)
