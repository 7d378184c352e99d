"""Tests of mcp_transport.checks.remote."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import CheckMessage
from pytest_django import Settings

from mcp_transport.checks import remote

FAR = {"url": "https://far.example/mcp"}
GRANT = {"token_url": "http://login.example/", "client_id": "a", "client_secret": "b"}


def the(messages: list[CheckMessage]) -> CheckMessage:
    """The one message there is."""
    (message,) = messages
    return message


def test_a_server_that_is_written_wrongly_is_named_with_the_remedy(settings: Settings) -> None:
    settings.MCP_REMOTE = {"far": {"url": "far.example"}}
    message = the(remote.check_upstreams())
    assert message.id == "mcp.E061"
    assert message.msg.startswith("MCP_REMOTE['far'] ['url'] is no URL")
    assert "remote-servers.md" in str(message.hint)


def test_servers_that_nothing_would_reach_are_pointed_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MCP_REMOTE = {"far": FAR}
    assert remote.check_are_reached() == []
    settings.MCP_SOURCES = ["mcp_transport.sources.apps.AppSource"]
    assert the(remote.check_are_reached()).id == "mcp.E062"
    settings.MCP_SOURCES = [remote.SOURCE]
    monkeypatch.setattr(remote, "find_spec", lambda _name: None)
    assert the(remote.check_are_reached()).id == "mcp.E063"
    settings.MCP_REMOTE = {}
    assert remote.check_are_reached() == []


@pytest.mark.parametrize(
    ("options", "is_exposed"),
    [
        ({"url": "http://far.example", "auth": {"bearer": "a"}}, True),
        ({"url": "http://far.example", "headers": {"X-Key": "a"}}, True),
        ({"url": "https://far.example", "auth": {"client_credentials": GRANT}}, True),
        ({"url": "https://far.example", "auth": {"bearer": "a"}}, False),
        ({"url": "http://127.0.0.1:1", "auth": {"bearer": "a"}}, False),
        ({"url": "http://far.example"}, False),
    ],
)
def test_a_credential_without_tls_is_pointed_out(
    settings: Settings, options: dict[str, Any], is_exposed: bool
) -> None:
    settings.MCP_REMOTE = {"far": options}
    assert [message.id for message in remote.check_remote_encryption()] == ["mcp.W060"] * is_exposed


def test_a_setting_that_is_wrong_as_a_whole_is_not_looked_into(settings: Settings) -> None:
    settings.MCP_REMOTE = ["https://far.example"]
    assert remote.check_upstreams() == remote.check_are_reached() == []
    assert remote.check_remote_encryption() == []
