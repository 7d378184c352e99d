"""The record of requests that were served, and what vouches for it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Call(models.Model):
    """
    One request and how it ended; written once, never changed.

    A row names other rows by value, not by key: it outlives them. What a peer
    chooses is text without a length, so no request can make its row unwritable.
    """

    class Outcome(models.TextChoices):
        """How a call ended."""

        OK = "ok", "Answered"
        TOOL_ERROR = "tool_error", "Tool error"
        ERROR = "error", "Error"
        CANCELLED = "cancelled", "Cancelled"
        TIMEOUT = "timeout", "Timed out"
        INTERRUPTED = "interrupted", "Interrupted"
        REFUSED = "refused", "Refused for a limit"
        INPUT_REQUIRED = "input_required", "Asked for input"

    worker = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    started_at = models.DateTimeField()
    duration_us = models.BigIntegerField("duration (µs)")
    server = models.CharField(max_length=64)
    method = models.TextField()
    kind = models.CharField(max_length=16, blank=True)
    entry = models.TextField(blank=True)
    revision = models.CharField(max_length=16, blank=True)
    transport = models.CharField(max_length=32, blank=True)
    request_id = models.TextField(blank=True)
    session = models.CharField(max_length=43, blank=True)
    principal = models.TextField(blank=True)
    username = models.TextField(blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    token_id = models.BigIntegerField(null=True, blank=True)
    client = models.TextField(blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    error_code = models.IntegerField(null=True, blank=True)
    error = models.TextField(blank=True)
    arguments = models.TextField(blank=True)
    result_bytes = models.BigIntegerField(default=0)
    trace_id = models.TextField(blank=True)
    previous_digest = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            # Each of these costs about a microsecond of a call.
            models.Index(fields=["started_at"], name="mcp_call_started"),
            models.Index(fields=["server", "id"], name="mcp_call_of_server"),
            models.Index(fields=["server", "entry", "id"], name="mcp_call_of_entry"),
            # What was said in a session; calls without one cost nothing.
            models.Index(fields=["session"], condition=~Q(session=""), name="mcp_call_session"),
        )
        constraints = (
            # A row that is written again after a broken connection finds its place taken.
            models.UniqueConstraint(fields=["worker", "sequence"], name="mcp_call_sequence"),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.entry}".rstrip()


class AuditCheckpoint(models.Model):
    """
    How far one worker process's rows were at some time, signed with the site's key.

    A row that the checkpoint counts and the table lacks was taken out. A
    checkpoint that is cut says that the rows up to its own were deleted by
    the site itself, so that the chain begins behind it.
    """

    worker = models.CharField(max_length=64)
    sequence = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    is_cut = models.BooleanField("cut", default=False)
    signature = models.CharField(max_length=64)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=["worker", "sequence"], name="mcp_checkpoint_sequence"),
        )

    def __str__(self) -> str:
        return f"{self.worker} {self.sequence}"
