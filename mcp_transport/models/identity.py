"""Users as other authorization servers know them."""

from __future__ import annotations

from typing import Any

from django.conf import settings as django_settings
from django.db import models


class IdentityQuerySet(models.QuerySet["Identity"]):
    """Selections of identities."""

    def presented(self, issuer: str, subject: str) -> Identity | None:
        """Return the one that an issuer calls so, with its user."""
        return self.select_related("user").filter(issuer=issuer, subject=subject).first()


class Identity(models.Model):
    """
    Somebody whom an issuer calls by a subject, and who is a user of the site.

    Never found by a name or an e-mail address: those belong to whoever has them
    at that issuer, now.
    """

    issuer = models.CharField(
        max_length=255, help_text="As MCP_ISSUERS and the claim iss of the tokens have it."
    )
    subject = models.CharField(max_length=255, help_text="The claim sub of the tokens.")
    user: models.ForeignKey[Any, Any] = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mcp_identities"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    groups_at = models.DateTimeField(
        null=True, blank=True, editable=False
    )  # when the newest token was issued that said which groups the user is in

    objects = IdentityQuerySet.as_manager()

    class Meta:
        ordering = ("issuer", "subject")
        verbose_name_plural = "identities"
        constraints = (
            models.UniqueConstraint(fields=["issuer", "subject"], name="mcp_identity_is_one"),
        )

    def __str__(self) -> str:
        return f"{self.subject} of {self.issuer}"
