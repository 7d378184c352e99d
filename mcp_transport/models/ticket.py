"""Tickets that stand for credentials where a client cannot send them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings as django_settings
from django.db import models
from django.utils import timezone

from mcp_transport.conf import settings
from mcp_transport.models.server import Server
from mcp_transport.models.token import Token


def digest_of(value: str) -> str:
    """What is kept of a ticket's value."""
    return sha256(value.encode()).hexdigest()


class TicketQuerySet(models.QuerySet["Ticket"]):
    """Selections of tickets."""

    def issue(
        self, *, server_id: int, user: Any, token_id: int | None, credential: Any, origin: str
    ) -> str:
        """Make a ticket; its value, which is not to be had again."""
        value = secrets.token_urlsafe(32)
        self.create(
            digest=digest_of(value),
            server_id=server_id,
            user=user,
            token_id=token_id,
            credential=credential,
            origin=origin,
            expires_at=timezone.now() + timedelta(seconds=settings.MCP_TICKET_LIFETIME),
        )
        return value

    def burn(self, value: str, *, server_id: int, origin: str) -> Ticket | None:
        """
        The ticket with this value, once: whoever comes second finds none.

        A ticket that is shown at the wrong place is burnt all the same.
        """
        found = self.select_related("user").filter(digest=digest_of(value)).first()
        # The DELETE decides: of two that come with the same ticket one has deleted it.
        if found is None or not self.filter(pk=found.pk).delete()[0]:
            return None
        is_good = found.expires_at > timezone.now() and found.user.is_active
        is_here = found.server_id == server_id and found.origin == origin
        return found if is_good and is_here else None


class Ticket(models.Model):
    """One opening of one WebSocket by one user; the row goes when it is used."""

    digest = models.CharField(max_length=64, unique=True, editable=False)
    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+"
    )
    token = models.ForeignKey(
        Token, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    credential = models.JSONField(default=dict)  # what the user's credential covers
    origin = models.CharField(max_length=300, blank=True)  # empty: no browser
    expires_at = models.DateTimeField()

    objects = TicketQuerySet.as_manager()

    class Meta:
        ordering = ("-expires_at",)
        indexes = (models.Index(fields=["expires_at"], name="mcp_ticket_expiry"),)

    def __str__(self) -> str:
        return f"ticket of {self.user}"
