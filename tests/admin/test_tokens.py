"""Tests of mcp_transport.admin.tokens."""

from __future__ import annotations

import re
from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session as BrowserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mcp_transport.models import Server, Token
from mcp_transport.models.token_value import digest

ADD = "admin:mcp_transport_token_add"
CHANGELIST = "admin:mcp_transport_token_changelist"


def issue(operator: Client, owner: User, **fields: object) -> tuple[str, str]:
    """The page that answers the form, and the value it shows."""
    form = {"name": "laptop", "owner": owner.pk, "scopes": "[]", **fields}
    answer = operator.post(reverse(ADD), form)
    assert answer.status_code == 200
    page = answer.content.decode()
    shown = re.search(r"mcp_[\w-]{49}", page)
    assert shown, page
    return page, shown.group()


def test_a_token_is_shown_in_the_answer_to_its_form(operator: Client, owner: User) -> None:
    _, value = issue(operator, owner)
    token = Token.objects.get(digest=digest(value))
    assert (token.owner, token.name, token.hint) == (owner, "laptop", value[:8])


def test_the_answer_holds_what_a_client_wants_to_know(
    operator: Client, owner: User, server: Server
) -> None:
    Server.objects.create(slug="other")
    page, value = issue(operator, owner, servers=[server.pk])
    assert "http://testserver/mcp/main" in page
    assert f"Bearer {value}" in page
    assert "/mcp/other" not in page


def test_the_value_is_nowhere_afterwards(operator: Client, owner: User) -> None:
    _, value = issue(operator, owner)
    token = Token.objects.get()
    pages = [reverse(CHANGELIST), reverse("admin:mcp_transport_token_change", args=[token.pk])]
    assert all(value.encode() not in operator.get(page).content for page in pages)
    assert all(digest(value).encode() not in operator.get(page).content for page in pages)
    assert all(value not in str(session.get_decoded()) for session in BrowserSession.objects.all())
    assert all(value not in cookie.value for cookie in operator.cookies.values())


def test_the_answer_is_kept_by_no_cache(operator: Client, owner: User) -> None:
    form = {"name": "laptop", "owner": owner.pk, "scopes": "[]"}
    assert "no-store" in operator.post(reverse(ADD), form).headers["Cache-Control"]


def test_a_changed_token_keeps_its_value(operator: Client, owner: User) -> None:
    token, value = Token.objects.issue(owner=owner, name="laptop")
    form = {"name": "desk", "owner": owner.pk, "scopes": '["tools"]'}
    address = reverse("admin:mcp_transport_token_change", args=[token.pk])
    assert operator.post(address, form).status_code == 302
    token.refresh_from_db()
    assert (token.name, token.scopes, token.digest) == ("desk", ["tools"], digest(value))


def test_an_unknown_scope_is_refused_in_the_form(operator: Client, owner: User) -> None:
    form = {"name": "laptop", "owner": owner.pk, "scopes": '["all"]'}
    assert b"tools:read" in operator.post(reverse(ADD), form).content
    assert not Token.objects.exists()


def test_the_form_proposes_an_expiry(operator: Client) -> None:
    year = str((timezone.now() + timedelta(days=90)).year)
    assert year.encode() in operator.get(reverse(ADD)).content


def test_an_operator_revokes_tokens(operator: Client, owner: User) -> None:
    token, _ = Token.objects.issue(owner=owner, name="laptop")
    selected = {"action": "revoke_tokens", "_selected_action": token.pk}
    operator.post(reverse(CHANGELIST), selected)
    assert not Token.objects.usable()
