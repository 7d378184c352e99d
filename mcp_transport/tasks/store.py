"""
Tasks: made, changed, ended and found again.

Rows are the truth. A task is changed by the process that runs it, in order, and
by nobody once it has ended: what a process that was taken for dead writes later
changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError
from django.db.models import Count, Q
from django.utils import timezone

from mcp_transport.conf import settings
from mcp_transport.models import Task
from mcp_transport.protocol.errors import LimitExceeded
from mcp_transport.protocol.tasks import TaskState
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.statements import Update, insert
from mcp_transport.storage.writer import Stage, Writer, WriterFull

logger = logging.getLogger("mcp_transport.tasks")

ID = re.compile(r"[A-Za-z0-9_-]{43}")  # new_task_id() makes such
STILL_OPEN = "ended_at IS NULL"
PATIENCE = 60.0  # seconds for which the end of a task waits for a place in the queue of rows
SETTLE_LIMIT = 2.0  # seconds
PAUSE = 0.5  # seconds between two attempts
LATER = 30.0  # seconds after which one of too many may have ended


class Owner(msgspec.Struct, frozen=True):
    """Whom a task belongs to, and at which server."""

    key: str  # Principal.key
    server_id: int
    user_id: int | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a row says beside the state: for operators, and for the record of calls."""

    arguments: str  # redacted JSON
    call: dict[str, Any]


class TaskStore:
    """The tasks of every server, for this worker process."""

    def __init__(self, writer: Writer, pool: RowPool, *, worker_id: str) -> None:
        self._writer = writer
        self._pool = pool
        self._worker_id = worker_id
        self._insert = insert(
            Task, "id", "server_id", "owner", "user_id", "tool", "arguments", "worker", "status",
            "message", "progress", "total", "questions", "result", "error", "call", "lifetime_ms",
            "poll_interval_ms", "created_at", "updated_at", "expires_at",
        )  # fmt: skip
        self._change = Update(
            Task, "status", "message", "progress", "total", "questions", "updated_at",
            only_where=STILL_OPEN,
        )  # fmt: skip
        self._end = Update(
            Task, "status", "message", "progress", "total", "questions", "updated_at", "result",
            "error", "ended_at", only_where=STILL_OPEN,
        )  # fmt: skip

    async def open(self, state: TaskState, owner: Owner, kept: Kept) -> None:
        """
        Keep a new task; returns when every process finds it.

        Raises LimitExceeded for an owner that has as many as it may.
        """
        await self._check_room(owner)
        lifetime = datetime.timedelta(milliseconds=state.lifetime_ms)
        await self._writer.write(
            self._insert,
            (
                state.id, owner.server_id, owner.key, owner.user_id, state.tool, kept.arguments,
                self._worker_id, state.status, state.message, state.progress, state.total,
                state.questions, "", "", kept.call, state.lifetime_ms, state.poll_interval_ms,
                state.created_at, state.updated_at, state.created_at + lifetime,
            ),
        )  # fmt: skip

    async def change(self, state: TaskState) -> None:
        """Keep how far a task is; returns when every process finds it."""
        await self._writer.write(self._change, _changed(state), stage=Stage.BEGUN)

    def note(self, state: TaskState) -> None:
        """Keep the same soon. Raises WriterFull."""
        self._writer.post(self._change, _changed(state), stage=Stage.BEGUN)

    async def settle(self) -> None:
        """Return when every process finds what was noted; sooner while the database is away."""
        with contextlib.suppress(OperationalError, InterfaceError, TimeoutError):
            await self._writer.flush(SETTLE_LIMIT)

    async def end(self, state: TaskState) -> None:
        """
        Keep how a task has ended.

        While the database is away it is kept in the queue of rows, and written
        when it is back.
        """
        outcome = (state.result.decode(), state.error.decode(), state.updated_at, state.id)
        row = (*_changed(state)[:-1], *outcome)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._place(row)
        except (OperationalError, InterfaceError) as error:
            logger.warning("The end of task %s is written later: %s", state.id[:8], error)
        except TimeoutError:
            logger.error("The end of task %s could not be written", state.id[:8])

    async def _place(self, row: tuple[Any, ...]) -> None:
        while True:
            try:
                return await self._writer.write(self._end, row, is_kept=True, stage=Stage.DONE)
            except WriterFull:
                await asyncio.sleep(PAUSE)

    async def find(self, task_id: str, owner: Owner) -> TaskState | None:
        """A task by its id; None for one that is not the owner's, or has expired."""
        return (await self.find_all((task_id,), owner)).get(task_id)

    async def find_all(self, task_ids: Collection[str], owner: Owner) -> dict[str, TaskState]:
        """The owner's tasks of these, by id."""
        fitting = [task_id for task_id in task_ids if ID.fullmatch(task_id)]
        return await self._pool.read(_find, fitting, owner) if fitting else {}

    async def changed_since(self, known: Mapping[str, TaskState]) -> list[TaskState]:
        """The tasks that are not any more as they are known."""
        return await self._pool.read(_changed_since, known) if known else []

    async def _check_room(self, owner: Owner) -> None:
        running, kept = await self._pool.read(_count, owner)
        if running >= settings.MCP_MAX_RUNNING_TASKS:
            raise LimitExceeded(
                f"You have {running} tasks running here, which is the limit; wait for one to end.",
                retry_after=LATER,
            )
        if kept >= settings.MCP_MAX_TASKS:
            raise LimitExceeded(
                f"{kept} tasks of yours are kept here, which is the limit, until they expire.",
                retry_after=LATER,
            )


def _changed(state: TaskState) -> tuple[Any, ...]:
    return (
        state.status, state.message, state.progress, state.total, state.questions,
        state.updated_at, state.id,
    )  # fmt: skip


def _find(task_ids: list[str], owner: Owner) -> dict[str, TaskState]:
    rows = Task.objects.filter(
        pk__in=task_ids, owner=owner.key, server=owner.server_id, expires_at__gt=timezone.now()
    )
    return {row.pk: state_of(row) for row in rows}


def _changed_since(known: Mapping[str, TaskState]) -> list[TaskState]:
    stamps = Task.objects.filter(pk__in=known).values_list("pk", "updated_at")
    moved = [pk for pk, updated_at in stamps if known[pk].updated_at != updated_at]
    return [state_of(row) for row in Task.objects.filter(pk__in=moved)] if moved else []


def _count(owner: Owner) -> tuple[int, int]:
    rows = Task.objects.filter(
        owner=owner.key, server=owner.server_id, expires_at__gt=timezone.now()
    )
    found = rows.aggregate(running=Count("pk", filter=Q(ended_at=None)), kept=Count("pk"))
    return found["running"], found["kept"]


def state_of(row: Task) -> TaskState:
    """A task as its row has it."""
    return TaskState(
        id=row.pk,
        status=row.status,
        message=row.message,
        created_at=row.created_at,
        updated_at=row.updated_at,
        lifetime_ms=row.lifetime_ms,
        poll_interval_ms=row.poll_interval_ms,
        progress=row.progress,
        total=row.total,
        questions=row.questions,
        result=row.result.encode(),
        error=row.error.encode(),
        tool=row.tool,
        worker=row.worker,
    )
