"""
Which worker process holds the standalone stream of a session.

Clients have one such stream at a time, whichever process it is: a message is to
come on exactly one (2025-11-25, basic/transports, Multiple Connections). The
process that holds it stands in the session's row; one that has died holds none.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from django.db.backends.base.base import BaseDatabaseWrapper

from mcp_transport.models import Session, Worker
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.statements import Row, Statement
from mcp_transport.storage.writer import Stage, Writer

PATIENCE = 2.5  # seconds: a client may be back before it is noticed that it left, or who died
INTERVAL = 0.25  # seconds between two attempts


class Take(Statement):
    """Gives a session's stream to a process, unless another one that lives has it."""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """See Statement.execute()."""
        living = Worker.objects.using(connection.alias).living()
        for session_id, worker in rows:
            session = Session.objects.using(connection.alias).filter(pk=session_id)
            # Conditional UPDATEs, no SELECT before: the row decides between two processes.
            if not session.filter(listener="").update(listener=worker):
                others = living.exclude(pk=worker).values("pk")
                session.exclude(listener__in=others).update(listener=worker, has_listened=True)


class Leave(Statement):
    """Notes that a process holds a session's stream no more."""

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        """See Statement.execute()."""
        for session_id, worker in rows:
            held = Session.objects.using(connection.alias).filter(pk=session_id, listener=worker)
            held.update(listener="", has_listened=True)


class StandaloneStreams:
    """Those that this process takes and leaves."""

    def __init__(self, writer: Writer, pool: RowPool, worker_id: str) -> None:
        self._writer = writer
        self._pool = pool
        self._worker_id = worker_id
        self._take = Take("")
        self._leave = Leave("")

    async def take(self, session_id: str) -> bool | None:
        """
        Take a session's stream; None when another process has it and keeps it.

        True when it was had before, and something may have been missed since.
        """
        until = time.monotonic() + PATIENCE
        while True:
            await self._writer.write(self._take, (session_id, self._worker_id))
            holder, has_listened = await self._pool.read(_holder, session_id)
            if holder == self._worker_id:
                return has_listened
            if time.monotonic() >= until:
                return None
            await asyncio.sleep(INTERVAL)

    def leave(self, session_id: str) -> None:
        """Give it back, after whatever was asked for before."""
        self._writer.post(self._leave, (session_id, self._worker_id), stage=Stage.DONE)


def _holder(session_id: str) -> tuple[str, bool]:
    row = Session.objects.filter(pk=session_id).values_list("listener", "has_listened").first()
    return row or ("", False)
