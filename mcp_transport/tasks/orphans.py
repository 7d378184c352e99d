"""Fails the tasks that a dead worker process left behind, so that nobody polls for ever."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from mcp_transport.models import Task, Worker
from mcp_transport.protocol.errors import InternalError
from mcp_transport.protocol.jsonrpc import encode

AT_ONCE = 100
INTERRUPTED = "The task was interrupted: the worker process that ran it died."


def fail_orphans(worker_id: str = "") -> list[dict[str, Any]]:
    """
    Fail what is left; the calls that were interrupted, as their tasks kept them.

    The worker process that looks lives, however late its heartbeat is written.
    """
    living = Worker.objects.living().values("id")
    left = Task.objects.filter(ended_at=None).exclude(worker=worker_id)
    return [task.call for task in left.exclude(worker__in=living)[:AT_ONCE] if _fail(task)]


def _fail(task: Task) -> bool:
    """Fail one; False when another process did, or its result is there."""
    now = timezone.now()
    # The UPDATE decides: of processes that look at the same time one fails the task.
    return bool(
        Task.objects.filter(pk=task.pk, ended_at=None).update(
            status=Task.Status.FAILED,
            message=INTERRUPTED,
            error=encode(InternalError(INTERRUPTED).as_error()).decode(),
            questions={},
            updated_at=now,
            ended_at=now,
        )
    )
