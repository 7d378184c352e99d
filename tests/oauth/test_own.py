"""Tests of mcp_transport.oauth.own."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.test import Client

from mcp_transport.oauth.models import Connection
from tests.oauth.signing_in import SigningIn, logged_in


def turn_out(browser: Client, key: str) -> None:
    """Press the button."""
    page = browser.get("/oauth/applications")
    form = {"csrfmiddlewaretoken": page.context["csrf_token"], "connection": key}
    assert browser.post("/oauth/applications", form).status_code == 302


def test_a_user_turns_out_a_client_that_they_let_in(signing_in: SigningIn) -> None:
    tokens = signing_in.tokens()
    page = signing_in.browser.get("/oauth/applications")
    assert b"A client" in page.content
    assert b"The shop" in page.content
    turn_out(signing_in.browser, str(Connection.objects.get().pk))
    assert Connection.objects.get().revoked_because == Connection.Reason.USER
    assert signing_in.refresh(tokens["refresh_token"]).status_code == 400
    assert b"No application acts as you" in signing_in.browser.get("/oauth/applications").content


def test_nobody_sees_or_ends_what_others_let_in(signing_in: SigningIn) -> None:
    signing_in.tokens()
    browser = logged_in(User.objects.create_user("eve"))
    browser.handler.enforce_csrf_checks = False  # no form stands there for her
    assert b"No application acts as you" in browser.get("/oauth/applications").content
    for key in (str(Connection.objects.get().pk), "x", "", "9" * 30):
        turn_out(browser, key)
    assert Connection.objects.get().is_live


def test_the_page_asks_who_reads_it(db: None) -> None:

    assert Client().get("/oauth/applications").status_code == 302
