"""Tests of mcp_transport.oauth.views and of the rules behind them."""

from __future__ import annotations

import io
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.test import Client as Browser
from django.utils import timezone
from oauth2_provider.models import get_application_model

from mcp_transport.models import Server
from mcp_transport.oauth.clients import MOST_UNUSED, PER_HOUR, TIME_TO_BE_LET_IN
from mcp_transport.oauth.models import UNUSED_LIFETIME, Connection, Registration
from tests.oauth.signing_in import PUBLIC_URL, REDIRECT, SigningIn, logged_in, post, register

AT_ONCE = 50


def test_a_user_lets_a_client_in(signing_in: SigningIn) -> None:
    answer = signing_in.redeem(signing_in.code())
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 3600)
    assert tokens["scope"] == "tools resources"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_code_that_is_presented_again_ends_what_came_of_it(signing_in: SigningIn) -> None:
    code = signing_in.code()
    assert signing_in.redeem(code).status_code == 200
    assert signing_in.redeem(code).json()["error"] == "invalid_grant"
    assert Connection.objects.get().revoked_because == Connection.Reason.CODE_REPLAYED


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 60},
        {"code_verifier": None},
        {"redirect_uri": REDIRECT + "/more"},
        {"code": "mcpc_no"},
        {"resource": f"{PUBLIC_URL}/mcp/other"},
        {"resource": [f"{PUBLIC_URL}/mcp/shop", f"{PUBLIC_URL}/mcp/other"]},
        {"client_id": "somebody else"},
        {"grant_type": "password"},
        {"grant_type": "client_credentials"},
    ],
    ids=str,
)
def test_a_code_is_good_for_nothing_else(signing_in: SigningIn, changed: Any) -> None:
    code = signing_in.code()
    sent = {"code": code, **changed}
    answer = signing_in.redeem(sent.pop("code"), **sent)
    assert answer.status_code in (400, 401), answer.content
    assert "access_token" not in answer.json()
    assert signing_in.redeem(code).status_code == 200  # and is no less good for it


def test_another_client_cannot_redeem_a_code(signing_in: SigningIn) -> None:
    other = SigningIn(register(client_name="Another").json()["client_id"])
    assert other.redeem(signing_in.code()).json()["error"] == "invalid_grant"


def test_a_code_is_good_for_a_minute(signing_in: SigningIn) -> None:
    code = signing_in.code()
    Connection.objects.update(code_expires_at=timezone.now())
    assert signing_in.redeem(code).json()["error"] == "invalid_grant"


def test_a_refresh_token_is_exchanged_for_the_next(signing_in: SigningIn) -> None:
    first = signing_in.tokens()
    second = signing_in.refresh(first["refresh_token"]).json()
    assert second["scope"] == first["scope"]
    assert {*first.values()}.isdisjoint({second["access_token"], second["refresh_token"]})
    assert signing_in.refresh(second["refresh_token"]).status_code == 200


def test_a_refresh_token_that_was_used_ends_its_family(signing_in: SigningIn) -> None:
    first = signing_in.tokens()
    second = signing_in.refresh(first["refresh_token"]).json()
    assert signing_in.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert signing_in.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert Connection.objects.get().revoked_because == Connection.Reason.REFRESH_REPLAYED


def test_a_refresh_token_of_another_client_is_refused_and_harmed_by_nobody(
    signing_in: SigningIn,
) -> None:
    tokens = signing_in.tokens()
    other = SigningIn(register(client_name="Another").json()["client_id"])
    assert other.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert signing_in.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_token_that_rests_too_long_is_refused(signing_in: SigningIn) -> None:
    tokens = signing_in.tokens()
    Connection.objects.update(refresh_expires_at=timezone.now())
    assert signing_in.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_inactive_user_gets_no_tokens(signing_in: SigningIn, owner: User) -> None:
    tokens, code = signing_in.tokens(), signing_in.code()
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert signing_in.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert signing_in.redeem(code).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_client_gives_its_tokens_back(signing_in: SigningIn, kind: str) -> None:
    tokens = signing_in.tokens()
    form = {"token": tokens[kind], "client_id": signing_in.client_id}
    assert post("/oauth/revoke", form).status_code == 200
    assert Connection.objects.get().revoked_because == Connection.Reason.CLIENT
    assert signing_in.refresh(tokens["refresh_token"]).status_code == 400


def test_a_client_cannot_revoke_what_is_not_its_own(signing_in: SigningIn) -> None:
    tokens = signing_in.tokens()
    other = register(client_name="Another").json()["client_id"]
    form = {"token": tokens["access_token"], "client_id": other}
    assert post("/oauth/revoke", form).status_code == 200  # RFC 7009: tells nothing
    assert Connection.objects.get().is_live


def together(work: Any) -> list[Any]:
    """What as many get who ask at the same time."""

    def one(_number: int) -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(one, range(AT_ONCE)))


