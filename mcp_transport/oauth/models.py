"""Which clients registered themselves, and which of them users let in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings as django_settings
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from oauth2_provider.settings import oauth2_settings

from mcp_transport.conf import settings
from mcp_transport.models import Server, Session
from mcp_transport.models.rows_changed import rows_changed
from mcp_transport.models.token import USE_INTERVAL
from mcp_transport.models.token_value import digest
from mcp_transport.oauth.values import family_digest, new_code

CODE_LIFETIME = timedelta(seconds=60)
UNUSED_LIFETIME = timedelta(days=1)  # of a client that registered, and was never let in
RECORD_LIFETIME = timedelta(days=30)  # of a connection that has ended, for who looks back
SWEEP = 200  # rows that one request clears away for others


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Selections of clients that registered themselves."""

    def unused(self) -> RegistrationQuerySet:
        """Those that nobody let in."""
        return self.filter(client__mcp_connections=None)

    def sweep(self, lifetime: timedelta = UNUSED_LIFETIME) -> bool:
        """Delete some that were not used for so long, the oldest first; whether there were any."""
        past = timezone.now() - lifetime
        old = self.unused().filter(created_at__lte=past).order_by("created_at")
        client: Any = self.model._meta.get_field("client").related_model
        found = list(old.values_list("client", flat=True)[:SWEEP])
        client._default_manager.filter(pk__in=found).delete()
        return bool(found)


