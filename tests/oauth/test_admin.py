"""Tests of mcp_transport.oauth.admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from mcp_transport.models import OperatorAction
from mcp_transport.oauth.models import Connection
from tests.oauth.signing_in import SigningIn, logged_in

LIST = "/admin/mcp_oauth/connection/"


@pytest.fixture
def operator(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def let_in(signing_in: SigningIn) -> Connection:
    """A client that was let in."""
    signing_in.tokens()
    return Connection.objects.get()


def test_operators_see_who_let_in_what(operator: Client, let_in: Connection) -> None:
    listed = operator.get(LIST).content.decode()
    for said in ("A client", "ada", "The shop", "tools, resources", "let in"):
        assert said in listed
    page = operator.get(f"{LIST}{let_in.pk}/").content.decode()
    for said in ("registered itself", "127.0.0.1", "Read its resources", let_in.resource):
        assert said in page
    for secret in (let_in.access_digest, let_in.refresh_digest, let_in.code_digest):
        assert secret not in listed + page


@pytest.mark.parametrize(
    ("query", "is_listed"),
    [
        ({"q": "ada"}, True),
        ({"q": "A cl"}, True),
        ({"q": "nobody"}, False),
        ({"state": "live"}, True),
        ({"state": "ended"}, False),
    ],
    ids=str,
)
def test_the_list_can_be_narrowed(
    operator: Client, let_in: Connection, query: Any, is_listed: bool
) -> None:
    page = operator.get(LIST, query).content.decode()
    assert ("The shop" in page) is is_listed


def test_a_question_that_nobody_answered_is_no_connection(
    operator: Client, signing_in: SigningIn
) -> None:
    signing_in.code()
    assert b"No applications" in operator.get(LIST).content


def test_an_operator_turns_a_client_out(
    operator: Client, let_in: Connection, signing_in: SigningIn
) -> None:
    at = reverse("admin:mcp_connection_revoke", args=[let_in.pk])
    assert b"for ada?" in operator.get(at).content
    assert Connection.objects.get().is_live
    assert operator.post(at).status_code == 302
    assert Connection.objects.get().revoked_because == Connection.Reason.OPERATOR
    kept = OperatorAction.objects.get()
    assert (kept.action, kept.username) == ("revoke", "root")
    assert b"turned out by an operator" in operator.get(LIST).content


def test_an_operator_turns_a_client_out_for_every_user(
    operator: Client, let_in: Connection, signing_in: SigningIn
) -> None:
    other = SigningIn(signing_in.client_id, browser=logged_in(User.objects.create_user("eve")))
    other.tokens()
    page = operator.get(f"{LIST}{let_in.pk}/").content.decode()
    assert "<dt>Other users of it</dt><dd>1</dd>" in page
    operator.post(reverse("admin:mcp_connection_revoke", args=[let_in.pk]) + "?all")
    assert not Connection.objects.live().exists()
    assert OperatorAction.objects.count() == 2


def test_several_are_turned_out_and_forgotten(
    operator: Client, let_in: Connection, signing_in: SigningIn
) -> None:
    signing_in.tokens()
    form: dict[str, Any] = {"action": "revoke_connections", "_selected_action": let_in.pk}
    operator.post(LIST, form)
    assert Connection.objects.live().count() == 1
    Connection.objects.update(code_expires_at=let_in.created_at)
    operator.post(LIST, {**form, "action": "forget_ended"})
    assert Connection.objects.get().pk != let_in.pk
    actions = OperatorAction.objects.order_by("sequence").values_list("action", flat=True)
    assert list(actions) == ["revoke", "forget"]


def test_who_may_look_may_not_change(let_in: Connection) -> None:
    user = User.objects.create_user("grace", is_staff=True)
    browser = Client()
    browser.force_login(user)
    assert browser.get(LIST).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_connection"))
    at = reverse("admin:mcp_connection_revoke", args=[let_in.pk])
    listed = browser.get(LIST)
    assert listed.status_code == 200
    assert b"Turn out" not in listed.content
    assert browser.get(f"{LIST}{let_in.pk}/").status_code == 200
    assert browser.post(at).status_code == 403
    form = {"action": "revoke_connections", "_selected_action": let_in.pk}
    browser.post(LIST, form)
    assert Connection.objects.get().is_live
    assert OperatorAction.objects.get(outcome="denied").action == "revoke"


def test_a_connection_has_no_form(operator: Client, let_in: Connection) -> None:
    answer = operator.get(f"{LIST}{let_in.pk}/change/")
    assert answer.headers["Location"] == f"{LIST}{let_in.pk}/"
    assert operator.get(f"{LIST}{let_in.pk}/delete/").status_code == 403
    assert operator.get(f"{LIST}add/").status_code == 403
