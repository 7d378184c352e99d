"""
What reaches one worker process and is meant for another.

A client's answer, its cancellation or the end of its session may arrive at any
process, while the work runs in one. It is left for that one as a row.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from django.utils import timezone

from mcp_transport.models import Inbox, Stream, Worker
from mcp_transport.protocol.jsonrpc import Id, Response, encode
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.statements import Statement, insert
from mcp_transport.storage.writer import Stage, Writer
from mcp_transport.streams.hub import Hub
from mcp_transport.streams.log import is_stream_id
from mcp_transport.streams.notices import Mail

AT_ONCE = 100

ANSWER, CANCEL, CLOSE, MESSAGE, TASK_ANSWER, TASK_CANCEL = (str(k.value) for k in Inbox.Kind)

TELL_WORKERS = f"""
INSERT INTO {Inbox._meta.db_table} (worker, session, kind, "key", payload, created_at)
SELECT worker, %s, %s, '', '{{}}', CURRENT_TIMESTAMP FROM (
    SELECT DISTINCT worker FROM {Stream._meta.db_table}
    WHERE session_id = %s AND closed_at IS NULL AND worker <> %s
) AS others
"""  # noqa: S608 - names of models


class Delivered(msgspec.Struct, frozen=True):
    """A row that was left for this process."""

    kind: str
    session_id: str
    key: str
    payload: dict[str, Any]


class Inboxes:
    """Leaves rows for other worker processes, and takes those left for this one."""

    def __init__(
        self, writer: Writer, pool: RowPool, *, worker_id: str, hub: Hub | None = None
    ) -> None:
        self._writer = writer
        self._pool = pool
        self._worker_id = worker_id
        self._hub = hub
        self._insert = insert(Inbox, "worker", "session", "kind", "key", "payload", "created_at")
        self._tell_workers = Statement(TELL_WORKERS)

    @property
    def are_told_of(self) -> bool:
        """Whether the bus says at once what is left, as far as it is known to work."""
        return self._hub is not None and self._hub.wakes_others

    async def answer(self, session_id: str, response: Response) -> None:
        """Forward an answer to the process that asked, if there is one."""
        question = str(response.id)
        if not is_stream_id(question.rpartition(".")[0]):
            return  # nobody asked that
        workers = await self._pool.read(_worker_that_asked, session_id, question)
        payload = {"result": response.result, "error": response.error}
        await self._leave(workers, session_id, ANSWER, question, payload, stage=Stage.BEGUN)

    async def cancel(self, session_id: str, request_id: Id) -> None:
        """Forward a cancellation to the processes that may be working for the request."""
        workers = await self._pool.read(_workers_for, session_id, encode(request_id).decode())
        payload = {"request_id": request_id}
        await self._leave(workers, session_id, CANCEL, "", payload, stage=Stage.BEGUN)

    async def close(self, session_id: str) -> None:
        """
        Leave word for the processes that work for a session that it has ended.

        Most often there is none, so nothing is read before. Nobody is woken:
        that the session has changed is announced to all processes anyway.
        """
        row = (session_id, CLOSE, session_id, self._worker_id)
        await self._writer.write(self._tell_workers, row, stage=Stage.DONE)

    async def forward(self, worker: str, session_id: str, body: Any) -> bool:
        """Pass a message to the process with its connection; False if that has ended."""
        if worker == self._worker_id or not await self._pool.run(_is_serving, worker):
            return False
        # A request can be sent again; what else is said belongs to one that runs. Never DONE:
        # a client may say as much as it likes, and results have their room to themselves.
        stage = Stage.NEW if _asks(body) else Stage.BEGUN
        await self._leave({worker}, session_id, MESSAGE, "", {"body": body}, stage=stage)
        return True

    async def tell_task(self, worker: str, task_id: str, answers: dict[str, Any] | None) -> None:
        """Pass answers to the process that runs a task, or its cancellation: None."""
        kind, payload = (TASK_CANCEL, {}) if answers is None else (TASK_ANSWER, answers)
        await self._leave({worker}, "", kind, task_id, payload, stage=Stage.DONE)

    async def take(self) -> list[Delivered]:
        """Remove and return what was left for this process, oldest first."""
        return await self._pool.run(_take, self._worker_id)

    async def _leave(
        self,
        workers: set[str],
        session_id: str,
        kind: str,
        key: str,
        payload: dict[str, Any],
        *,
        stage: Stage,
    ) -> None:
        others = workers - {self._worker_id}
        now = timezone.now()
        rows = [(worker, session_id, kind, key, payload, now) for worker in others]
        written = [self._writer.write(self._insert, row, stage=stage) for row in rows]
        await asyncio.gather(*written)
        if others and self._hub is not None:
            await self._hub.announce(Mail(tuple(others)))


def _asks(body: Any) -> bool:
    """Whether somebody waits for an answer to a message, or to one of a batch."""
    return type(body) is not dict or ("method" in body and "id" in body)


def _worker_that_asked(session_id: str, question: str) -> set[str]:
    return _workers(session_id, id=question.rpartition(".")[0])


def _workers_for(session_id: str, request_id: str) -> set[str]:
    """Whoever has opened the stream of a request; before that it can be anybody who lives."""
    found = _workers(session_id, request_id=request_id)
    return found or set(Worker.objects.living().values_list("id", flat=True))


def _workers(session_id: str, **named: str) -> set[str]:
    streams = Stream.objects.filter(session_id=session_id, closed_at=None, **named)
    return set(streams.values_list("worker", flat=True))


def _is_serving(worker: str) -> bool:
    return Worker.objects.living().filter(id=worker).exists()


def _take(worker_id: str) -> list[Delivered]:
    rows = list(Inbox.objects.filter(worker=worker_id).order_by("id")[:AT_ONCE])
    if rows:
        Inbox.objects.filter(id__in=[row.pk for row in rows]).delete()
    return [Delivered(row.kind, row.session, row.key, row.payload) for row in rows]
