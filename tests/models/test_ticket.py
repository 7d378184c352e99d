"""Tests of mcp_transport.models.ticket."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from mcp_transport.models import Server, Ticket

PAGE = "https://shop.example"


def issued(server: Server, owner: User, **options: Any) -> str:
    values: dict[str, Any] = {"credential": {}, "origin": PAGE, "token_id": None, **options}
    return Ticket.objects.issue(server_id=server.pk, user=owner, **values)


def test_a_ticket_opens_once(server: Server, owner: User) -> None:
    value = issued(server, owner)
    ticket = Ticket.objects.burn(value, server_id=server.pk, origin=PAGE)
    assert ticket is not None
    assert ticket.user == owner
    assert Ticket.objects.burn(value, server_id=server.pk, origin=PAGE) is None


def test_a_ticket_that_is_shown_elsewhere_is_burnt(server: Server, owner: User) -> None:
    places: tuple[dict[str, Any], ...] = (
        {"server_id": server.pk, "origin": "https://evil.example"},
        {"server_id": server.pk, "origin": ""},
        {"server_id": server.pk + 1, "origin": PAGE},
    )
    for place in places:
        value = issued(server, owner)
        assert Ticket.objects.burn(value, **place) is None
        assert Ticket.objects.burn(value, server_id=server.pk, origin=PAGE) is None


def test_a_ticket_opens_nothing_when_its_time_is_over(server: Server, owner: User) -> None:
    value = issued(server, owner)
    Ticket.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Ticket.objects.burn(value, server_id=server.pk, origin=PAGE) is None


def test_a_ticket_of_an_inactive_user_opens_nothing(server: Server, owner: User) -> None:
    value = issued(server, owner)
    User.objects.update(is_active=False)
    assert Ticket.objects.burn(value, server_id=server.pk, origin=PAGE) is None


def test_a_value_is_not_kept(server: Server, owner: User) -> None:
    value = issued(server, owner)
    assert value not in str(Ticket.objects.values().get())
    assert str(Ticket.objects.get()) == "ticket of ada"
