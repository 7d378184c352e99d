"""Tests of mcp_transport.oauth.consent."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from oauth2_provider.models import get_application_model

from mcp_transport.models import Server
from mcp_transport.oauth.models import Connection
from tests.oauth.signing_in import PUBLIC_URL, REDIRECT, SigningIn, logged_in, told

SKIPPING = {
    "approval_prompt": "auto",
    "prompt": "none",
    "skip_authorization": "true",
    "allow": "Authorize",
    "decision": "allow",
    "id_token_hint": "x",
    "login_hint": "ada",
    "max_age": "0",
    "response_mode": "query",
    "request": "x",
    "request_uri": "https://a.example/",
    "nonce": "x",
    "claims": "{}",
    "ui_locales": "en",
}


def test_nobody_is_asked_before_they_log_in(signing_in: SigningIn) -> None:
    signing_in.browser.logout()
    answer = signing_in.ask()
    assert answer.status_code == 302
    assert urlsplit(answer.headers["Location"]).path == "/admin/login/"
    assert not Connection.objects.exists()


def test_the_page_says_who_asks_and_for_what(signing_in: SigningIn) -> None:
    page = signing_in.ask().content.decode()
    for said in (
        "A client", "nobody has checked it", "127.0.0.1", "a program on your own computer",
        "Did you just start this yourself?", "The shop", f"{PUBLIC_URL}/mcp/shop", "ada",
        "Use every tool", "Read its resources",
    ):  # fmt: skip
        assert said in page
    assert "Use its prompts" not in page


def test_no_other_page_can_frame_it_and_nobody_keeps_it(signing_in: SigningIn) -> None:
    for answer in (signing_in.ask(), signing_in.ask(client_id="unknown")):
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'self'" in policy
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "no-store" in answer.headers["Cache-Control"]
    policy = signing_in.ask().headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:7777;" in policy  # which browsers follow


def test_an_answer_without_the_forms_token_is_refused(signing_in: SigningIn) -> None:
    assert signing_in.ask().status_code == 200
    answer = signing_in.browser.post(signing_in.address(), {"decision": "allow", "scope": "tools"})
    assert answer.status_code == 403
    assert not Connection.objects.exists()


@pytest.mark.parametrize("name", SKIPPING)
def test_nothing_in_the_address_skips_the_question(signing_in: SigningIn, name: str) -> None:
    signing_in.tokens()  # the user has let it in before
    answer = signing_in.ask(**{name: SKIPPING[name]})
    assert answer.status_code == 200
    assert Connection.objects.count() == 1


def test_an_application_that_needs_no_consent_elsewhere_needs_it_here(
    signing_in: SigningIn,
) -> None:
    get_application_model().objects.update(skip_authorization=True)
    assert signing_in.ask().status_code == 200
    assert not Connection.objects.exists()


def test_whoever_turns_a_client_away_lets_it_know(signing_in: SigningIn) -> None:
    said = told(signing_in.answer("deny"))
    assert said == {"error": "access_denied", "iss": PUBLIC_URL, "state": "a state"}
    assert not Connection.objects.exists()


def test_a_code_comes_with_the_state_and_who_gives_it(signing_in: SigningIn) -> None:
    said = told(signing_in.answer())
    assert (said["iss"], said["state"]) == (PUBLIC_URL, "a state")
    assert said.keys() == {"code", "iss", "state"}


def test_a_user_may_grant_less_than_is_asked_for(signing_in: SigningIn) -> None:
    code = told(signing_in.answer(scopes=("resources", "prompts", "operator")))["code"]
    assert signing_in.redeem(code).json()["scope"] == "resources"


def test_a_user_who_grants_nothing_is_asked_again(signing_in: SigningIn) -> None:
    answer = signing_in.answer(scopes=("operator",))
    assert answer.status_code == 200
    assert b"Choose what it may do" in answer.content


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, "tools resources prompts"),
        ("openid offline_access tools:read", "tools:read"),
        ("tool:order_book", "tool:order_book"),
    ],
)
def test_scopes_that_mean_nothing_here_are_left_out(
    signing_in: SigningIn, asked: str | None, granted: str
) -> None:
    assert signing_in.tokens(scope=asked)["scope"] == granted


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"scope": "operator openid"}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": None}, "invalid_target"),
        ({"resource": PUBLIC_URL}, "invalid_target"),
        ({"resource": f"{PUBLIC_URL}/mcp/shop/"}, "invalid_target"),
        ({"resource": f"{PUBLIC_URL}/mcp/shopping"}, "invalid_target"),
        ({"resource": f"{PUBLIC_URL}/mcp/shop?a=b"}, "invalid_target"),
        ({"resource": "https://other.example/mcp/shop"}, "invalid_target"),
        ({"resource": f"{PUBLIC_URL}/mcp"}, "invalid_target"),  # there is no default server
        ({"resource": [f"{PUBLIC_URL}/mcp/shop"] * 2}, "invalid_target"),
    ],
    ids=str,
)
def test_the_client_is_told_what_is_wrong_and_by_whom(
    signing_in: SigningIn, changed: Any, error: str
) -> None:
    said = told(signing_in.ask(**changed))
    assert (said["error"], said["iss"], said["state"]) == (error, PUBLIC_URL, "a state")


def test_a_resource_may_write_scheme_and_host_in_capitals(signing_in: SigningIn) -> None:
    signing_in.resource = "HTTPS://SITE.example/mcp/shop"
    assert signing_in.tokens()
    assert Connection.objects.get().resource == f"{PUBLIC_URL}/mcp/shop"


def test_the_default_server_is_a_resource_of_its_own(signing_in: SigningIn, shop: Server) -> None:
    Server.objects.filter(pk=shop.pk).update(is_default=True)
    signing_in.resource = f"{PUBLIC_URL}/mcp"
    assert signing_in.tokens()
    assert Connection.objects.get().resource == f"{PUBLIC_URL}/mcp"


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "unknown"},
        {"client_id": None},
        {"client_id": "\x00"},
        {"client_id": "x" * 1000},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "http://127.0.0.1:7777/callback/more"},
        {"redirect_uri": "http://127.0.0.1@evil.example/callback"},
        {"redirect_uri": "https://127.0.0.1:7777/callback"},
        {"redirect_uri": [REDIRECT, "https://evil.example/"]},
        {"client_id": ["a", "b"]},
        {"state": "x" * 3000},
    ],
    ids=lambda changed: str(changed)[:60],
)
def test_nobody_is_sent_where_the_client_may_have_no_answer(
    signing_in: SigningIn, changed: Any
) -> None:
    answer = signing_in.ask(**changed)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_program_may_listen_at_whichever_port_was_free(signing_in: SigningIn) -> None:
    signing_in.redirect_uri = "http://127.0.0.1:40123/callback"
    assert signing_in.tokens()


def test_a_redirect_uri_that_the_policy_no_longer_allows_gets_nothing(
    signing_in: SigningIn,
) -> None:
    get_application_model().objects.update(redirect_uris="http://evil.example/cb")
    signing_in.redirect_uri = "http://evil.example/cb"
    assert signing_in.ask().status_code == 400


def test_who_may_not_use_a_server_lets_nobody_in_there(
    signing_in: SigningIn, shop: Server, owner: User
) -> None:
    Server.objects.filter(pk=shop.pk).update(access="permission", permission="auth.view_user")
    assert signing_in.ask().status_code == 403
    owner.is_superuser = True
    owner.save()
    signing_in.browser = logged_in(owner)
    assert signing_in.ask().status_code == 200


def test_a_disabled_server_is_no_resource(signing_in: SigningIn, shop: Server) -> None:
    Server.objects.filter(pk=shop.pk).update(is_enabled=False)
    assert told(signing_in.ask())["error"] == "invalid_target"
