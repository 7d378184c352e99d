"""Tests of mcp_transport.checks.oauth."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.auth import resources
from mcp_transport.auth.resources import AuthorizationServer, announce_authorization_servers
from mcp_transport.checks import oauth
from mcp_transport.checks.oauth import (
    AUTHENTICATOR,
    check_issuers,
    check_packages,
    check_public_url,
)


def test_logging_in_needs_the_sites_address(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_announced", [])
    assert check_public_url() == []
    take_back = announce_authorization_servers(lambda: [AuthorizationServer(issuer="https://a.b")])
    try:
        assert [message.id for message in check_public_url()] == ["mcp.E051"]
        settings.MCP_PUBLIC_URL = "https://example.com"
        assert check_public_url() == []
    finally:
        take_back()


def test_each_issuer_is_looked_into(settings: Any) -> None:
    settings.MCP_ISSUERS = {"https://a.example": {}, "b.example": {"types": 1}}
    assert [message.id for message in check_issuers()] == ["mcp.E053"] * 2
    settings.MCP_ISSUERS = ["https://a.example"]
    assert check_issuers() == check_packages() == []


def test_issuers_need_what_reads_their_tokens(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check_packages() == []
    settings.MCP_ISSUERS = {"https://a.example": {}}
    assert check_packages() == []
    settings.MCP_AUTHENTICATORS = ["mcp_transport.auth.bearer.BearerAuthenticator"]
    monkeypatch.setattr(oauth, "PACKAGES", ("no_such_package",))
    assert [message.id for message in check_packages()] == ["mcp.E054", "mcp.W050"]
    settings.MCP_AUTHENTICATORS = [AUTHENTICATOR]
    assert [message.id for message in check_packages()] == ["mcp.E054"]
