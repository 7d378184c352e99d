"""Tests of mcp_transport.admin.servers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import EntryOverride, Event, Server, Session, Stream
from mcp_transport.models.server import Transport
from mcp_transport.protocol.revisions import SUPPORTED

FORM: dict[str, Any] = {
    "slug": "shop",
    "title": "Shop",
    "is_enabled": "on",
    "access": "token",
    "offers": ["good"],
    "revisions": SUPPORTED,
    "transports": Transport.values,
}
ADD = "admin:mcp_transport_server_add"
CHANGE = "admin:mcp_transport_server_change"


def test_a_new_server_is_proposed_to_offer_everything_everywhere(operator: Client) -> None:
    form = operator.get(reverse(ADD)).context["adminform"].form
    assert form["offers"].value() == ["*"]
    assert form["revisions"].value() == list(SUPPORTED)
    assert form["transports"].value() == Transport.values


def test_a_server_is_made_in_a_form_and_its_page_follows(operator: Client) -> None:
    answer = operator.post(reverse(ADD), {**FORM, "allowed_origins": "https://a.example\n"})
    row = Server.objects.get(slug="shop")
    assert answer.headers["Location"] == reverse("admin:mcp_server", args=[row.pk])
    assert (row.offers, row.allowed_origins) == (["good"], ["https://a.example"])
    assert (row.revisions, row.transports) == ([], [])  # every one, also of a later release
    assert b"was added" in operator.get(answer.headers["Location"]).content


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"slug": "health"}, "is reserved"),
        ({"slug": "_x"}, "is reserved"),
        ({"slug": "main"}, "already exists"),
        ({"slug": "a b"}, "valid"),
        ({"access": "permission"}, "needs the name of one"),
        ({"access": "permission", "permission": "nothing"}, "is not a permission"),
        ({"is_default": "on"}, "Main is the default server already"),
        ({"allowed_origins": "app.example"}, "is no origin"),
        ({"offers": ["nothing_of_that_name"]}, "Select a valid choice"),
        ({"offers": []}, "This field is required"),
        ({"revisions": []}, "This field is required"),
        ({"revisions": ["1999-01-01"]}, "Select a valid choice"),
        ({"transports": ["pigeon"]}, "Select a valid choice"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_saved(
    operator: Client, server: Server, fields: dict[str, Any], said: str
) -> None:
    Server.objects.update(is_default=True)
    answer = operator.post(reverse(ADD), {**FORM, **fields})
    assert answer.status_code == 200
    form = answer.context["adminform"].form
    assert said in str(form.errors)
    assert "__all__" not in form.errors
    assert Server.objects.count() == 1


@pytest.mark.parametrize(
    ("offers", "kept"),
    [
        (["*", "good", "good:repeat"], ["*"]),
        (["good", "good:repeat", "texts:a"], ["good", "texts:a"]),
        (["good:repeat"], ["good:repeat"]),
    ],
)
def test_what_a_larger_choice_holds_is_not_named(
    operator: Client, server: Server, offers: list[str], kept: list[str]
) -> None:
    Server.objects.update(offers=["texts:a"])  # which the site does not have any more
    operator.post(reverse(CHANGE, args=[server.pk]), {**FORM, "slug": "main", "offers": offers})
    server.refresh_from_db()
    assert server.offers == kept


def test_what_is_not_installed_stays_a_choice(operator: Client, server: Server) -> None:
    Server.objects.update(offers=["gone", "good:repeat"])
    page = operator.get(reverse(CHANGE, args=[server.pk])).content.decode()
    assert "Not installed now" in page
    assert page.count('value="gone" checked') + page.count('value="gone" id="') >= 1
    operator.post(reverse(CHANGE, args=[server.pk]), {**FORM, "slug": "main", "offers": ["gone"]})
    server.refresh_from_db()
    assert server.offers == ["gone"]


def test_the_form_is_one_of_the_server_s_tabs(operator: Client, server: Server) -> None:
    page = operator.get(reverse(CHANGE, args=[server.pk])).content.decode()
    assert 'aria-current="page">Settings' in page
    assert (
        "every one"
        in operator.get(reverse("admin:mcp_transport_server_changelist")).content.decode()
    )


def test_a_change_says_who_was_told(operator: Client, server: Server) -> None:
    answer = operator.post(reverse(CHANGE, args=[server.pk]), {**FORM, "slug": "main"}, follow=True)
    assert b"was changed" in answer.content


def test_a_server_is_deleted_with_its_sessions(operator: Client, server: Server) -> None:
    now = timezone.now()
    session = Session.objects.create(server=server, owner="user:1", last_seen_at=now)
    stream = Stream.objects.create(session=session, worker="w", opened_at=now)
    Event.objects.create(stream=stream, sequence=1, data="{}", created_at=now)
    EntryOverride.objects.create(server=server, name="pay")
    operator.post(reverse("admin:mcp_transport_server_delete", args=[server.pk]), {"post": "yes"})
    assert not Server.objects.exists()
    assert not Event.objects.exists()


def test_a_server_with_many_sessions_is_deleted_from_a_page_of_a_few(
    operator: Client, server: Server
) -> None:
    now = timezone.now()
    Session.objects.bulk_create(
        Session(server=server, owner="x", last_seen_at=now) for _ in range(100)
    )
    page = reverse("admin:mcp_transport_server_delete", args=[server.pk])
    shown = operator.get(page).content.decode()
    assert "Sessions: 100" in shown
    assert "more</li>" in shown
    assert shown.count("Session: ") < 25
    assert operator.post(page, {"post": "yes"}).status_code == 302
    assert not Session.objects.exists()
