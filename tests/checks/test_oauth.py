"""Tests of mcp_transport.checks.oauth."""

from __future__ import annotations

from typing import Any

from mcp_transport.auth.resources import AuthorizationServer, announce_authorization_servers
from mcp_transport.checks.oauth import check_public_url


def test_logging_in_needs_the_sites_address(settings: Any) -> None:
    assert check_public_url() == []
    take_back = announce_authorization_servers(lambda: [AuthorizationServer(issuer="https://a.b")])
    try:
        assert [message.id for message in check_public_url()] == ["mcp.E051"]
        settings.MCP_PUBLIC_URL = "https://example.com"
        assert check_public_url() == []
    finally:
        take_back()
