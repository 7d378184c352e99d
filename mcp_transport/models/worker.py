"""Worker processes, and what others leave for them."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

SILENCE = timedelta(seconds=3)  # three heartbeats: after them a process counts as dead


class WorkerQuerySet(models.QuerySet["Worker"]):
    """Selections of worker processes."""

    def living(self) -> WorkerQuerySet:
        """Those that have not ended, and were seen a moment ago."""
        return self.heard_within(SILENCE)

    def heard_within(self, span: timedelta) -> WorkerQuerySet:
        """
        Those that have not ended, and were seen since.

        By the database's clock, which they were seen by: hosts have others.
        """
        return self.filter(ended_at=None, seen_at__gt=Now() - span)


class Worker(models.Model):
    """A process that serves requests, or did."""

    id = models.CharField(max_length=64, primary_key=True)
    hostname = models.CharField(max_length=255)
    pid = models.BigIntegerField()
    # All of them by the database's clock.
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ("-started_at",)

    def __str__(self) -> str:
        return f"{self.hostname}:{self.pid}"


class Inbox(models.Model):
    """Something that reached one worker process and is meant for another."""

    class Kind(models.TextChoices):
        """What the receiver has to do."""

        ANSWER = "answer", "Answer"
        CANCEL = "cancel", "Cancel"
        CLOSE = "close", "Close"
        MESSAGE = "message", "Message"
        TASK_ANSWER = "task_answer", "Answer for a task"
        TASK_CANCEL = "task_cancel", "Cancel of a task"

    worker = models.CharField(max_length=64)
    session = models.CharField(max_length=43, blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    key = models.TextField(blank=True)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "inbox message"
        ordering = ("id",)
        indexes = (models.Index(fields=["worker", "id"], name="mcp_inbox_worker"),)

    def __str__(self) -> str:
        return f"{self.kind} for {self.worker}"
