"""Tests of mcp_transport.checks.site."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import include, path, re_path
from pytest_django import Settings

from mcp_transport.checks import site


def view(request: object) -> HttpResponse:
    """A page."""
    return HttpResponse()


NESTED = [path("inner/", view), path("mcp/deep/<int:id>/", view)]


def warned(patterns: list[Any], settings: Settings) -> list[str]:
    """The paths that are said to be out of reach."""
    pages = ModuleType("pages")
    pages.urlpatterns = patterns  # type: ignore[attr-defined]  # the module of one test
    settings.ROOT_URLCONF = pages
    messages = site.check_reserved_paths()
    assert {message.id for message in messages} <= {"mcp.W003"}
    return [message.msg.split("'")[1] for message in messages]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (path("mcp/", view), ["/mcp/"]),
        (path("mcp", view), ["/mcp"]),
        (path("mcp/<slug:slug>/", view), ["/mcp/"]),
        (path("", include(NESTED)), ["/mcp/deep/"]),
        (path("mcp/", include(NESTED)), ["/mcp/"]),
        (path("mcpages/", view), []),
        (path("<slug:any>/", view), []),
        (path("", view), []),
        (re_path("^mcp/", view), []),
    ],
)
def test_a_page_below_the_path_is_pointed_out(
    settings: Settings, pattern: Any, expected: list[str]
) -> None:
    assert warned([pattern], settings) == expected


def test_a_path_that_hides_the_admin_is_pointed_out(settings: Settings) -> None:
    settings.MCP_PATH = "/admin"
    assert warned([path("admin/", view)], settings) == ["/admin/"]


def test_files_below_the_path_are_pointed_out(settings: Settings) -> None:
    settings.STATIC_URL = "/mcp/static/"
    settings.MEDIA_URL = "https://files.example/mcp/"
    assert warned([], settings) == ["/mcp/static/"]


@pytest.mark.parametrize(
    ("root", "pattern", "hidden"),
    [
        ("/", "docs/", ["/docs/"]),
        ("/", "tools/<name>/", ["/tools/"]),
        ("/", "ws/tools/", ["/ws/tools/"]),
        ("/", "", []),  # the one page that is meant to be
        ("/", "toolbox/", []),
        ("/api", "docs/", []),
        ("/api", "api/health", ["/api/health"]),
        (None, "docs/", []),
        (3, "docs/", []),
    ],
)
def test_a_page_that_plain_http_hides_is_pointed_out(
    settings: Settings, root: Any, pattern: str, hidden: list[str]
) -> None:
    settings.MCP_REST, settings.MCP_REST_ROOT = True, root
    warned([path(pattern, view)], settings)
    found = site.check_plain_http()
    assert [warning.id for warning in found] == ["mcp.W003"] * len(hidden)
    assert all(repr(page) in str(warning.msg) for warning, page in zip(found, hidden, strict=True))
    settings.MCP_REST = False
    assert site.check_plain_http() == []


def test_a_path_that_is_none_hides_nothing(settings: Settings) -> None:
    settings.MCP_PATH = 3
    assert site.check_reserved_paths() == []


def test_a_site_without_pages_is_no_trouble(settings: Settings) -> None:
    del settings.ROOT_URLCONF
    assert site.check_reserved_paths() == []


@pytest.mark.parametrize(
    ("database", "warns"),
    [
        ({"ENGINE": "django.db.backends.sqlite3"}, True),
        ({"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"transaction_mode": None}}, True),
        (
            {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"transaction_mode": "immediate"}},
            False,
        ),
        ({"ENGINE": "django.db.backends.postgresql"}, False),
    ],
)
def test_sqlite_without_early_locks_is_pointed_out(
    monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], warns: bool
) -> None:
    monkeypatch.setattr("django.conf.settings.DATABASES", {"default": database})
    assert [message.id for message in site.check_sqlite()] == ["mcp.W002"] * warns


def test_a_database_of_other_apps_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.router.allow_migrate_model", lambda *_: False)
    assert list(site.databases_in_use()) == []