@pytest.mark.django_db(transaction=True)
def test_of_many_who_redeem_one_code_or_refresh_token_one_gets_tokens(
    signing_in: SigningIn,
) -> None:
    code = signing_in.code()
    answers = together(lambda: signing_in.redeem(code))
    assert sorted({answer.status_code for answer in answers}) == [200, 400]
    assert sum(answer.status_code == 200 for answer in answers) == 1
    refresh_token = signing_in.tokens()["refresh_token"]
    answers = together(lambda: signing_in.refresh(refresh_token))
    assert sum(answer.status_code == 200 for answer in answers) == 1


def test_no_secret_is_stored_or_logged(signing_in: SigningIn, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):  # the site's own level; oauthlib is not asked for more
        code = signing_in.code()
        first = signing_in.redeem(code).json()
        second = signing_in.refresh(first["refresh_token"]).json()
        signing_in.refresh(first["refresh_token"])
    secrets = [code]
    secrets += [
        tokens[kind] for tokens in (first, second) for kind in ("access_token", "refresh_token")
    ]
    kept = io.StringIO()
    call_command("dumpdata", "mcp_oauth", "oauth2_provider", "sessions", stdout=kept)
    said = kept.getvalue() + caplog.text
    assert signing_in.client_id in said
    # Not a part of one either: half of each is enough to go on with.
    assert [secret[:5] for secret in secrets if secret in said or secret[5:40] in said] == []


def test_pythons_client_refreshes_at_the_root_when_it_has_just_been_started(
    signing_in: SigningIn,
) -> None:
    sent = {"grant_type": "refresh_token", "client_id": signing_in.client_id}
    sent["refresh_token"] = signing_in.tokens()["refresh_token"]
    assert post("/token", sent).status_code == 200


def test_parameters_in_the_address_are_refused(signing_in: SigningIn) -> None:
    tokens = signing_in.tokens()
    sent = {"grant_type": "refresh_token", "client_id": signing_in.client_id}
    at = f"/oauth/token?refresh_token={tokens['refresh_token']}"
    assert post(at, sent).json()["error"] == "invalid_request"
    assert Browser().get("/oauth/token").status_code == 405


def test_a_client_that_an_operator_registered_proves_who_it_is(
    signing_in: SigningIn, shop: Server
) -> None:
    model = get_application_model()
    model.objects.create(
        client_id="confidential", client_secret="a secret", name="Ours", redirect_uris=REDIRECT,
        client_type=model.CLIENT_CONFIDENTIAL,
        authorization_grant_type=model.GRANT_AUTHORIZATION_CODE,
    )  # fmt: skip
    signing_in.client_id = "confidential"
    code = signing_in.code()
    assert signing_in.redeem(code).json()["error"] == "invalid_client"
    assert signing_in.redeem(code, client_secret="another").json()["error"] == "invalid_client"
    assert signing_in.redeem(code, client_secret="a secret").status_code == 200


def test_a_secret_that_a_client_does_not_have_is_not_hashed(
    signing_in: SigningIn, monkeypatch: Any
) -> None:
    monkeypatch.setattr("oauth2_provider.oauth2_validators.check_password", None)
    answer = signing_in.refresh("x", client_secret="a guess")
    assert answer.json()["error"] == "invalid_client"


def test_what_registers_itself_is_of_no_use_to_other_endpoints(client_id: str) -> None:
    row = get_application_model().objects.get(client_id=client_id)
    kinds = [value for value, _label in row.GRANT_TYPES]
    assert not any(row.allows_grant_type(kind) for kind in kinds)
    assert row.client_secret.startswith("pbkdf2_sha256$")


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uris": []},
        {"redirect_uris": "https://a.example/"},
        {"redirect_uris": ["http://evil.example/cb"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": [f"https://a.example/{n}" for n in range(9)]},
        {"redirect_uris": ["https://a.example/#part"]},
        {"redirect_uris": ["https://user@a.example/"]},
        {"redirect_uris": ["https://a.example/ b"]},
        {"redirect_uris": ["cursor://callback"]},
        {"client_name": ["a list"]},
        {"client_name": "x" * 9000},
        {"grant_types": ["implicit"]},
        {"response_types": ["token"]},
    ],
    ids=lambda changed: str(changed)[:60],
)
@pytest.mark.django_db
def test_a_client_that_describes_itself_badly_is_not_registered(changed: Any) -> None:
    answer = register(**changed)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_redirect_uri", "invalid_client_metadata"}
    assert not Registration.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"\xff", b"[" * 8000], ids=len)
@pytest.mark.django_db
def test_a_body_that_is_no_description_is_refused(body: bytes) -> None:
    answer = Browser().post("/oauth/register", body, content_type="application/json")
    assert answer.json()["error"] == "invalid_client_metadata"


