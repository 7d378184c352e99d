"""Servers and their overrides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from mcp_transport.admin.base import RecordedAdmin, TabularInline
from mcp_transport.models import EntryOverride, Event, Server, Session, Stream

# What goes with a server although nobody may delete it by itself.
DEPENDENTS = {str(model._meta.verbose_name) for model in (Session, Stream, Event)}


class EntryOverrideInline(TabularInline):
    """What the server changes about single entries."""

    model = EntryOverride
    extra = 0


@admin.register(Server)
class ServerAdmin(RecordedAdmin):
    """Which entries are offered under which URL, and to whom."""

    list_display = ("slug", "title", "access", "is_enabled", "is_default", "updated_at")
    list_filter = ("access", "is_enabled")
    search_fields = ("slug", "title", "description")
    readonly_fields = ("created_at", "updated_at")
    inlines = (EntryOverrideInline,)
    fieldsets = (
        (None, {"fields": ("slug", "title", "description", "instructions")}),
        (
            "Access",
            {
                "fields": (
                    "is_enabled",
                    "is_default",
                    "access",
                    "permission",
                    "revisions",
                    "transports",
                    "allowed_origins",
                )
            },
        ),
        ("Entries", {"fields": ("offers",)}),
        (
            "Limits",
            {"fields": ("rate", "concurrency", "principal_rate", "principal_concurrency")},
        ),
        ("Times", {"fields": ("created_at", "updated_at")}),
    )

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> Any:
        """Let a server be deleted although its sessions are read-only pages."""
        objects, counts, permissions_needed, protected = super().get_deleted_objects(
            objs,  # type: ignore[arg-type] # the stubs want a sequence, Django iterates
            request,
        )
        return objects, counts, permissions_needed - DEPENDENTS, protected
