"""Tests of mcp_transport.models.worker."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from mcp_transport.models import Inbox, Worker
from mcp_transport.models.worker import SILENCE


def test_a_worker_is_shown_by_where_it_runs() -> None:
    assert str(Worker(hostname="web1", pid=42)) == "web1:42"


def test_a_message_is_shown_by_what_it_is_for() -> None:
    assert str(Inbox(kind=Inbox.Kind.CANCEL, worker="w1")) == "cancel for w1"


@pytest.mark.django_db
def test_a_worker_lives_until_it_ends_or_is_silent() -> None:
    now = timezone.now()

    def add(name: str, seen_at: datetime.datetime, ended_at: datetime.datetime | None) -> None:
        Worker.objects.create(
            id=name, hostname="a", pid=1, started_at=now, seen_at=seen_at, ended_at=ended_at
        )

    add("lives", now, None)
    add("silent", now - 2 * SILENCE, None)
    add("ended", now, now)
    assert [worker.pk for worker in Worker.objects.living()] == ["lives"]
