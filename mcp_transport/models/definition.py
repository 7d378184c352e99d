"""What entries have said of themselves, so that an operator sees when that changes."""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from mcp_transport.models.server import EntryKind, Server

LONGEST_NAME = 500


class PublishedDefinition(models.Model):
    """One definition of an entry as a server has published it; never changed."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="definitions")
    kind = models.CharField(max_length=16, choices=EntryKind.choices)
    name = models.CharField(max_length=LONGEST_NAME)  # the entry's own, or its URI
    number = models.PositiveIntegerField()  # 1 is what it was seen with first
    digest = models.CharField(max_length=64)
    definition = models.TextField()  # JSON, with sorted keys
    first_seen_at = models.DateTimeField()

    class Meta:
        ordering = ("server", "kind", "name", "number")
        default_permissions = ("view",)
        constraints = (
            # Of two worker processes that see the same change one keeps it.
            models.UniqueConstraint(
                fields=["server", "kind", "name", "number"], name="mcp_one_definition_per_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}, {self.number}"

    @property
    def value(self) -> dict[str, Any]:
        """The definition as lists showed it."""
        return dict(json.loads(self.definition))
