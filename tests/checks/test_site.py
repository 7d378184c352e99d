"""Tests of mcp_transport.checks.site."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
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


def test_times_without_their_zone_are_an_error(settings: Settings) -> None:
    assert site.check_time_zones() == []
    settings.USE_TZ = False
    assert [message.id for message in site.check_time_zones()] == ["mcp.E017"]


class Visitor(AbstractBaseUser):
    """A user who never leaves."""

    name = models.CharField(max_length=20, unique=True)
    USERNAME_FIELD = "name"

    class Meta:
        app_label = "checks_test"


def test_users_have_a_column_for_who_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    assert site.check_users() == []
    monkeypatch.setattr(site, "get_user_model", lambda: Visitor)
    (message,) = site.check_users()
    assert (message.id, "checks_test.Visitor" in message.msg) == ("mcp.E018", True)


class Apart:
    """A router that takes users away."""

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        return "elsewhere" if model._meta.app_label == "auth" else None


class Moved:
    """A router that takes everything away."""

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        return "elsewhere"


def test_tokens_and_their_owners_are_in_the_default_database(settings: Settings) -> None:
    assert site.check_database() == []
    settings.DATABASE_ROUTERS = [f"{__name__}.Apart"]
    (message,) = site.check_database()
    assert message.id == "mcp.E019"
    assert "put auth.User into 'elsewhere'" in message.msg
    settings.DATABASE_ROUTERS = [f"{__name__}.Moved"]
    assert [m.msg.split()[2] for m in site.check_database()] == [
        "mcp_transport.Server",
        "auth.User",
    ]


def test_a_prefix_is_for_an_app_that_is_there(settings: Settings) -> None:
    settings.MCP_NAME_PREFIXES = {"mcp_transport": "m_", "acme": "a_"}
    (message,) = site.check_prefixes()
    assert (message.id, "'acme'" in message.msg) == ("mcp.W006", True)
    settings.MCP_NAME_PREFIXES = {"acme": 3}
    assert site.check_prefixes() == []  # which is told as what it is


@pytest.mark.parametrize(
    "engines", [[], [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]]
)
def test_a_page_without_its_template_is_pointed_out(
    settings: Settings, engines: list[dict[str, str]]
) -> None:
    assert site.check_page() == []
    settings.TEMPLATES = engines
    assert [message.id for message in site.check_page()] == ["mcp.W007"]
    settings.MCP_PAGE = False
    assert site.check_page() == []
