"""Tests of mcp_transport.checks.entries."""

from __future__ import annotations

import sys

import pytest
from django.db import OperationalError
from pytest_django import Settings

from mcp_transport.checks import entries
from mcp_transport.models import Server, TextEntry
from mcp_transport.registry.building import build_tool
from mcp_transport.registry.registry import registry


@pytest.mark.django_db
def test_what_is_said_of_an_entry_that_is_not_there_is_pointed_out(settings: Settings) -> None:
    assert entries.check_overrides() == []
    server = Server.objects.create(slug="shop")
    TextEntry(name="draft", text="x", is_enabled=False).save()
    for kind, name in (("tool", "echo"), ("tool", "old_echo"), ("prompt", "draft")):
        server.overrides.create(kind=kind, name=name, is_enabled=False)
    (warning,) = entries.check_overrides(["default"])
    assert warning.id == "mcp.W024"
    assert "'shop' changes the tool 'old_echo'" in warning.msg
    assert entries.check_overrides(["other"]) == []
    server.overrides.create(kind="tool", name="clock_now", is_enabled=False)
    server.overrides.create(kind="resource", name="clock://now", is_enabled=False)
    assert len(entries.check_overrides()) == 3
    settings.MCP_STDIO = {"clock": {"command": [sys.executable]}}  # which does not run for a check
    assert entries.check_overrides() == [warning]
    settings.MCP_SOURCES = ["nowhere.Source"]  # which is told as what it is
    assert entries.check_overrides() == []


@pytest.mark.django_db
def test_an_entry_that_is_hidden_by_another_is_pointed_out(settings: Settings) -> None:
    assert entries.check_names() == []
    TextEntry(name="plan", text="x").save()  # one of an app came later
    (warning,) = entries.check_names()
    assert warning.id == "mcp.W027"
    assert warning.msg.startswith("The prompt 'plan' of 'texts' is hidden: ")
    settings.MCP_SOURCES = ["nowhere.Source"]
    assert entries.check_names() == []


def test_names_are_not_compared_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_kind: str) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(entries, "site_sources", away)
    assert entries.check_names() == []


def guarded() -> None:
    """Do nothing, for those who may."""


@pytest.mark.django_db
def test_a_permission_that_nobody_can_have_is_pointed_out(settings: Settings) -> None:
    assert entries.check_permissions() == []
    server = Server.objects.create(slug="a", access="permission", permission="auth.veiw_user")
    Server.objects.create(slug="b", access="permission", permission="auth.view_user")
    server.overrides.create(name="echo", permission="auth.chnage_user")
    settings.MCP_STDIO = {"clock": {"command": [sys.executable], "permission": "auth.ad_user"}}
    with registry.registered_temporarily(build_tool(guarded, permission="shop.pay")):
        found = entries.check_permissions(["default"])
    assert {message.id for message in found} == {"mcp.W026"}
    assert [message.msg.partition(", which")[0] for message in found] == [
        "The tool 'guarded' asks for the permission 'shop.pay'",
        "MCP_STDIO['clock'] asks for the permission 'auth.ad_user'",
        "The server 'a' asks for the permission 'auth.veiw_user'",
        "The tool 'echo' of the server 'a' asks for the permission 'auth.chnage_user'",
    ]
    assert entries.check_permissions(["other"]) == []


@pytest.mark.django_db
def test_without_tables_nothing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.db.connection.introspection.table_names", list)
    assert entries.check_overrides() == entries.check_permissions() == []


def test_a_database_that_is_away_is_told_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> list[str]:
        raise OperationalError("password=secret")

    monkeypatch.setattr("django.db.connection.introspection.table_names", away)
    assert entries.check_overrides() == entries.check_permissions() == []
