"""Tests of ``manage.py mcp tools``, against a runtime of its own."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from mcp_transport.models import Server
from tests.management.conftest import FakeRuntime, mcp

pytestmark = pytest.mark.django_db


def test_the_tools_of_every_enabled_server_are_listed(runtime: FakeRuntime, server: Server) -> None:
    Server.objects.create(slug="off", is_enabled=False)
    _, echo, pay = mcp("tools")[0].splitlines()
    assert echo.split() == ["main", "echo", "yes", "-", "Say", "it", "again."]
    assert pay.split() == ["main", "pay", "-", "shop.pay"]
    assert runtime.log == ["started", "stopped"]


def test_a_user_is_shown_what_the_user_may_use(runtime: FakeRuntime, owner: User) -> None:
    listed, _ = mcp("tools", "main", "--user", "ada")
    assert "echo" in listed
    assert "pay" not in listed


def test_a_server_that_is_not_there_is_named(runtime: FakeRuntime) -> None:
    with pytest.raises(CommandError, match="no enabled server 'none'"):
        mcp("tools", "none")
    assert runtime.log == ["started", "stopped"]


def test_one_tool_is_shown_with_its_arguments(runtime: FakeRuntime) -> None:
    lines = mcp("tools", "main", "echo")[0].splitlines()
    assert lines[:5] == ["echo: Echo", "", "Say it again.", "", "Word by word."]
    assert [line.split() for line in lines[6:]] == [
        ["ARGUMENT", "TYPE", "REQUIRED", "DESCRIPTION"],
        ["text", "string", "yes", "What", "is", "said."],
        ["times", "integer", "=", "1", "-"],
        ["loud", '"yes"', "|", '"no"', "|", "null", "-"],
        ["tags", "Tag[]", "-"],
    ]


def test_a_tool_without_arguments_is_its_name(runtime: FakeRuntime) -> None:
    assert mcp("tools", "main", "pay")[0] == "pay\n"


def test_a_tool_that_is_not_there_is_named(runtime: FakeRuntime) -> None:
    with pytest.raises(CommandError, match="no tool 'nope'; `mcp tools main` lists them"):
        mcp("tools", "main", "nope")


def test_tools_are_printed_for_machines(runtime: FakeRuntime) -> None:
    echo, pay = json.loads(mcp("tools", "main", "--json")[0])
    assert echo["tool"]["inputSchema"]["required"] == ["text"]
    assert (echo["server"], echo["name"], echo["readOnly"]) == ("main", "echo", True)
    assert (pay["permission"], pay["tool"]) == ("shop.pay", {})
    assert len(json.loads(mcp("tools", "main", "pay", "--json")[0])) == 1


def test_a_line_is_cut_to_the_terminals_width(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "40")
    out = Terminal()
    call_command("mcp", "tools", "main", stdout=out)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) == 40
    assert lines[1].endswith("…")
