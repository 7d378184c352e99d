"""Tests of mcp_transport.models.session."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mcp_transport.models import Inbox, Server, Session, Stream
from mcp_transport.models.session import new_session_id


def test_an_id_has_256_bits_that_fit_a_header() -> None:
    ids = {new_session_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(i) == 43 and i.isascii() and i.isprintable() for i in ids)


@pytest.mark.django_db
def test_a_closed_session_keeps_its_first_reason(server: Server) -> None:
    session = Session.objects.create(server=server, owner="user:1", last_seen_at=timezone.now())
    assert Session.objects.all().close("expired") == 1
    assert Session.objects.all().close("another") == 0
    session.refresh_from_db()
    assert session.close_reason == "expired"
    assert session.closed_at is not None
    assert not Session.objects.open()


@pytest.mark.django_db
def test_who_works_for_a_session_that_is_closed_finds_it_in_the_inbox(server: Server) -> None:
    now = timezone.now()
    one, bound, other = (
        Session.objects.create(server=server, owner="user:1", last_seen_at=now, worker=worker)
        for worker in ("", "w3", "")
    )
    for session, worker, closed_at in [(one, "w1", None), (one, "w2", now), (other, "w4", None)]:
        Stream.objects.create(session=session, worker=worker, opened_at=now, closed_at=closed_at)
    Session.objects.filter(pk__in=[one.pk, bound.pk]).close("closed by an operator")
    rows = set(Inbox.objects.values_list("worker", "session", "kind"))
    assert rows == {("w1", one.pk, "close"), ("w3", bound.pk, "close")}
    assert Session.objects.filter(pk=one.pk).close("again") == 0
    assert Inbox.objects.count() == 2


def test_a_session_is_shown_without_its_whole_id() -> None:
    session = Session(client_name="inspector")
    assert session.pk not in str(session)
    assert str(session).startswith("inspector ")
    assert str(Session()).startswith("client ")
