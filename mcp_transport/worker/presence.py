"""
That a worker process lives, as all others see it: by the database's clock.

The clocks of hosts differ, and a process is dead to the others after seconds.
So whoever shows that it lives, and whoever judges it, asks the one clock that
they share.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import time
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Now

from mcp_transport.models import Worker
from mcp_transport.storage.statements import Row, Statement

logger = logging.getLogger("mcp_transport.lifespan")

JUMP = 1.0  # seconds by which the time of day does not go wrong by itself
SLOW = 0.5  # seconds after which an answer says too little about when it was given


class Arrival(Statement):
    """Enters this process under an id."""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """See Statement.execute()."""
        here: dict[str, Any] = {"hostname": socket.gethostname(), "pid": os.getpid()}
        workers = [Worker(id=worker, started_at=Now(), seen_at=Now(), **here) for (worker,) in rows]
        Worker.objects.using(connection.alias).bulk_create(workers, ignore_conflicts=is_repeated)


class Heartbeat(Statement):
    """Notes that a process lives."""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """See Statement.execute()."""
        _named(connection, rows).update(seen_at=Now())


class Departure(Statement):
    """Notes that a process has ended."""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """See Statement.execute()."""
        _named(connection, rows).update(seen_at=Now(), ended_at=Now())


def _named(connection: BaseDatabaseWrapper, rows: Sequence[Row]) -> Any:
    return Worker.objects.using(connection.alias).filter(pk__in={worker for (worker,) in rows})


def read_ahead(worker_id: str) -> float | None:
    """How far the database's clock is ahead of the monotonic one; None when that is not known."""
    before = time.monotonic()
    now = Worker.objects.filter(pk=worker_id).values_list(Now(), flat=True).first()
    after = time.monotonic()
    return None if now is None or after - before > SLOW else now.timestamp() - after


class DatabaseClock:
    """
    Whether the database's clock goes on as time does.

    Heartbeats are told by it. When it has been set, or its machine slept, those of
    all others look old until each has shown itself once more.
    """

    def __init__(self) -> None:
        self._ahead: float | None = None
        self._steady_since = -math.inf  # monotonic seconds

    def is_steady(self, ahead: float | None, seconds: float) -> bool:
        """Whether it has not jumped for so long; to be asked every now and then."""
        if ahead is None:
            return False
        now = time.monotonic()
        before, self._ahead = self._ahead, ahead
        if before is not None and abs(ahead - before) > JUMP:
            logger.warning("The database's clock has jumped by %.1f seconds.", ahead - before)
            self._steady_since = now
        return now - self._steady_since >= seconds
