"""A resource that follows a model."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models.signals import post_save
from django.dispatch import receiver

from mcp_transport import resource
from mcp_transport.changes import resource_updated


@resource("profile://{username}")
def profile(username: str) -> dict[str, str]:
    """Who a user is."""
    user = User.objects.get(username=username)
    return {"name": user.get_full_name()}


@receiver(post_save, sender=User)
def tell_readers(instance: User, using: str, **_signal: Any) -> None:
    """Tell those who have read a profile that it says something else."""
    resource_updated(f"profile://{instance.username}", using=using)
