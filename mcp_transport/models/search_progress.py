"""How far the index of the words of calls has come."""

from __future__ import annotations

from django.db import models


class SearchProgress(models.Model):
    """Up to which call the index goes; one row, and none while there is no index."""

    indexed_id = models.BigIntegerField(default=0)
    settled_id = models.BigIntegerField(default=0)  # no row up to it is still to be committed
    newest_id = models.BigIntegerField(default=0)  # as of looked_at: the next settled_id
    looked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "search progress"

    def __str__(self) -> str:
        return f"up to {self.indexed_id}"
