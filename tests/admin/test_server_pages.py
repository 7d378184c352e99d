"""Tests of mcp_transport.admin.server_pages, through the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import (
    Call,
    EntryOverride,
    OperatorAction,
    Server,
    Session,
    Stream,
    TextEntry,
    Token,
)
from mcp_transport.registry.building import build_prompt, build_tool
from mcp_transport.registry.registry import registry

TABS = ("mcp_server", "mcp_server_sessions", "mcp_server_access", "mcp_server_connect")


def page(client: Client, name: str, server: Server, **query: Any) -> str:
    """A page of a server, as text."""
    answer = client.get(reverse(f"admin:{name}", args=[server.pk]), query)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


@pytest.fixture
def shop(server: Server) -> Server:
    """A server with the entries of the tests' own app."""
    server.offers = ["good"]
    server.save()
    return server


@pytest.mark.parametrize("name", TABS)
def test_every_tab_names_the_server_its_state_and_its_address(
    operator: Client, shop: Server, name: str
) -> None:
    text = page(operator, name, shop)
    assert "Serving" in text
    assert "http://testserver/mcp/main" in text
    assert text.count('aria-current="page"') >= 1


def test_entries_are_filtered_by_name_kind_and_state(operator: Client, shop: Server) -> None:
    EntryOverride.objects.create(server=shop, kind="tool", name="repeat", is_enabled=False)
    assert ">repeat</a>" in page(operator, "mcp_server", shop, q="REPEAT")
    assert ">repeat</a>" not in page(operator, "mcp_server", shop, kind="prompt")
    assert ">repeat</a>" not in page(operator, "mcp_server", shop, q="repeat", state="on")
    assert ">repeat</a>" in page(operator, "mcp_server", shop, state="off")
    assert ">repeat</a>" in page(operator, "mcp_server", shop, state="changed")
    nothing = page(operator, "mcp_server", shop, q="no such thing")
    assert "Nothing fits" in nothing
    assert "Clear" in nothing


def test_five_hundred_tools_are_paged_and_the_filter_is_kept(
    operator: Client, shop: Server
) -> None:
    def many() -> None:
        """Do nothing."""

    tools = [build_tool(many, name=f"many_{n:03}") for n in range(500)]
    with registry.registered_temporarily(*tools):
        Server.objects.update(offers=["*"])
        answer = operator.get(reverse("admin:mcp_server", args=[shop.pk]), {"q": "many_"})
        found = answer.context["entries"]
        assert (found.total, found.first, found.last, len(found.lines)) == (500, 1, 50, 50)
        assert found.pager.older == "?q=many_&page=2"
        assert len(answer.content) <= 150 * 1024
        last = operator.get(reverse("admin:mcp_server", args=[shop.pk]) + "?q=many_&page=99")
        assert last.context["entries"].last == 500
        assert not last.context["entries"].pager.older
        form = operator.get(reverse("admin:mcp_transport_server_change", args=[shop.pk]))
        assert len(form.content) <= 150 * 1024


def test_a_server_without_entries_says_what_to_do(operator: Client, server: Server) -> None:
    Server.objects.update(offers=["nothing_of_that_name"])
    assert "No entries registered" in page(operator, "mcp_server", server)


def test_entries_are_shown_as_a_user_finds_them(
    operator: Client, shop: Server, owner: User
) -> None:
    secret = EntryOverride.objects.create(server=shop, name="repeat", permission="auth.view_user")
    query = {"as": "user", "user": "ada", "q": "repeat"}
    assert ">repeat</a>" not in page(operator, "mcp_server", shop, **query)
    owner.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert ">repeat</a>" in page(operator, "mcp_server", shop, **query)
    secret.is_enabled = False
    secret.save()
    assert ">repeat</a>" not in page(operator, "mcp_server", shop, **query)


def test_entries_are_shown_as_a_token_reaches_them(
    operator: Client, shop: Server, owner: User
) -> None:
    token, _ = Token.objects.issue(owner=owner, name="ci", scopes=["tool:repeat"])
    text = page(operator, "mcp_server", shop, **{"as": f"token:{token.pk}"})
    assert "1 of" in text
    assert ">repeat</a>" in text
    for unknown in ("token:0", "token:x", "token:²", f"token:{'9' * 40}"):
        assert "no such token" in page(operator, "mcp_server", shop, **{"as": unknown})


