"""Sessions, and the end of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from mcp_transport.admin.base import USERNAME, ReadOnlyAdmin
from mcp_transport.models import Session


class OpenFilter(admin.SimpleListFilter):
    """Open sessions, or those that have ended."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be chosen."""
        return [("open", "Open"), ("closed", "Closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of the choice."""
        if self.value() in {"open", "closed"}:
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Who is, or was, in conversation with which server."""

    list_display = (
        "__str__",
        "server",
        "user",
        "revision",
        "transport",
        "created_at",
        "last_seen_at",
        "closed_at",
        "close_reason",
    )
    list_filter = (OpenFilter, "server", "revision", "transport")
    list_select_related = ("server", "user")
    search_fields = ("client_name", "owner", f"user__{USERNAME}")
    actions = ("close_sessions",)

    @admin.action(description="Close selected sessions", permissions=["close"])
    def close_sessions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """End the selected sessions; their clients have to begin anew."""
        sessions = Session.objects.filter(pk__in=queryset).open()
        self.record_each(request, "close", [(session, {}) for session in sessions])
        count = sessions.close("closed by an operator")
        self.message_user(request, f"{count} session(s) closed.", messages.SUCCESS)

    def has_close_permission(self, request: HttpRequest) -> bool:
        """Whoever has Django's permission to change sessions may close them."""
        return request.user.has_perm("mcp_transport.change_session")
