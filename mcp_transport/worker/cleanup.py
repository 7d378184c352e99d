"""
Removal of rows that nobody can ask for any more.

Every function works in batches, so that no transaction holds the table for
long, and returns how many rows it removed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from mcp_transport.audit import rollups
from mcp_transport.audit.retention import (
    delete_old_actions,
    delete_old_calls,
    seal_dead_chains,
    seal_operators_actions,
)
from mcp_transport.conf import settings
from mcp_transport.models import Announcement, Inbox, Session, Stream, Task, Ticket, Worker

BATCH = 500
# A worker process that was not seen for so long will not come back.
WORKER_LIFETIME = timedelta(days=1)
ANNOUNCEMENT_LIFETIME = timedelta(hours=1)


def clean() -> dict[str, int]:
    """Do everything below; what was done, in words, and how often."""
    return {
        "sessions expired": expire_sessions(),
        "closed sessions deleted": delete_closed_sessions(),
        "ended streams deleted": delete_ended_streams(),
        "expired tasks deleted": delete_expired_tasks(),
        "inbox messages deleted": delete_stale_inbox(),
        "interrupted records sealed": seal_dead_chains(),
        "old calls deleted": delete_old_calls(),
        "records of operators sealed": seal_operators_actions(),
        "old operators' actions deleted": delete_old_actions(),
        "old sums deleted": delete_old_rollups(),
        "workers deleted": delete_ended_workers(),
        "tickets deleted": delete_expired_tickets(),
        "announcements deleted": delete_old_announcements(),
    }


def expire_sessions() -> int:
    """Close sessions that have been idle for too long and have no stream."""
    # A client that listens is there, however long it says nothing.
    has_stream = Exists(Stream.objects.filter(session=OuterRef("pk"), closed_at=None))
    return Session.objects.filter(~has_stream).idle().close("expired")


def delete_closed_sessions() -> int:
    """Delete sessions, their streams and events when these cannot be replayed any more."""
    return delete_in_batches(Session.objects.filter(closed_at__lt=replayable_since()))


def delete_ended_streams() -> int:
    """Delete streams and their events when these cannot be replayed any more."""
    return delete_in_batches(Stream.objects.filter(closed_at__lt=replayable_since()))


def delete_expired_tasks() -> int:
    """Delete tasks, with their results, for which nobody can ask any more."""
    return delete_in_batches(Task.objects.filter(expires_at__lt=timezone.now()))


def delete_stale_inbox() -> int:
    """Delete messages for requests that have stopped waiting, or workers that have ended."""
    stale = timezone.now() - timedelta(seconds=settings.MCP_ANSWER_TIMEOUT)
    return delete_in_batches(Inbox.objects.filter(created_at__lt=stale))


def delete_old_rollups() -> int:
    """Delete sums over calls: minutes after two days, hours after 90, days after two years."""
    return sum(map(delete_in_batches, rollups.outdated()))


def delete_ended_workers() -> int:
    """Delete worker processes that are gone, once no stream of theirs is open."""
    gone_since = Now() - WORKER_LIFETIME  # by the clock that they were seen by
    has_stream = Exists(Stream.objects.filter(worker=OuterRef("pk"), closed_at=None))
    is_gone = Q(ended_at__lt=gone_since) | Q(ended_at=None, seen_at__lt=gone_since)
    return delete_in_batches(Worker.objects.filter(is_gone, ~has_stream))


def delete_expired_tickets() -> int:
    """Delete tickets that were never used and open nothing any more."""
    return delete_in_batches(Ticket.objects.filter(expires_at__lt=timezone.now()))


def delete_old_announcements() -> int:
    """Delete what worker processes said of changes: their operators have read it."""
    since = timezone.now() - ANNOUNCEMENT_LIFETIME
    return delete_in_batches(Announcement.objects.filter(created_at__lt=since))


def replayable_since() -> Any:
    """The time at which a stream may have ended and still be replayed."""
    return timezone.now() - timedelta(seconds=settings.MCP_EVENT_LIFETIME)


def delete_in_batches(rows: QuerySet[Any]) -> int:
    """Delete rows and what hangs on them; counts the rows alone."""
    count = 0
    keys = rows.order_by("pk").values_list("pk", flat=True)
    while batch := list(keys[:BATCH]):
        # By key, for a slice cannot be deleted; each batch is a transaction of its own.
        rows.model._base_manager.filter(pk__in=batch).delete()
        count += len(batch)
    return count
