"""Tests of mcp_transport.models.worker."""

from __future__ import annotations

from mcp_transport.models import Inbox, Worker


def test_a_worker_is_shown_by_where_it_runs() -> None:
    assert str(Worker(hostname="web1", pid=42)) == "web1:42"


def test_a_message_is_shown_by_what_it_is_for() -> None:
    assert str(Inbox(kind=Inbox.Kind.CANCEL, worker="w1")) == "cancel for w1"
