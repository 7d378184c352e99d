"""Models without a table: each gives a page of the admin its place and its permission."""

from __future__ import annotations

from django.db import models


class Overview(models.Model):
    """How the site's servers are; ``view_overview`` lets a person see it."""

    class Meta:
        managed = False
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "overview"

    def __str__(self) -> str:
        return "overview"
