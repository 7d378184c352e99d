"""Conversations of clients whose revision has them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Left
from django.utils import timezone

from mcp_transport.conf import settings as mcp_settings
from mcp_transport.models.rows_changed import rows_changed
from mcp_transport.models.server import Server
from mcp_transport.models.token import Token
from mcp_transport.models.worker import Inbox

HANDLE_LENGTH = 8
# A client that has not said that it is ready, which it has to (2025-11-25, basic/lifecycle,
# Initialization), most often left while it shook hands.
UNFINISHED = timedelta(minutes=5)
BY_AN_OPERATOR = "closed by an operator"  # why a session was ended, from wherever that was


def new_session_id() -> str:
    """Give 256 random bits as 43 characters that a header can carry."""
    return secrets.token_urlsafe(32)


class SessionQuerySet(models.QuerySet["Session"]):
    """Selections of sessions."""

    def open(self) -> SessionQuerySet:
        """Those that a client may go on with."""
        return self.filter(closed_at=None)

    def with_handle(self, handle: str) -> Session | None:
        """Return the session whose id begins so, if there is one and no other."""
        # SQLite's LIKE takes upper for lower case.
        found = [row for row in self.filter(pk__startswith=handle) if row.pk.startswith(handle)]
        return found[0] if len(found) == 1 else None

    def with_handles(self, handles: Iterable[str]) -> dict[str, Session]:
        """
        Return the sessions whose ids begin so, by what was asked; in one query.

        A handle has HANDLE_LENGTH characters at least. One of no session, or of
        several, is left out.
        """
        asked = set(handles)
        beginnings = {handle[:HANDLE_LENGTH] for handle in asked}
        rows: dict[str, list[Session]] = {}
        for row in self.annotate(beginning=Left("pk", HANDLE_LENGTH)).filter(
            beginning__in=beginnings
        ):
            rows.setdefault(row.handle, []).append(row)
        found = {
            handle: [r for r in rows.get(handle[:HANDLE_LENGTH], ()) if r.pk.startswith(handle)]
            for handle in asked
        }
        return {handle: fitting[0] for handle, fitting in found.items() if len(fitting) == 1}

    def idle(self) -> SessionQuerySet:
        """Those without a request for so long that they expire, unless a stream goes on."""
        return self.filter(_is_idle())

    def in_use(self) -> SessionQuerySet:
        """Those that are not idle."""
        return self.exclude(_is_idle())

    def close(self, reason: str) -> int:
        """
        End these sessions, and what runs in them; how many were open.

        The worker processes that work for them find it in their inboxes.
        """
        now = timezone.now()
        told = [
            Inbox(worker=worker, session=pk, kind=Inbox.Kind.CLOSE, created_at=now)
            for worker, pk in self.open()._held()
        ]
        count = self.open().update(closed_at=now, close_reason=reason)
        if count:
            Inbox.objects.using(self.db).bulk_create(told, batch_size=500)
            rows_changed.send(self.model, using=self.db)
        return count

    def _held(self) -> set[tuple[str, str]]:
        """The worker processes that hold a connection of a session, or a stream that goes on."""
        streaming = self.filter(streams__isnull=False, streams__closed_at=None)
        return {
            *self.exclude(worker="").values_list("worker", "pk"),
            *streaming.values_list("streams__worker", "pk"),
        }


def idle_limit(*, is_initialized: bool) -> timedelta:
    """How long a session lasts without a request."""
    limit = timedelta(seconds=mcp_settings.MCP_SESSION_IDLE_TIMEOUT)
    return limit if is_initialized else min(limit, UNFINISHED)


def _is_idle() -> Q:
    now = timezone.now()
    is_left = Q(is_initialized=False, last_seen_at__lt=now - idle_limit(is_initialized=False))
    return is_left | Q(last_seen_at__lt=now - idle_limit(is_initialized=True))


class Session(models.Model):
    """A conversation that begins with a handshake; only its owner finds it."""

    id = models.CharField(max_length=43, primary_key=True, default=new_session_id, editable=False)
    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="sessions")
    owner = models.CharField(max_length=200)  # Principal.key, which is no longer
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    token = models.ForeignKey(
        Token, on_delete=models.SET_NULL, null=True, blank=True, related_name="sessions"
    )
    revision = models.CharField(max_length=16)
    client_name = models.TextField(blank=True)
    client_version = models.TextField(blank=True)
    client_info = models.JSONField(default=dict, blank=True)
    client_capabilities = models.JSONField(default=dict, blank=True)
    is_initialized = models.BooleanField("initialized", default=False)
    log_level = models.CharField(max_length=16, blank=True)
    subscriptions = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField()
    transport = models.CharField(max_length=32, blank=True)
    worker = models.CharField(
        "held by", max_length=64, blank=True,
        help_text="The worker process with its connection; empty where any one serves it.",
    )  # fmt: skip
    listener = models.CharField(
        "listens at", max_length=64, blank=True,
        help_text="The worker process with its standalone stream, while it is open.",
    )  # fmt: skip
    has_listened = models.BooleanField(default=False)  # on a stream that has ended
    closed_at = models.DateTimeField(null=True, blank=True)
    close_reason = models.CharField(max_length=64, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes = (
            # Of all sessions that are kept few are open, so these stay small.
            models.Index(
                fields=["owner", "server"], condition=Q(closed_at=None), name="mcp_open_sessions"
            ),
            models.Index(
                fields=["last_seen_at"], condition=Q(closed_at=None), name="mcp_session_expiry"
            ),
            models.Index(fields=["closed_at"], name="mcp_session_closed"),
            models.Index(fields=["created_at", "id"], name="mcp_session_begun"),
            models.Index(
                fields=["worker"],
                condition=Q(closed_at=None) & ~Q(worker=""),
                name="mcp_bound_sessions",
            ),
        )

    def __str__(self) -> str:
        return f"{self.client_name or 'client'} {self.handle}"

    @property
    def handle(self) -> str:
        """The beginning of its id, for people and logs: the whole is half of a credential."""
        return self.pk[:HANDLE_LENGTH]
