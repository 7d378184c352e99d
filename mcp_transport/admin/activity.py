"""What the site's servers do and did: streams, events, calls and worker processes."""

from __future__ import annotations

from django.contrib import admin

from mcp_transport.admin.base import ReadOnlyAdmin
from mcp_transport.models import AuditCheckpoint, Call, Event, OperatorAction, Stream, Worker


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


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
    """The record of requests."""

    list_display = (
        "started_at",
        "server",
        "method",
        "entry",
        "outcome",
        "duration_us",
        "username",
        "client",
        "transport",
    )
    list_filter = ("outcome", "server", "method", "transport", "started_at")
    search_fields = ("entry", "username", "session", "trace_id")


@admin.register(AuditCheckpoint)
class AuditCheckpointAdmin(ReadOnlyAdmin):
    """What vouches for the record of requests; ``manage.py mcp audit verify`` reads it."""

    list_display = ("worker", "sequence", "created_at", "is_cut")
    list_filter = ("is_cut", "created_at")
    search_fields = ("worker",)


@admin.register(OperatorAction)
class OperatorActionAdmin(ReadOnlyAdmin):
    """What operators did, and what they were not allowed to."""

    list_display = (
        "acted_at",
        "username",
        "way",
        "action",
        "kind",
        "object_name",
        "outcome",
        "address",
    )
    list_filter = ("outcome", "action", "kind", "way")
    search_fields = ("=username", "=object_id", "=request_id", "object_name")


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """The processes that serve requests, and those that did."""

    list_display = ("id", "hostname", "pid", "started_at", "seen_at", "ended_at")
