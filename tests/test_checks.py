"""Tests of mcp_transport.checks."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

from mcp_transport import checks
from mcp_transport.models import Server


def ids(messages: list[CheckMessage]) -> list[str | None]:
    """What the messages are called."""
    return [message.id for message in messages]


def test_the_defaults_pass_every_check() -> None:
    ours = [message for message in run_checks() if (message.id or "").startswith("mcp.")]
    assert ours == []


@pytest.mark.parametrize("path", ["mcp", "/mcp/", "", "/"])
def test_a_path_that_cannot_be_joined_is_an_error(settings: Settings, path: str) -> None:
    settings.MCP_PATH = path
    assert ids(checks.check_path()) == ["mcp.E001"]


def test_an_unknown_way_of_recording_is_an_error(settings: Settings) -> None:
    assert checks.check_recording() == []
    settings.MCP_CALL_RECORDING = "sometimes"
    assert ids(checks.check_recording()) == ["mcp.E002"]


def test_an_authenticator_that_is_none_is_an_error(settings: Settings) -> None:
    settings.MCP_AUTHENTICATORS = ["no.such.Thing", "mcp_transport.models.Server"]
    missing, wrong = checks.check_authenticators()
    assert (missing.id, wrong.id) == ("mcp.E003", "mcp.E003")
    assert "cannot be imported" in missing.msg
    assert "not an authenticator" in wrong.msg


@pytest.mark.parametrize("value", [0, -1, "many", None])
def test_a_limit_that_leaves_no_room_is_an_error(settings: Settings, value: Any) -> None:
    settings.MCP_THREADS = value
    assert ids(checks.check_limits()) == ["mcp.E004"]


def test_a_setting_that_nobody_reads_is_pointed_out(settings: Settings) -> None:
    settings.MCP_THREDS = 3
    (warning,) = checks.check_names()
    assert warning.id == "mcp.W001"
    assert "MCP_THREDS" in warning.msg


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
    assert ids(checks.check_sqlite(["default"])) == ["mcp.W002"] * warns
    assert checks.check_sqlite(None) == []


def test_deployed_under_every_host_name_is_pointed_out(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(checks.check_hosts()) == ["mcp.W010"]
    settings.MCP_ALLOWED_HOSTS = ["shop.example"]
    assert checks.check_hosts() == []


def test_deployed_with_tokens_for_ever_is_pointed_out(settings: Settings) -> None:
    assert checks.check_token_lifetime() == []
    settings.MCP_TOKEN_LIFETIME_DAYS = None
    assert ids(checks.check_token_lifetime()) == ["mcp.W011"]


@pytest.mark.django_db
def test_deployed_with_a_public_server_is_pointed_out() -> None:
    Server.objects.create(slug="open", access=Server.Access.PUBLIC)
    Server.objects.create(slug="off", access=Server.Access.PUBLIC, is_enabled=False)
    Server.objects.create(slug="closed")
    (warning,) = checks.check_public_servers(["default"])
    assert warning.id == "mcp.W012"
    assert "'open'" in warning.msg


@pytest.mark.django_db
def test_a_database_without_the_tables_has_no_public_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("django.db.connection.introspection.table_names", list)
    assert checks.check_public_servers(["default"]) == []


@pytest.mark.django_db
def test_a_database_of_other_apps_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.router.allow_migrate_model", lambda *_: False)
    assert checks.check_public_servers(["default"]) == []
