"""Tests of mcp_transport.auth.issuers.discovery."""

from __future__ import annotations

import pytest

from mcp_transport.auth.issuers.discovery import addresses_of

A = "https://a.example"


@pytest.mark.parametrize(
    ("issuer", "paths"),
    [
        ("/realms/x", ("/.well-known/oauth-authorization-server/realms/x",
                       "/.well-known/openid-configuration/realms/x",
                       "/realms/x/.well-known/openid-configuration")),
        ("", ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")),
        ("/", ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")),
    ],
)  # fmt: skip
def test_metadata_is_looked_for_where_clients_do(issuer: str, paths: tuple[str, ...]) -> None:
    assert addresses_of(A + issuer) == tuple(A + path for path in paths)