def test_who_may_not_use_the_server_sees_nothing_and_why(operator: Client, shop: Server) -> None:
    text = page(operator, "mcp_server", shop, **{"as": "nobody"})
    assert "They may not use it" in text
    assert "0 of" not in text
    assert ">repeat</a>" not in text
    text = page(operator, "mcp_server", shop, **{"as": "user", "user": "nobody at all"})
    assert "no active user" in text


def test_the_live_part_shows_sessions_and_calls(operator: Client, shop: Server) -> None:
    now = timezone.now()
    Session.objects.create(server=shop, owner="x", client_name="Cursor", last_seen_at=now)
    Call.objects.create(
        worker="w", sequence=1, started_at=now, duration_us=5, server="main", outcome="timeout",
        method="tools/call", kind="tool", entry="repeat",
    )  # fmt: skip
    text = page(operator, "mcp_server_traffic", shop)
    assert "Cursor" in text
    assert "Timed out" in text
    assert "<html" not in text


def test_access_is_told_in_words(operator: Client, shop: Server) -> None:
    assert "Anybody with a token" in page(operator, "mcp_server_access", shop)
    Server.objects.update(
        access="permission", permission="auth.view_user", transports=["websocket"],
        revisions=["2025-11-25"], allowed_origins=["https://page.example"],
    )  # fmt: skip
    text = page(operator, "mcp_server_access", shop)
    for said in ("auth.view_user", "https://page.example", "Streamable HTTP: off for this server"):
        assert said in text
    assert "2025-06-18" not in text


def test_settings_of_clients_hold_the_address(operator: Client, shop: Server) -> None:
    text = page(operator, "mcp_server_connect", shop)
    for said in ("claude mcp add", "mcp-remote", "mcpServers", "YOUR_TOKEN", "mcp stdio main"):
        assert said in text
    Server.objects.update(access="public")
    assert "YOUR_TOKEN" not in page(operator, "mcp_server_connect", shop)


def test_turning_a_server_off_says_what_that_ends(operator: Client, shop: Server) -> None:
    now = timezone.now()
    session = Session.objects.create(server=shop, owner="x", last_seen_at=now)
    Stream.objects.create(session=session, worker="w", method="tools/call", opened_at=now)
    text = page(operator, "mcp_server_switch", shop)
    assert "1 live session" in text
    assert "1 call in flight" in text
    assert Server.objects.get().is_enabled
    operator.post(reverse("admin:mcp_server_switch", args=[shop.pk]))
    assert not Server.objects.get().is_enabled
    assert OperatorAction.objects.get().action == "turn off"
    assert "Turned off" in page(operator, "mcp_server", shop)
    assert "on again" in page(operator, "mcp_server_switch", shop)
    operator.post(reverse("admin:mcp_server_switch", args=[shop.pk]))
    assert Server.objects.get().is_enabled


def staff(*codenames: str) -> Client:
    """The browser of somebody on the staff with some permissions."""
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(clerk)
    return client


@pytest.mark.parametrize("name", [*TABS, "mcp_server_traffic", "mcp_server_switch"])
def test_staff_without_a_permission_see_nothing(shop: Server, name: str) -> None:
    address = reverse(f"admin:{name}", args=[shop.pk])
    assert staff().get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_who_may_only_look_finds_nothing_to_press(shop: Server) -> None:
    client = staff("view_server")
    for name in TABS:
        text = page(client, name, shop)
        main = text[text.index('id="content-main"') :]
        assert 'method="post"' not in main
        assert "Turn off" not in main
    for name in ("mcp_server_switch", "mcp_entry_switch"):
        assert client.post(reverse(f"admin:{name}", args=[shop.pk])).status_code == 403
    assert "ada" not in page(client, "mcp_server", shop, **{"as": "user", "user": "ada"}).replace(
        "&#x27;ada&#x27;", ""
    ).replace('value="ada"', "")


def test_what_clients_cannot_find_is_told(operator: Client, server: Server) -> None:
    assert "is hidden" not in page(operator, "mcp_server", server)
    TextEntry(name="repeat_after_me", text="x").save()

    def repeat_after_me() -> str:
        return "x"

    with registry.registered_temporarily(build_prompt(repeat_after_me)):
        text = page(operator, "mcp_server", server)
    assert "The prompt &#x27;repeat_after_me&#x27; of &#x27;texts&#x27; is hidden" in text
