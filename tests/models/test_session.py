"""Tests of mcp_transport.models.session."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mcp_transport.models import Server, Session
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


def test_a_session_is_shown_without_its_whole_id() -> None:
    session = Session(client_name="inspector")
    assert session.pk not in str(session)
    assert str(session).startswith("inspector ")
    assert str(Session()).startswith("client ")
