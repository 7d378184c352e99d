"""Worker processes, and what others leave for them."""

from __future__ import annotations

from django.db import models


class Worker(models.Model):
    """A process that serves requests, or did."""

    id = models.CharField(max_length=64, primary_key=True)
    hostname = models.CharField(max_length=255)
    pid = models.BigIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

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
