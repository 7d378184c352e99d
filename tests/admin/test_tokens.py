"""Tests of mcp_transport.admin.tokens."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session as BrowserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import OperatorAction, Server, Session, Token
from mcp_transport.models.token_value import digest

ADD = "admin:mcp_transport_token_add"
CHANGE = "admin:mcp_transport_token_change"
CHANGELIST = "admin:mcp_transport_token_changelist"
FORM: dict[str, Any] = {"name": "laptop", "owner": "ada", "days": "90", "_save": "1"}


def shown(page: str) -> list[str]:
    """The values of tokens that a page shows, each once."""
    return list(dict.fromkeys(re.findall(r"mcp_[\w-]{49}", page)))


def issue(operator: Client, **fields: object) -> tuple[str, str]:
    """The page that answers the form, and the value it shows."""
    answer = operator.post(reverse(ADD), {**FORM, **fields})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert len(shown(page)) == 1, page
    return page, shown(page)[0]


def page(client: Client, name: str, *arguments: object, **query: str) -> str:
    """A page, as text."""
    answer = client.get(reverse(name, args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_every_help_text_that_a_field_names_is_there(operator: Client) -> None:
    page = operator.get("/admin/mcp_transport/token/add/").content.decode()
    named = set(re.findall(r'aria-describedby="([^"]+)"', page))
    assert named
    assert named <= set(re.findall(r'\sid="([^"]+)"', page))


def test_a_token_is_shown_in_the_answer_to_its_form(operator: Client, owner: User) -> None:
    _, value = issue(operator)
    token = Token.objects.get(digest=digest(value))
    assert (token.owner, token.name, token.hint) == (owner, "laptop", value[:8])
    assert token.expires_at is not None
    assert OperatorAction.objects.get().action == "add"


def test_the_answer_holds_what_a_client_wants_to_know(
    operator: Client, owner: User, server: Server
) -> None:
    Server.objects.create(slug="other")
    text, value = issue(operator, servers=[server.pk])
    assert "http://testserver/mcp/main" in text
    assert f"Bearer {value}" in text
    assert "/mcp/other" not in text


def test_the_value_is_nowhere_afterwards(operator: Client, owner: User) -> None:
    _, value = issue(operator)
    token = Token.objects.get()
    pages = [
        page(operator, CHANGELIST),
        page(operator, CHANGE, token.pk),
        page(operator, "admin:mcp_token", token.pk),
    ]
    assert all(value not in text and digest(value) not in text for text in pages)
    assert all(value not in str(session.get_decoded()) for session in BrowserSession.objects.all())
    assert all(value not in cookie.value for cookie in operator.cookies.values())
    assert value not in str(OperatorAction.objects.get().changes)


def test_the_answer_is_kept_by_no_cache(operator: Client, owner: User) -> None:
    answer = operator.post(reverse(ADD), FORM)
    assert answer.headers["Cache-Control"].startswith("no-store")


def test_what_it_would_reach_is_shown_before_it_is_made(
    operator: Client, owner: User, server: Server
) -> None:
    review = {**FORM, "_review": "1", "tools": "repeat\nbreaks", "servers": [server.pk]}
    del review["_save"]
    text = operator.post(reverse(ADD), review).content.decode()
    assert not Token.objects.exists()
    assert "What it reaches" in text
    assert "repeat, breaks" in text
    assert "Issue the token" in text
    nothing = operator.post(reverse(ADD), {**review, "tools": "no_such_tool"}).content
    assert b"It reaches nothing" in nothing


def test_a_token_that_names_nothing_would_reach_everything(
    operator: Client, owner: User, server: Server
) -> None:
    review = {**FORM, "_review": "1"}
    del review["_save"]
    text = operator.post(reverse(ADD), review).content.decode()
    assert "What it reaches" in text
    assert "repeat" in text


def test_scopes_are_ticked_and_named(operator: Client, owner: User) -> None:
    issue(operator, broad=["tools:read", "prompts"], tools="pay\npay refund")
    token = Token.objects.get()
    assert token.scopes == ["tools:read", "prompts", "tool:pay", "tool:refund"]
    text = page(operator, CHANGELIST)
    assert "tools that only read, every prompt, the tool pay, the tool refund" in text
    form = page(operator, CHANGE, token.pk)
    assert "pay\nrefund</textarea>" in form


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"owner": "nobody"}, "no such user"),
        ({"broad": ["all"]}, "Select a valid choice"),
        ({"days": ""}, "Say for how many days"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"name": ""}, "required"),
        ({"servers": ["4711"]}, "Select a valid choice"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_saved(
    operator: Client, owner: User, fields: dict[str, Any], said: str
) -> None:
    answer = operator.post(reverse(ADD), {**FORM, **fields})
    assert said in str(answer.context["adminform"].form.errors)
    assert not Token.objects.exists()


def test_an_expiry_is_proposed_and_never_has_to_be_said(operator: Client, owner: User) -> None:
    assert 'value="90"' in page(operator, ADD)
    issue(operator, never_expires="on")
    assert Token.objects.get().expires_at is None
    assert "never expires" in page(operator, CHANGELIST)


def test_a_changed_token_keeps_its_value_and_its_owner(operator: Client, owner: User) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop")
    until = token.expires_at
    form = {"name": "desk", "owner": "root", "broad": ["tools"], "days": ""}
    assert operator.post(reverse(CHANGE, args=[token.pk]), form).status_code == 302
    token.refresh_from_db()
    assert (token.name, token.scopes, token.digest) == ("desk", ["tools"], digest(value))
    assert (token.owner, token.expires_at) == (owner, until)


def test_a_clerk_gives_nobody_s_rights_away(owner: User) -> None:
    User.objects.create_superuser("root")
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=["add_token", "view_token"]))
    client = Client()
    client.force_login(clerk)
    answer = client.post(reverse(ADD), {**FORM, "owner": "root"})
    assert b"may do what you may not" in answer.content
    assert not Token.objects.exists()


def test_the_list_says_what_to_worry_about(operator: Client, owner: User, server: Server) -> None:
    now = timezone.now()
    rows: dict[str, dict[str, Any]] = {
        "fresh": {"scopes": ["prompts"]},
        "unused": {"created_at": now - timedelta(days=9), "scopes": ["prompts"]},
        "idle": {"last_used_at": now - timedelta(days=70), "scopes": ["prompts"]},
        "soon": {"expires_at": now + timedelta(days=3), "scopes": ["prompts"]},
        "risky": {"scopes": ["tools"]},
        "old": {"expires_at": now - timedelta(days=3)},
        "gone": {"revoked_at": now},
    }
    for name, fields in rows.items():
        token, _ = Token.objects.issue(owner=owner, name=name)
        Token.objects.filter(pk=token.pk).update(**fields)
    lines = operator.get(reverse(CHANGELIST)).context["lines"]
    said = {
        line.token.name: [line.state.word, *(warning.word for warning in line.warnings)]
        for line in lines
    }
    assert said == {
        "fresh": ["accepted"],
        "unused": ["accepted", "never used"],
        "idle": ["accepted", "unused 70 days"],
        "soon": ["accepted", "expires in 3 days"],
        "risky": ["accepted", "can reach destructive tools"],
        "old": ["expired"],
        "gone": ["revoked"],
    }
    for state, count in (("accepted", 5), ("revoked", 1), ("expired", 1)):
        chosen = operator.get(reverse(CHANGELIST), {"state": state}).context["lines"]
        assert len(chosen) == count
    assert len(operator.get(reverse(CHANGELIST), {"q": "RISK"}).context["lines"]) == 1
    assert b"Nothing fits" in operator.get(reverse(CHANGELIST), {"q": "zzz"}).content


def test_without_tokens_the_list_says_so(operator: Client) -> None:
    assert "No tokens" in page(operator, CHANGELIST)


def a_session(token: Token, server: Server) -> Session:
    """An open session of a token."""
    return Session.objects.create(
        server=server, owner="x", token=token, last_seen_at=timezone.now()
    )


def test_a_token_is_rotated_with_an_overlap(operator: Client, owner: User) -> None:
    old, _ = Token.objects.issue(owner=owner, name="ci", scopes=["prompts"])
    address = reverse("admin:mcp_token_rotate", args=[old.pk])
    assert b"both are accepted" in operator.get(address).content
    answer = operator.post(address, {"overlap": "3600"})
    text = answer.content.decode()
    assert answer.headers["Cache-Control"].startswith("no-store")
    new = Token.objects.get(digest=digest(shown(text)[0]))
    old.refresh_from_db()
    assert (old.successor, new.scopes) == (new, ["prompts"])
    assert "The old one works until" in text
    assert old.is_usable
    assert "Replaced by" in page(operator, "admin:mcp_token", old.pk)
    assert OperatorAction.objects.get().action == "rotate"


def test_a_rotation_without_an_overlap_revokes(
    operator: Client, owner: User, server: Server
) -> None:
    old, _ = Token.objects.issue(owner=owner, name="ci")
    session = a_session(old, server)
    address = reverse("admin:mcp_token_rotate", args=[old.pk])
    assert b"refused from now on" in operator.post(address, {"overlap": "0"}).content
    session.refresh_from_db()
    assert session.closed_at is not None
    again = operator.post(address, {"overlap": "0"})
    assert b"not accepted any more" in again.content
    assert Token.objects.count() == 2
    wrong = operator.post(address, {"overlap": "5"})
    assert b"Select a valid choice" in wrong.content


def test_a_token_is_revoked_after_a_question(operator: Client, owner: User, server: Server) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    for _number in range(2):
        a_session(token, server)
    address = reverse("admin:mcp_token_revoke", args=[token.pk])
    assert b"It ends 2 live sessions" in operator.get(address).content
    assert Token.objects.usable()
    answer = operator.post(address, follow=True)
    assert b"2 live sessions ended" in answer.content
    assert not Token.objects.usable()
    assert not Session.objects.open()
    assert [row.action for row in OperatorAction.objects.all()] == ["revoke"]


def test_an_operator_revokes_those_that_are_chosen(operator: Client, owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    selected = {"action": "revoke_tokens", "_selected_action": token.pk}
    operator.post(reverse(CHANGELIST), selected)
    assert not Token.objects.usable()


def test_who_may_only_look_finds_nothing_to_press(owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    clerk = User.objects.create_user("clerk", is_staff=True)
    client = Client()
    client.force_login(clerk)
    addresses = [
        reverse(CHANGELIST),
        *(reverse(name, args=[token.pk]) for name in ("admin:mcp_token", CHANGE)),
    ]
    assert [client.get(address).status_code for address in addresses] == [403, 403, 403]
    clerk.user_permissions.set(Permission.objects.filter(codename="view_token"))
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        main = answer.content.decode().partition('id="content')[2]
        assert 'method="post"' not in main.replace('method="post" id="token_form"', "")
        assert "mx-danger" not in main
    for name in ("rotate", "revoke"):
        address = reverse(f"admin:mcp_token_{name}", args=[token.pk])
        assert client.post(address, {"overlap": "0"}).status_code == 403
    assert Token.objects.usable()


def test_nobody_rotates_the_token_of_somebody_who_may_do_more(db: None) -> None:
    chief = User.objects.create_superuser("chief")
    token, _ = Token.objects.issue(owner=chief, name="laptop")
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.set(
        Permission.objects.filter(codename__in=("view_token", "change_token"))
    )
    client = Client()
    client.force_login(clerk)
    address = reverse("admin:mcp_token_rotate", args=[token.pk])
    assert client.get(address).status_code == 403
    assert client.post(address, {"overlap": 3600}).status_code == 403
    assert Token.objects.count() == 1
    assert OperatorAction.objects.get().outcome == "denied"
