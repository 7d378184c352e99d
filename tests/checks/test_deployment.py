"""Tests of mcp_transport.checks.deployment."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import OperationalError
from pytest_django import Settings

from mcp_transport.bus.memory import MemoryBus
from mcp_transport.checks import deployment
from mcp_transport.models import Server

STRONG = "k7!dQ2x#zR9mVw4t@Lp8sYb3nHf6jGc1eUa5oXi0TqWzErKdMv"


class FarBus(MemoryBus):
    """A bus that reaches other processes."""

    reaches_other_processes = True


def ids(messages: list[CheckMessage]) -> list[str | None]:
    """What the messages are called."""
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("MCP_TOKEN_LIFETIME_DAYS", None, "mcp.W011"),
        ("MCP_CALL_RECORDING", "off", "mcp.W013"),
        ("MCP_ROW_CACHE_SECONDS", 60, "mcp.W015"),
        ("MCP_KEEP_ALIVE_INTERVAL", 60, "mcp.W016"),
        ("MCP_ALLOWED_ORIGINS", ["http://app.example"], "mcp.W017"),
    ],
)
def test_an_unwise_setting_is_pointed_out(
    settings: Settings, name: str, value: Any, code: str
) -> None:
    assert deployment.check_cautions() == []
    setattr(settings, name, value)
    assert ids(deployment.check_cautions()) == [code]


def test_pages_of_this_machine_need_no_tls(settings: Settings) -> None:
    settings.MCP_ALLOWED_ORIGINS = ["http://localhost:3000", "https://app.example"]
    assert deployment.check_cautions() == []


def test_a_setting_that_is_wrong_is_not_called_unwise(settings: Settings) -> None:
    settings.MCP_ROW_CACHE_SECONDS = "long"
    settings.MCP_ALLOWED_HOSTS = 3
    settings.MCP_WORKERS = "many"
    assert deployment.check_cautions() == []
    assert deployment.check_hosts() == []
    assert deployment.check_workers() == []


def test_every_host_name_is_an_error(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(deployment.check_hosts()) == ["mcp.E010"]
    settings.MCP_ALLOWED_HOSTS = ["shop.example"]
    assert deployment.check_hosts() == []


def test_debug_is_an_error(settings: Settings) -> None:
    assert deployment.check_debug() == []
    settings.DEBUG = True
    assert ids(deployment.check_debug()) == ["mcp.E011"]


@pytest.mark.parametrize("key", ["short", "ab" * 50, f"django-insecure-{STRONG}", b"short", ""])
def test_a_weak_signing_key_is_an_error_that_does_not_repeat_it(
    settings: Settings, key: str | bytes
) -> None:
    settings.SECRET_KEY = STRONG
    settings.SECRET_KEY_FALLBACKS = [STRONG, key]
    (message,) = deployment.check_signing_key()
    assert message.id == "mcp.E012"
    assert message.msg.startswith("SECRET_KEY_FALLBACKS[1] can be guessed")
    assert not key or str(key) not in message.msg


def test_strong_keys_pass(settings: Settings) -> None:
    settings.SECRET_KEY = STRONG
    settings.SECRET_KEY_FALLBACKS = [STRONG.encode()]
    assert deployment.check_signing_key() == []


@pytest.mark.parametrize(
    ("said", "environment", "warns"),
    [(None, "", False), (None, "4", True), (None, "x", False), (1, "4", False), (2, "", True)],
)
def test_several_processes_without_a_bus_between_them_are_pointed_out(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    said: int | None,
    environment: str,
    warns: bool,
) -> None:
    settings.MCP_WORKERS = said
    monkeypatch.setenv("WEB_CONCURRENCY", environment)
    assert ids(deployment.check_workers()) == ["mcp.W018"] * warns


def test_several_processes_may_share_a_bus(settings: Settings) -> None:
    settings.MCP_WORKERS = 8
    settings.MCP_BUS = {"default": {"BACKEND": f"{__name__}.FarBus"}}
    assert deployment.check_workers() == []


@pytest.mark.parametrize(
    ("database", "warns"),
    [
        ({"ENGINE": "django.db.backends.postgresql"}, True),
        ({"ENGINE": "django.contrib.gis.db.backends.postgis", "CONN_MAX_AGE": 0}, True),
        ({"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": 60}, False),
        ({"ENGINE": "django.db.backends.postgresql", "CONN_MAX_AGE": None}, False),
        ({"ENGINE": "django.db.backends.postgresql", "OPTIONS": {"pool": True}}, False),
        ({"ENGINE": "django.db.backends.sqlite3"}, False),
    ],
)
def test_a_connection_for_every_request_is_pointed_out(
    monkeypatch: pytest.MonkeyPatch, database: dict[str, Any], warns: bool
) -> None:
    monkeypatch.setattr("django.conf.settings.DATABASES", {"default": database})
    assert ids(deployment.check_connections()) == ["mcp.W014"] * warns


@pytest.mark.django_db
def test_a_public_server_is_pointed_out() -> None:
    Server.objects.create(slug="open", access=Server.Access.PUBLIC)
    Server.objects.create(slug="off", access=Server.Access.PUBLIC, is_enabled=False)
    Server.objects.create(slug="closed")
    warning, _unlimited = deployment.check_public_servers()
    assert warning.id == "mcp.W012"
    assert "'open'" in warning.msg
    assert ids(deployment.check_public_servers(["default"])) == ["mcp.W012", "mcp.W020"]
    assert deployment.check_public_servers(["other"]) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("of_site", "own", "warns"),
    [(None, 0, True), (60, None, False), (60, 0, True), (None, 60, False)],
)
def test_a_public_server_without_a_limit_is_pointed_out(
    settings: Settings, of_site: int | None, own: int | None, warns: bool
) -> None:
    settings.MCP_ANONYMOUS_RATE_LIMIT = of_site
    Server.objects.create(slug="open", access=Server.Access.PUBLIC, principal_rate=own)
    assert ("mcp.W020" in ids(deployment.check_public_servers())) is warns


@pytest.mark.django_db
def test_a_database_without_the_tables_has_no_public_servers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("django.db.connection.introspection.table_names", list)
    assert deployment.check_public_servers() == []


def test_a_database_that_is_away_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> list[str]:
        raise OperationalError("password=secret")

    monkeypatch.setattr("django.db.connection.introspection.table_names", away)
    (warning,) = deployment.check_public_servers()
    assert warning.id == "mcp.W019"
    assert "secret" not in warning.msg


@pytest.mark.django_db
def test_every_check_of_a_deployment_is_registered(settings: Settings) -> None:
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["*"]
    settings.SECRET_KEY = "short"
    settings.MCP_WORKERS = 2
    settings.MCP_CALL_RECORDING = "off"
    Server.objects.create(slug="open", access=Server.Access.PUBLIC)
    found = set(ids(run_checks(include_deployment_checks=True)))
    assert {"mcp.E010", "mcp.E011", "mcp.E012", "mcp.W012", "mcp.W013", "mcp.W018"} <= found
