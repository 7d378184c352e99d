"""Tests of mcp_transport.admin.servers."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import Event, Server, Session, Stream

FORM = {
    "slug": "shop",
    "title": "Shop",
    "is_enabled": "on",
    "access": "token",
    "offers": '["*"]',
    "overrides-TOTAL_FORMS": "1",
    "overrides-INITIAL_FORMS": "0",
    "overrides-0-kind": "tool",
    "overrides-0-name": "pay",
    "overrides-0-is_enabled": "",
}
ADD = "admin:mcp_transport_server_add"


def test_a_server_is_made_with_its_overrides(operator: Client) -> None:
    answer = operator.post(reverse(ADD), FORM)
    assert answer.status_code == 302
    override = Server.objects.get(slug="shop").overrides.get()
    assert (override.name, override.is_enabled, override.is_read_only) == ("pay", False, None)


def test_a_reserved_slug_is_refused_in_the_form(operator: Client) -> None:
    answer = operator.post(reverse(ADD), {**FORM, "slug": "health"})
    assert b"is reserved" in answer.content
    assert not Server.objects.exists()


def test_a_server_is_deleted_with_its_sessions(operator: Client, server: Server) -> None:
    now = timezone.now()
    session = Session.objects.create(server=server, owner="user:1", last_seen_at=now)
    stream = Stream.objects.create(session=session, worker="w", opened_at=now)
    Event.objects.create(stream=stream, sequence=1, data="{}", created_at=now)
    operator.post(reverse("admin:mcp_transport_server_delete", args=[server.pk]), {"post": "yes"})
    assert not Server.objects.exists()
    assert not Event.objects.exists()
