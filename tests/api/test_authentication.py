"""Tests of mcp_transport.api.authentication."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from mcp_transport.models import Server, Token
from tests.api.conftest import with_token

SERVERS = "/api/servers/"


@pytest.fixture
def chief(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("chief")


@pytest.mark.parametrize("scopes", [[], ["tools"], ["tools", "resources", "prompts"]])
def test_a_token_is_an_operators_only_if_it_says_so(chief: User, scopes: list[str]) -> None:
    answer = with_token(chief, scopes=scopes).get(SERVERS)
    assert answer.status_code == 403
    assert "'operator'" in answer.json()["detail"]


def test_an_operators_token_notes_its_use(chief: User) -> None:
    assert with_token(chief, scopes=["tools", "operator"]).get(SERVERS).status_code == 200
    assert Token.objects.get().last_used_at is not None


def test_a_token_that_is_over_opens_nothing(chief: User) -> None:
    for over in ({"revoked_at": timezone.now()}, {"expires_at": timezone.now() - timedelta(1)}):
        program = with_token(chief)
        Token.objects.update(**over)
        answer = program.get(SERVERS)
        assert (answer.status_code, answer.headers["WWW-Authenticate"][:6]) == (401, "Bearer")


def test_the_token_of_an_inactive_user_opens_nothing(chief: User) -> None:
    program = with_token(chief)
    User.objects.update(is_active=False)
    assert program.get(SERVERS).status_code == 401


@pytest.mark.parametrize("value", ["", "nonsense", "mcp_" + "A" * 49, "é"])
def test_what_is_no_token_opens_nothing(db: None, value: str) -> None:
    header = f"Bearer {value}".encode().decode("latin-1")
    assert APIClient().get(SERVERS, HTTP_AUTHORIZATION=header).status_code == 401


def test_a_browser_that_is_logged_in_may_look_and_needs_its_csrf_token_to_change(
    chief: User,
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(chief)
    assert browser.get(SERVERS).status_code == 200
    form = {"data": '{"slug": "new"}', "content_type": "application/json"}
    assert browser.post(SERVERS, **form).status_code == 403  # type: ignore[arg-type]  # a mix of both
    browser.get("/admin/")
    page = browser.get(SERVERS, headers={"accept": "text/html"})
    token = page.cookies["csrftoken"].value if "csrftoken" in page.cookies else ""
    token = token or browser.get("/api/docs/").cookies["csrftoken"].value
    answer = browser.post(SERVERS, **form, headers={"X-CSRFToken": token})  # type: ignore[arg-type]
    assert answer.status_code == 201
    assert Server.objects.filter(slug="new").exists()
