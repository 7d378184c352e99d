"""Tests of mcp_transport.checks.programs."""

from __future__ import annotations

from django.core.checks import CheckMessage
from pytest_django import Settings

from mcp_transport.checks import programs


def the(messages: list[CheckMessage]) -> CheckMessage:
    """The one message there is."""
    (message,) = messages
    return message


def test_programs_that_nothing_would_start_are_pointed_out(settings: Settings) -> None:
    settings.MCP_STDIO = {"clock": {"command": ["env"]}}
    assert programs.check_are_started() == []
    settings.MCP_SOURCES = ["mcp_transport.sources.apps.AppSource"]
    assert the(programs.check_are_started()).id == "mcp.W035"
    settings.MCP_STDIO = {}
    assert programs.check_are_started() == []


def test_a_program_that_is_called_like_an_app_is_pointed_out(settings: Settings) -> None:
    for alias in ("auth", "texts"):
        settings.MCP_STDIO = {alias: {"command": ["env"]}, "clock": {"command": ["env"]}}
        message = the(programs.check_aliases())
        assert message.id == "mcp.W036"
        assert f"MCP_STDIO[{alias!r}] is called like an app" in message.msg


def test_a_program_that_is_not_there_is_named_with_the_remedy(settings: Settings) -> None:
    settings.MCP_STDIO = {"clock": {"command": ["no-such-program"]}}
    message = the(programs.check_programs())
    assert message.id == "mcp.E031"
    assert message.msg.startswith("MCP_STDIO['clock'] ['command'] begins with 'no-such-program'")
    assert message.hint


def test_a_setting_that_is_wrong_as_a_whole_is_not_looked_into(settings: Settings) -> None:
    settings.MCP_STDIO = ["npx"]
    assert programs.check_programs() == programs.check_are_started() == []
    assert programs.check_aliases() == []
