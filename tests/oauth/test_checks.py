"""Tests of mcp_transport.oauth.checks."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from mcp_transport.oauth.checks import check_addresses, check_apps, check_login


def test_a_site_that_has_everything_is_told_nothing() -> None:
    assert [*check_apps(), *check_addresses(), *check_login()] == []


def without(app: str) -> list[str]:
    """The apps of the tests' site, but one."""
    return [one for one in django_settings.INSTALLED_APPS if one != app]


def test_an_app_that_cannot_be_done_without_is_named_at_once() -> None:
    with (
        pytest.raises(ImproperlyConfigured, match="oauth2_provider"),
        override_settings(INSTALLED_APPS=without("oauth2_provider")),
    ):
        pass


def test_what_it_needs_is_named(settings: Any) -> None:
    settings.INSTALLED_APPS = without("django.contrib.sessions")
    (problem,) = check_apps()
    assert problem.id == "mcp.E055"
    assert "django.contrib.sessions" in problem.msg


def test_a_site_that_includes_no_addresses_is_told_so(settings: Any) -> None:
    settings.ROOT_URLCONF = "mcp_transport.api.urls"
    (problem,) = check_addresses()
    assert problem.id == "mcp.E056"
    assert 'include("mcp_transport.oauth.urls")' in str(problem.hint)


def test_a_login_page_that_is_not_there_is_noticed(settings: Any) -> None:
    settings.LOGIN_URL = "/nowhere/"
    (problem,) = check_login()
    assert problem.id == "mcp.W055"
    settings.LOGIN_URL = "https://sso.example/login"
    assert check_login() == []
