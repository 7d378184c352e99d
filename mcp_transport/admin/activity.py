"""What the site's servers do and did: streams, events and worker processes."""

from __future__ import annotations

from django.contrib import admin

from mcp_transport.admin.base import ReadOnlyAdmin
from mcp_transport.models import AuditCheckpoint, Event, Stream, Worker


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    """Response streams of sessions."""

    list_display = ("id", "session", "method", "entry", "worker", "opened_at", "closed_at")
    list_filter = ("method", "opened_at")
    list_select_related = ("session",)
    search_fields = ("id", "entry", "worker")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """The log of what was sent on streams."""

    list_display = ("__str__", "created_at")
    list_select_related = ("stream",)
    search_fields = ("=stream__id",)
    ordering = ("-id",)


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(ReadOnlyAdmin):
    """What vouches for the record of requests; ``manage.py mcp audit verify`` reads it."""

    list_display = ("worker", "sequence", "created_at", "is_cut")
    list_filter = ("is_cut", "created_at")
    search_fields = ("worker",)


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """The processes that serve requests, and those that did."""

    list_display = ("id", "hostname", "pid", "started_at", "seen_at", "ended_at")
