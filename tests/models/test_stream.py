"""Tests of mcp_transport.models.stream."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.utils import timezone

from mcp_transport.models import Event, Server, Session, Stream
from mcp_transport.models.stream import new_stream_id


def test_an_id_has_128_bits() -> None:
    assert len(new_stream_id()) == 22
    assert new_stream_id() != new_stream_id()


@pytest.mark.django_db
def test_a_place_on_a_stream_is_taken_once(server: Server) -> None:
    now = timezone.now()
    session = Session.objects.create(server=server, owner="user:1", last_seen_at=now)
    stream = Stream.objects.create(session=session, worker="w", opened_at=now)
    event = Event.objects.create(stream=stream, sequence=1, data="{}", created_at=now)
    assert str(event) == f"{stream.pk}.1"
    with pytest.raises(IntegrityError):
        Event.objects.create(stream=stream, sequence=1, data="{}", created_at=now)


def test_a_stream_is_shown_by_what_it_answers() -> None:
    assert str(Stream(id="abc", method="tools/call")) == "tools/call abc"
    assert str(Stream(id="abc")) == "stream abc"