class Registration(models.Model):
    """How a client came to be known without an operator."""

    client = models.OneToOneField(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="mcp_registration",
    )
    address = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    document_expires_at = models.DateTimeField(
        null=True, blank=True, help_text="When the client's document is fetched again."
    )

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["address", "created_at"], name="mcp_oauth_by_address"),
            models.Index(fields=["created_at"], name="mcp_oauth_registered"),
        )

    def __str__(self) -> str:
        return str(self.client)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Selections of connections."""

    def live(self) -> ConnectionQuerySet:
        """Those with which a client can get in."""
        return self.filter(revoked_at=None, refresh_expires_at__gt=timezone.now())

    def approve(
        self,
        *,
        user: Any,
        client: Any,
        server: Server,
        resource: str,
        scopes: Sequence[str],
        redirect_uri: str,
        challenge: str,
    ) -> str:
        """Write down that a user lets a client in; the code, which is not to be had again."""
        self._sweep()
        code = new_code()
        self.create(
            user=user,
            client=client,
            server=server,
            resource=resource,
            scopes=list(scopes),
            redirect_uri=redirect_uri,
            code_digest=digest(code),
            code_challenge=challenge,
            code_expires_at=timezone.now() + CODE_LIFETIME,
        )
        return code

    def of_code(self, code: str) -> Connection | None:
        """The connection of a code, whether that is good or not."""
        return self.select_related("user", "client").filter(code_digest=digest(code)).first()

    def of_family(self, refresh_token: str) -> Connection | None:
        """The connection of a refresh token, whether that is its newest or not."""
        found = self.select_related("user", "client")
        return found.filter(family_digest=family_digest(refresh_token)).first()

    def revoke(self, reason: str) -> int:
        """
        Let these clients in no more, and end their sessions; how many that changed.

        What worker processes hold open for them ends as soon as they hear of it.
        """
        ended = list(self.filter(revoked_at=None))
        with transaction.atomic(using=self.db):
            count = self.model._base_manager.filter(
                pk__in=[row.pk for row in ended], revoked_at=None
            ).update(revoked_at=timezone.now(), revoked_because=reason)
            for row in ended:
                row.close_sessions()
            rows_changed.send(self.model, using=self.db)
        return count

    def forget_ended(self) -> int:
        """Delete every connection with which nobody can get in; how many that were."""
        now = timezone.now()
        over = Q(code_expires_at__lte=now) & (
            ~Q(revoked_at=None) | Q(refresh_expires_at=None) | Q(refresh_expires_at__lte=now)
        )
        return self.filter(over).delete()[0]

    def _sweep(self) -> None:
        now = timezone.now()
        never_used = Q(redeemed_at=None, code_expires_at__lte=now - UNUSED_LIFETIME)
        past = now - RECORD_LIFETIME
        over = never_used | Q(revoked_at__lte=past) | Q(refresh_expires_at__lte=past)
        old = self.filter(over).values_list("pk", flat=True)
        self.model._base_manager.filter(pk__in=list(old[:SWEEP])).delete()


class Connection(models.Model):
    """
    One client that one user let in to one server: the consent, its code and its tokens.

    The row changes by single statements that name what they expect to find, so
    that of any number of requests with one code or refresh token one succeeds.
    """

    class Reason(models.TextChoices):
        """Why a client is let in no more."""

        USER = "user", "by the user"
        OPERATOR = "operator", "by an operator"
        CLIENT = "client", "by itself"
        CODE_REPLAYED = "code", "as its code was presented twice"
        REFRESH_REPLAYED = "refresh", "as a refresh token was presented twice"

    user = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="mcp_connections",
    )
    client = models.ForeignKey(
        oauth2_settings.APPLICATION_MODEL,
        on_delete=models.CASCADE,
        related_name="mcp_connections",
    )
    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="oauth_connections")
    resource = models.CharField(max_length=500)
    scopes = models.JSONField()
    redirect_uri = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_because = models.CharField(max_length=8, choices=Reason.choices, blank=True)

    code_digest = models.CharField(max_length=64, unique=True)
    code_challenge = models.CharField(max_length=43)
    code_expires_at = models.DateTimeField()
    redeemed_at = models.DateTimeField(null=True, blank=True)

    access_digest = models.CharField(max_length=64, blank=True)
    access_expires_at = models.DateTimeField(null=True, blank=True)
    family_digest = models.CharField(max_length=64, blank=True)
    refresh_digest = models.CharField(max_length=64, blank=True)
    refresh_expires_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        verbose_name = "connected application"
        constraints = (
            models.UniqueConstraint(
                fields=["access_digest"], condition=~Q(access_digest=""), name="mcp_oauth_access"
            ),
            models.UniqueConstraint(
                fields=["family_digest"], condition=~Q(family_digest=""), name="mcp_oauth_family"
            ),
        )

    def __str__(self) -> str:
        return f"{self.client} for {self.user}"

    @property
    def key(self) -> str:
        """
        What the client's sessions belong to.

        The same after it signed in again, for a wider scope: clients go on
        with the session that they have.
        """
        return f"user:{self.user_id}/client:{self.client_id}"

    @property
    def is_live(self) -> bool:
        """Whether the client can get in."""
        until = self.refresh_expires_at
        return self.revoked_at is None and until is not None and timezone.now() < until

    @property
    def is_code_good(self) -> bool:
        """Whether the code can be redeemed now, as far as this row knows."""
        is_new = self.redeemed_at is None and self.revoked_at is None
        return is_new and timezone.now() < self.code_expires_at

    def redeem(self, access_token: str, refresh_token: str) -> bool:
        """Exchange the code for tokens; False when somebody else has."""
        return self._exchange({"redeemed_at": None}, access_token, refresh_token)

    def rotate(self, before: str, access_token: str, refresh_token: str) -> bool:
        """Exchange the newest refresh token; False when that is another one by now."""
        return self._exchange({"refresh_digest": digest(before)}, access_token, refresh_token)

    def revoke(self, reason: str) -> bool:
        """Let the client in no more."""
        return bool(type(self).objects.filter(pk=self.pk).revoke(reason))

    def close_sessions(self) -> None:
        """End what the client has open there, unless another connection still lets it in."""
        same = {"user": self.user_id, "client": self.client_id, "server": self.server_id}
        if not type(self).objects.live().exclude(pk=self.pk).filter(**same).exists():
            sessions = Session.objects.filter(owner=self.key, server=self.server_id)
            sessions.close("connection revoked")

    @property
    def is_use_due(self) -> bool:
        """Whether a use that happens now is to be noted."""
        return self.last_used_at is None or self.last_used_at <= timezone.now() - USE_INTERVAL

    def note_use(self) -> None:
        """Note that the client is at work, unless another worker process just did."""
        now = timezone.now()
        is_due = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_INTERVAL)
        type(self).objects.filter(is_due, pk=self.pk).update(last_used_at=now)

    def _exchange(self, expected: dict[str, Any], access_token: str, refresh_token: str) -> bool:
        now = timezone.now()
        changed = {
            "redeemed_at": self.redeemed_at or now,
            "access_digest": digest(access_token),
            "access_expires_at": _later(now, settings.MCP_OAUTH_ACCESS_TOKEN_LIFETIME),
            "family_digest": family_digest(refresh_token),
            "refresh_digest": digest(refresh_token),
            "refresh_expires_at": _later(now, settings.MCP_OAUTH_REFRESH_TOKEN_LIFETIME),
        }
        rows = type(self).objects.filter(pk=self.pk, revoked_at=None, **expected)
        return bool(rows.update(**changed))


def _later(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)
