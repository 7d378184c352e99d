"""Calls that outlive the connection they came over."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from mcp_transport.models.server import Server
from mcp_transport.models.worker import Inbox

HANDLE_LENGTH = 8


def new_task_id() -> str:
    """Give 256 random bits as 43 characters that a header can carry."""
    return secrets.token_urlsafe(32)


class TaskQuerySet(models.QuerySet["Task"]):
    """Selections of tasks."""

    def open(self) -> TaskQuerySet:
        """Those that go on."""
        return self.filter(status__in=Task.OPEN)

    def with_handle(self, handle: str) -> Task | None:
        """Return the task whose id begins so, if there is one and no other."""
        # SQLite's LIKE takes upper for lower case.
        found = [row for row in self.filter(pk__startswith=handle) if row.pk.startswith(handle)]
        return found[0] if len(found) == 1 else None

    def cancel(self) -> int:
        """
        Have the worker processes that run these end them; how many go on until then.

        They find it in their inboxes within a second.
        """
        now = timezone.now()
        told = [
            Inbox(worker=worker, kind=Inbox.Kind.TASK_CANCEL, key=pk, created_at=now)
            for worker, pk in self.open().values_list("worker", "pk")
        ]
        Inbox.objects.using(self.db).bulk_create(told, batch_size=500)
        return len(told)


class Task(models.Model):
    """A call that goes on without its connection; only its principal finds it."""

    class Status(models.TextChoices):
        """How far it is, in the words of the extension."""

        WORKING = "working", "Working"
        INPUT_REQUIRED = "input_required", "Waits for an answer"
        COMPLETED = "completed", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (Status.WORKING, Status.INPUT_REQUIRED)

    id = models.CharField(max_length=43, primary_key=True, default=new_task_id, editable=False)
    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="tasks")
    owner = models.CharField(max_length=200)  # Principal.key
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    tool = models.TextField()
    arguments = models.TextField(blank=True)  # redacted JSON
    worker = models.CharField("run by", max_length=64)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.WORKING)
    message = models.TextField(blank=True)
    progress = models.FloatField(null=True, blank=True)
    total = models.FloatField(null=True, blank=True)
    questions = models.JSONField(default=dict, blank=True)  # what it waits for, by key
    result = models.TextField(blank=True)  # JSON, once it is completed
    error = models.TextField(blank=True)  # JSON, once it has failed
    call = models.JSONField(default=dict, blank=True)  # what an interrupted call's row needs
    lifetime_ms = models.BigIntegerField()
    poll_interval_ms = models.BigIntegerField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["owner", "server"], name="mcp_task_owner"),
            models.Index(fields=["expires_at"], name="mcp_task_expiry"),
            models.Index(fields=["created_at", "id"], name="mcp_task_begun"),
            # Of all tasks that are kept few go on, so this stays small.
            models.Index(fields=["worker"], condition=Q(ended_at=None), name="mcp_open_tasks"),
        )

    def __str__(self) -> str:
        return f"{self.tool} {self.handle}"

    @property
    def handle(self) -> str:
        """The beginning of its id, for people and logs: the whole opens its result."""
        return self.pk[:HANDLE_LENGTH]
