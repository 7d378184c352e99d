"""Response streams and the log of what was sent on them."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q

from mcp_transport.models.session import Session


def new_stream_id() -> str:
    """Give 128 random bits as 22 characters that an event id can carry."""
    return secrets.token_urlsafe(16)


class Stream(models.Model):
    """One response stream of a session, and the call that it answers."""

    id = models.CharField(max_length=22, primary_key=True, default=new_stream_id, editable=False)
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="streams")
    request_id = models.TextField(blank=True)  # as JSON: 1 and "1" are different requests
    method = models.TextField(blank=True)
    entry = models.TextField(blank=True)
    call = models.JSONField(default=dict, blank=True)  # what an interrupted call's row needs
    worker = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    last_sequence = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("-opened_at",)
        indexes = (
            models.Index(fields=["worker"], condition=Q(closed_at=None), name="mcp_open_streams"),
            models.Index(fields=["closed_at"], name="mcp_stream_closed"),
        )

    def __str__(self) -> str:
        return f"{self.method or 'stream'} {self.pk}"


class Event(models.Model):
    """One message that was sent on a stream; never changed."""

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="events")
    sequence = models.BigIntegerField()
    data = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("stream", "sequence")
        constraints = (
            # By its index a stream is replayed, too.
            models.UniqueConstraint(fields=["stream", "sequence"], name="mcp_event_sequence"),
        )

    def __str__(self) -> str:
        return f"{self.stream_id}.{self.sequence}"