def test_schemes_of_programs_are_allowed_by_name(db: None, settings: Any) -> None:
    settings.MCP_OAUTH_REDIRECT_SCHEMES = ["cursor"]
    at = "cursor://anysphere.cursor-mcp/cb"
    answer = register(redirect_uris=[at])
    assert answer.status_code == 201
    Server.objects.create(slug="shop")
    browser = logged_in(User.objects.create_user("ada"))
    signing_in = SigningIn(answer.json()["client_id"], browser=browser, redirect_uri=at)
    assert "form-action 'self' cursor:;" in signing_in.ask().headers["Content-Security-Policy"]
    assert signing_in.tokens()
    settings.MCP_OAUTH_REDIRECT_SCHEMES = []
    assert signing_in.ask().status_code == 400


def test_a_name_cannot_look_like_something_else(db: None) -> None:
    name = register(client_name="Claude\u202e\r\n<b>  by\x00 us").json()["client_name"]
    assert name == "Claude<b> by us"
    assert len(register(client_name="x" * 500).json()["client_name"]) == 100


def test_a_flood_of_registrations_is_dammed(db: None) -> None:
    answers = [register() for _ in range(PER_HOUR + 2)]
    assert [answer.status_code for answer in answers] == [201] * PER_HOUR + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 0
    elsewhere = Browser(REMOTE_ADDR="192.0.2.7")
    said = json.dumps({"redirect_uris": [REDIRECT]})
    sent = elsewhere.post("/oauth/register", said, content_type="application/json")
    assert sent.status_code == 201


def test_many_who_are_never_let_in_are_not_all_kept(db: None, monkeypatch: Any) -> None:
    monkeypatch.setattr("mcp_transport.oauth.clients.MOST_UNUSED", 3)
    assert [register().status_code for _ in range(4)] == [201] * 3 + [429]
    assert MOST_UNUSED > PER_HOUR
    oldest = Registration.objects.earliest("created_at")
    Registration.objects.filter(pk=oldest.pk).update(
        created_at=timezone.now() - TIME_TO_BE_LET_IN - timedelta(minutes=1)
    )
    assert [register().status_code for _ in range(2)] == [201, 429]
    assert not Registration.objects.filter(pk=oldest.pk).exists()


def test_clients_that_nobody_let_in_are_forgotten_after_a_day(signing_in: SigningIn) -> None:
    signing_in.tokens()
    unused = register().json()["client_id"]
    Registration.objects.update(created_at=timezone.now() - UNUSED_LIFETIME - timedelta(minutes=1))
    new = register().json()["client_id"]
    left = set(get_application_model().objects.values_list("client_id", flat=True))
    assert left == {signing_in.client_id, new}
    assert unused not in left


def test_nobody_gets_in_while_the_database_is_away(signing_in: SigningIn) -> None:
    code = signing_in.code()

    def away(*_: Any) -> Any:
        raise OperationalError("gone")

    with connection.execute_wrapper(away):
        for answer in (signing_in.redeem(code), register()):
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert signing_in.redeem(code).status_code == 200


def test_registration_can_be_switched_off(db: None, settings: Any) -> None:
    settings.MCP_OAUTH_REGISTRATION = False
    assert register().status_code == 403
    told = Browser().get("/.well-known/oauth-authorization-server").json()
    assert "registration_endpoint" not in told


def test_documents_of_clients_can_be_switched_off(db: None, settings: Any) -> None:
    settings.MCP_OAUTH_CLIENT_HOSTS = ()
    told = Browser().get("/.well-known/oauth-authorization-server").json()
    assert told["client_id_metadata_document_supported"] is False


@pytest.mark.django_db
def test_metadata_says_what_the_server_can_whatever_the_request_says() -> None:
    answer = Browser(SERVER_NAME="localhost").get(
        "/.well-known/oauth-authorization-server", HTTP_X_FORWARDED_HOST="evil.example"
    )
    told = answer.json()
    assert told["issuer"] == PUBLIC_URL
    assert told["authorization_endpoint"] == f"{PUBLIC_URL}/oauth/authorize"
    assert told["token_endpoint"] == f"{PUBLIC_URL}/oauth/token"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "none" in told["token_endpoint_auth_methods_supported"]
    assert told["response_types_supported"] == ["code"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["client_id_metadata_document_supported"] is True


@pytest.mark.django_db
def test_a_path_that_a_client_puts_before_the_site_changes_nothing_of_the_metadata() -> None:
    answer = Browser().get("/.well-known/oauth-authorization-server", SCRIPT_NAME="/evil")
    assert answer.json()["token_endpoint"] == f"{PUBLIC_URL}/oauth/token"


@pytest.mark.parametrize(
    "path",
    ["/.well-known/oauth-authorization-server", "/oauth/token", "/oauth/register", "/oauth/revoke"],
)
@pytest.mark.django_db
def test_pages_of_any_origin_may_ask_without_cookies(path: str) -> None:
    asked = {"Origin": "https://inspector.example", "Access-Control-Request-Method": "POST"}
    answer = Browser().options(path, headers=asked)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_pages_of_no_origin_may_ask_for_consent(signing_in: SigningIn) -> None:
    assert "Access-Control-Allow-Origin" not in signing_in.ask().headers
