"""Tests of mcp_transport.admin.sessions."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import Server, Session

CHANGELIST = "admin:mcp_transport_session_changelist"


@pytest.fixture
def session(server: Server) -> Session:
    """An open session."""
    return Session.objects.create(server=server, owner="user:1", last_seen_at=timezone.now())


def close(client: Client, session: Session) -> None:
    """Choose the action for one session."""
    selected = {"action": "close_sessions", "_selected_action": session.pk}
    client.post(reverse(CHANGELIST), selected)
    session.refresh_from_db()


def test_an_operator_closes_a_session(operator: Client, session: Session) -> None:
    close(operator, session)
    assert session.close_reason == "closed by an operator"


@pytest.mark.parametrize(
    ("codename", "closes"), [("view_session", False), ("change_session", True)]
)
def test_only_whoever_may_change_sessions_closes_them(
    session: Session, codename: str, closes: bool
) -> None:
    clerk = User.objects.create_user("clerk", is_staff=True)
    names = {"view_session", codename}
    clerk.user_permissions.set(Permission.objects.filter(codename__in=names))
    client = Client()
    client.force_login(clerk)
    close(client, session)
    assert (session.closed_at is not None) is closes


def test_sessions_are_filtered_by_whether_they_are_open(operator: Client, session: Session) -> None:
    shown = {
        state: b"1 session" in operator.get(reverse(CHANGELIST), {"state": state}).content
        for state in ("open", "closed")
    }
    assert shown == {"open": True, "closed": False}
