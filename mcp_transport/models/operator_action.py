"""The record of what operators did to the site's MCP servers."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class OperatorAction(models.Model):
    """
    One thing an operator did, or was not allowed to; written once, never changed.

    Names are copied, so that a row outlives whom and what it names. All rows
    are one chain, whichever process writes them.
    """

    class Outcome(models.TextChoices):
        """What came of it."""

        DONE = "done", "Done"
        DENIED = "denied", "Denied"
        FAILED = "failed", "Failed"

    class Way(models.TextChoices):
        """How the operator came in."""

        ADMIN = "admin", "Admin"
        API = "api", "API"
        COMMAND = "command", "Command"

    sequence = models.BigIntegerField(unique=True)
    acted_at = models.DateTimeField()
    way = models.CharField(max_length=16, choices=Way.choices)
    user_id = models.BigIntegerField(null=True, blank=True)
    username = models.TextField(blank=True)
    action = models.CharField(max_length=32)
    kind = models.CharField("kind of object", max_length=64, blank=True)
    object_id = models.TextField(blank=True)
    object_name = models.TextField(blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)
    changes = models.TextField(blank=True)  # JSON: the field's name to [before, after]
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=128, blank=True)
    previous_digest = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "operator's action"
        verbose_name_plural = "audit"
        ordering = ("-id",)
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["acted_at"], name="mcp_action_time"),
            models.Index(fields=["user_id", "id"], name="mcp_action_user"),
            models.Index(fields=["action", "id"], name="mcp_action_action"),
            models.Index(fields=["kind", "object_id", "id"], name="mcp_action_object"),
            models.Index(fields=["outcome", "id"], name="mcp_action_outcome"),
        )

    def __str__(self) -> str:
        return " ".join(filter(None, (self.username, self.action, self.kind, self.object_name)))

    @property
    def difference(self) -> dict[str, Any]:
        """What was changed: the field's name to its value before and after."""
        return dict(json.loads(self.changes)) if self.changes else {}
