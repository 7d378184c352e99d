"""Tokens that a client sends with every request."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from mcp_transport.conf import settings
from mcp_transport.models.rows_changed import rows_changed
from mcp_transport.models.server import Server
from mcp_transport.models.token_value import HINT_LENGTH, digest, new_value

# For the operators' API; a token has it only if it was asked for.
OPERATOR_SCOPE = "operator"
SCOPES = ("tools", "tools:read", "resources", "prompts", OPERATOR_SCOPE)
TOOL_SCOPE = "tool:"
USE_INTERVAL = timedelta(minutes=1)  # how exactly last_used_at is kept


class Expiry(Enum):
    """What issue() is given instead of a time; None means never."""

    BY_SETTINGS = auto()


def validate_scopes(scopes: object) -> None:
    """Refuse a scope that would never cover anything."""
    if not isinstance(scopes, list) or not all(is_scope(scope) for scope in scopes):
        raise ValidationError(
            f"Scopes are a list of {', '.join(SCOPES)} and {TOOL_SCOPE}<name>, not {scopes!r};"
            " an empty list covers everything.",
            code="unknown",
        )


def is_scope(scope: object) -> bool:
    """Whether a scope is one of the vocabulary."""
    if not isinstance(scope, str):
        return False
    return scope in SCOPES or (scope.startswith(TOOL_SCOPE) and scope != TOOL_SCOPE)


def default_expiry() -> datetime | None:
    """When a token that is issued now expires, by the site's settings."""
    days = settings.MCP_TOKEN_LIFETIME_DAYS
    return None if days is None else timezone.now() + timedelta(days=days)


class TokenQuerySet(models.QuerySet["Token"]):
    """Selections of tokens."""

    def usable(self) -> TokenQuerySet:
        """Those that are accepted now."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        return self.filter(unexpired, revoked_at=None, owner__is_active=True)

    def presented(self, value_digest: str) -> Token | None:
        """Return the usable token whose value has this digest, with its owner."""
        return self.usable().select_related("owner").filter(digest=value_digest).first()

    def for_none_but(self, servers: Iterable[int]) -> TokenQuerySet:
        """Return those that were issued for single servers, all of them among these keys."""
        links = self.model.servers.through._base_manager.using(self.db).filter(token=OuterRef("pk"))
        these = Q(server__in=set(servers))
        return self.filter(Exists(links.filter(these)), ~Exists(links.exclude(these)))

    def revoke(self) -> int:
        """
        Refuse these tokens from now on, and end their sessions; how many that changed.

        What worker processes hold open for them ends as soon as they hear of it.
        """
        keys = list(self.filter(revoked_at=None).values_list("pk", flat=True))
        with transaction.atomic(using=self.db):
            count = self.model._base_manager.filter(pk__in=keys, revoked_at=None).update(
                revoked_at=timezone.now()
            )
            sessions: Any = self.model._meta.get_field("sessions").related_model
            sessions._default_manager.filter(token__in=keys).close("token revoked")
            rows_changed.send(self.model, using=self.db)
        return count

    def issue(
        self,
        *,
        owner: Any,
        name: str,
        servers: Iterable[Server] = (),
        scopes: Iterable[str] = (),
        expires_at: datetime | Expiry | None = Expiry.BY_SETTINGS,
    ) -> tuple[Token, str]:
        """
        Make a token; the row and the value, which is not to be had again.

        Without servers it is good for every server that its owner may use,
        without scopes for everything there.
        """
        token = self.model(owner=owner, name=name, scopes=list(scopes))
        token.expires_at = default_expiry() if isinstance(expires_at, Expiry) else expires_at
        value = token.renew()
        token.full_clean()
        with transaction.atomic(using=self.db):
            token.save(using=self.db, force_insert=True)
            token.servers.set(servers)
        return token, value


class Token(models.Model):
    """A credential of one user, kept only as a digest."""

    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(max_length=HINT_LENGTH, editable=False)
    owner = models.ForeignKey(
        django_settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mcp_tokens"
    )
    servers = models.ManyToManyField(
        Server, blank=True, related_name="tokens", help_text="None: every server of the owner."
    )
    scopes = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_scopes],
        help_text='A list of "tools", "tools:read", "resources", "prompts", "tool:<name>", or "operator"'
        " for the operators' API; empty: every entry.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    successor = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="predecessors",
    )

    objects = TokenQuerySet.as_manager()

    # On the instance that a form has just made: what the answer shows, once.
    issued_value = ""

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    def renew(self) -> str:
        """Give the token a new value, which is returned and not kept; saves nothing."""
        value = new_value()
        self.digest, self.hint = digest(value), value[:HINT_LENGTH]
        return value

    def rotate(self, *, overlap: timedelta) -> tuple[Token, str]:
        """
        Issue a token of the same kind; the row and its value, which is not to be had again.

        This one is accepted for ``overlap`` longer, so that its clients can change.
        """
        using = self._state.db
        with transaction.atomic(using=using):
            token, value = Token.objects.using(using).issue(
                owner=self.owner, name=self.name, servers=self.servers.all(), scopes=self.scopes
            )
            until = timezone.now() + overlap
            self.expires_at = until if self.expires_at is None else min(until, self.expires_at)
            self.successor = token
            self.save(update_fields=["expires_at", "successor"], using=using)
        return token, value

    @property
    def is_use_due(self) -> bool:
        """Whether a use that happens now is to be noted."""
        return self.last_used_at is None or self.last_used_at <= timezone.now() - USE_INTERVAL

    def note_use(self) -> None:
        """Note that the token is in use, unless another worker process just did."""
        now = timezone.now()
        is_due = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_INTERVAL)
        if self.is_use_due:
            type(self).objects.filter(is_due, pk=self.pk).update(last_used_at=now)

    @property
    def is_usable(self) -> bool:
        """Whether the token itself is accepted now; its owner has to be active, too."""
        is_expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not is_expired
