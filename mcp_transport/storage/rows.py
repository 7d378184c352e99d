"""
Rows that requests wait for, and what a request is told when there are none.

While the database is away nobody is let in and nothing is answered as if it
were stored: 503, and when to try again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from django.db import InterfaceError, OperationalError, close_old_connections, connections

from mcp_transport.protocol.errors import Refused
from mcp_transport.storage.writer import WriterFull, is_away
from mcp_transport.threads import PoolExhausted, ThreadPool

logger = logging.getLogger("mcp_transport.rows")

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

RETRY_AFTER = "2"  # seconds


class DatabaseAway(Refused):
    """What is stored cannot be read, or what was done cannot be stored."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "The site's database does not answer at the moment; try again.",
            headers={"Retry-After": RETRY_AFTER},
        )


def is_unavailable(error: BaseException) -> bool:
    """Whether an error passes when the database is back or has less to do."""
    return isinstance(error, (WriterFull, PoolExhausted)) or is_away(error)


class RowPool(ThreadPool):
    """
    Threads that read what a request needs before it can be answered.

    ``patience`` is how many seconds a reader waits for the database.
    """

    def __init__(self, size: int, queue_limit: int, name: str, *, patience: float = 4.0) -> None:
        super().__init__(size, queue_limit, name)
        self.patience = patience

    async def read(
        self, function: Callable[[*Arguments], Result], /, *arguments: *Arguments
    ) -> Result:
        """
        Return what the function returns, which only reads and may be called again.

        Raises: DatabaseAway, in time.
        """
        try:
            async with asyncio.timeout(self.patience):
                return await self.run(_read, function, *arguments)
        except Exception as error:
            if not isinstance(error, TimeoutError) and not is_unavailable(error):
                raise
            logger.warning("Rows could not be read: %s", str(error) or "no answer in time")
            raise DatabaseAway from error


def _read(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """Call the function, and once more if it was given a connection that had broken."""
    was_connected = _is_connected()  # one that its thread, or a pool, had kept
    try:
        return function(*arguments)
    except (OperationalError, InterfaceError):
        if not (was_connected or _is_connected()):
            raise
    close_old_connections()
    return function(*arguments)


def _is_connected() -> bool:
    """Whether the thread holds a connection to a server, in whatever state."""
    return any(
        connection.connection is not None and connection.vendor != "sqlite"
        for connection in connections.all(initialized_only=True)
    )
