"""Tests of mcp_transport.worker.cleanup."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from mcp_transport.models import Announcement, Event, Inbox, Server, Session, Stream, Ticket, Worker
from mcp_transport.worker import cleanup

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def lifetimes(settings: Settings) -> None:
    """Limits that the tests below count by."""
    settings.MCP_SESSION_IDLE_TIMEOUT = 600.0
    settings.MCP_EVENT_LIFETIME = 600.0
    settings.MCP_ANSWER_TIMEOUT = 600.0


def ago(minutes: float) -> datetime:
    """A time in the past."""
    return timezone.now() - timedelta(minutes=minutes)


def a_session(
    server: Server, *, seen: float = 0, closed: float | None = None, is_initialized: bool = True
) -> Session:
    """A session last seen, and closed, so many minutes ago."""
    return Session.objects.create(
        server=server,
        owner="user:1",
        is_initialized=is_initialized,
        last_seen_at=ago(seen),
        closed_at=None if closed is None else ago(closed),
    )


def a_stream(session: Session, *, worker: str = "w", closed: float | None = None) -> Stream:
    """A stream with an event, closed so many minutes ago."""
    closed_at = None if closed is None else ago(closed)
    stream = Stream.objects.create(
        session=session, worker=worker, opened_at=ago(60), closed_at=closed_at
    )
    Event.objects.create(stream=stream, sequence=1, data="{}", created_at=ago(60))
    return stream


def test_a_session_that_was_idle_for_too_long_expires(server: Server) -> None:
    idle, busy = a_session(server, seen=11), a_session(server, seen=9)
    assert cleanup.expire_sessions() == 1
    assert list(Session.objects.open()) == [busy]
    idle.refresh_from_db()
    assert idle.close_reason == "expired"


def test_a_handshake_that_was_cut_leaves_no_session_for_long(
    server: Server, settings: Settings
) -> None:
    left = a_session(server, seen=6, is_initialized=False)
    greeted = a_session(server, seen=4, is_initialized=False)
    a_session(server, seen=6)
    assert cleanup.expire_sessions() == 1
    left.refresh_from_db()
    assert left.close_reason == "expired"
    settings.MCP_SESSION_IDLE_TIMEOUT = 60.0  # which holds for all of them
    assert cleanup.expire_sessions() == 2
    greeted.refresh_from_db()
    assert greeted.closed_at is not None


def test_a_session_with_an_open_stream_does_not_expire(server: Server) -> None:
    a_stream(a_session(server, seen=11))
    a_stream(a_session(server, seen=11), closed=5)
    assert cleanup.expire_sessions() == 1


def test_a_closed_session_goes_when_its_events_cannot_be_replayed(server: Server) -> None:
    a_stream(a_session(server, closed=11), closed=11)
    kept = a_stream(a_session(server, closed=9), closed=9)
    assert cleanup.delete_closed_sessions() == 1
    assert list(Session.objects.all()) == [kept.session]
    assert Event.objects.get().stream == kept


def test_an_ended_stream_goes_and_its_session_stays(server: Server) -> None:
    session = a_session(server)
    a_stream(session, closed=11)
    kept = {a_stream(session, closed=9), a_stream(session)}
    assert cleanup.delete_ended_streams() == 1
    assert set(session.streams.all()) == kept
    assert Event.objects.count() == 2


def test_a_message_for_a_request_that_waits_no_more_goes() -> None:
    for minutes in (11, 9):
        Inbox.objects.create(worker="w", kind="answer", created_at=ago(minutes))
    assert cleanup.delete_stale_inbox() == 1
    assert Inbox.objects.count() == 1


def test_a_worker_goes_when_it_is_gone_and_nothing_of_it_is_left(server: Server) -> None:
    day = 25 * 60
    for name, seen, ended in [
        ("ended", day, day),
        ("lost", day, None),
        ("lost with a stream", day, None),
        ("just ended", 5, 5),
        ("alive", 0, None),
    ]:
        ended_at = None if ended is None else ago(ended)
        Worker.objects.create(
            id=name, hostname="h", pid=1, started_at=ago(day), seen_at=ago(seen), ended_at=ended_at
        )
    a_stream(a_session(server), worker="lost with a stream")
    assert cleanup.delete_ended_workers() == 2
    assert set(Worker.objects.values_list("pk", flat=True)) == {
        "lost with a stream",
        "just ended",
        "alive",
    }


def test_more_rows_than_a_batch_are_deleted(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 2)
    for _ in range(5):
        a_session(server, closed=11)
    assert cleanup.delete_closed_sessions() == 5


def test_cleaning_does_all_of_it(server: Server) -> None:
    a_session(server, seen=11)
    a_stream(a_session(server), closed=11)
    assert cleanup.clean() == {
        "sessions expired": 1,
        "closed sessions deleted": 0,
        "ended streams deleted": 1,
        "expired tasks deleted": 0,
        "inbox messages deleted": 0,
        "interrupted records sealed": 0,
        "old calls deleted": 0,
        "records of operators sealed": 0,
        "old operators' actions deleted": 0,
        "old sums deleted": 0,
        "workers deleted": 0,
        "tickets deleted": 0,
        "announcements deleted": 0,
    }


def test_tickets_that_were_never_used_go(server: Server, owner: User) -> None:
    for lifetime in (timedelta(seconds=-1), timedelta(seconds=30)):
        Ticket.objects.create(
            digest=str(lifetime), server=server, user=owner, expires_at=timezone.now() + lifetime
        )
    assert cleanup.delete_expired_tickets() == 1
    assert Ticket.objects.count() == 1


def test_what_was_said_of_old_changes_is_deleted(server: Server) -> None:
    old, new = (Announcement.objects.create(server=server) for _ in range(2))
    since = timezone.now() - timedelta(hours=2)
    Announcement.objects.filter(pk=old.pk).update(created_at=since)
    assert cleanup.delete_old_announcements() == 1
    assert Announcement.objects.get() == new
