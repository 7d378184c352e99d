"""Tests of mcp_transport.auth.resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mcp_transport.auth import resources
from mcp_transport.auth.resources import (
    AuthorizationServer,
    announce_authorization_servers,
    announced,
    asked_for,
    authorization_servers,
    metadata_url,
    resource_url,
    slug_of,
)

SITE = "https://example.com"
OURS = AuthorizationServer(issuer=SITE, has_tool_scopes=True)
THEIRS = AuthorizationServer(
    issuer="https://login.example", words={"tools": "api://mcp/use"}, given=frozenset({"prompts"})
)
READING = ("tool:look", "tools:read", "tools")


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.MCP_PUBLIC_URL = SITE


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[AuthorizationServer]]:
    """Authorization servers, as somebody announces them."""
    monkeypatch.setattr(resources, "_announced", [])
    named: list[AuthorizationServer] = []
    take_back = announce_authorization_servers(lambda: named)
    yield named
    take_back()
    assert announced() == ()


@pytest.mark.parametrize(("slug", "url"), [("shop", f"{SITE}/mcp/shop"), ("", f"{SITE}/mcp")])
def test_a_server_has_one_url_by_settings_alone(slug: str, url: str) -> None:
    assert resource_url(slug) == url
    assert slug_of(url) == slug
    assert metadata_url(slug) == url.replace("/mcp", "/.well-known/oauth-protected-resource/mcp")


@pytest.mark.parametrize(
    "url",
    [
        "HTTPS://example.com/mcp/shop",
        "https://EXAMPLE.com/mcp/shop",
        "https://example.com/mcp/SHOP",
    ],
)
def test_the_case_of_scheme_and_host_means_nothing_and_of_the_path_all(url: str) -> None:
    assert slug_of(url) == url.rpartition("/")[2]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop",
        SITE,
        f"{SITE}/",
        f"{SITE}/mcp/",
        f"{SITE}/mcp/shop/",
        f"{SITE}/mcp/shop/ws",
        f"{SITE}/mcp/shop?a=b",
        f"{SITE}/mcp/shop#a",
        f"{SITE}/mcp/../mcp/shop",
        f"{SITE}/mcp/sh%6Fp",
        f"{SITE}/MCP/shop",
        f"{SITE}/mcpx",
        f"{SITE}:443/mcp/shop",
        f"{SITE}.evil.example/mcp/shop",
        "https://evil@example.com/mcp/shop",
        "https://evil.example/mcp/shop",
        "http://example.com/mcp/shop",
        "//example.com/mcp/shop",
    ],
)  # fmt: skip
def test_what_is_not_exactly_a_servers_url_names_no_server(url: str) -> None:
    assert slug_of(url) is None


def test_without_a_public_url_nothing_is_a_resource(
    settings: Any, servers: list[AuthorizationServer]
) -> None:
    servers.append(OURS)
    settings.MCP_PUBLIC_URL = None
    assert resource_url("shop") == ""
    assert slug_of("/mcp/shop") is None
    assert (announced(), authorization_servers()) == ((OURS,), ())


def test_without_authorization_servers_the_narrowest_scopes_are_named(
    servers: list[AuthorizationServer],
) -> None:
    assert asked_for((READING, ("resources",))) == "tool:look resources"


def test_scopes_are_named_in_the_words_of_whoever_grants_them(
    servers: list[AuthorizationServer],
) -> None:
    servers.append(THEIRS)
    assert asked_for((READING, ("resources",), ("prompts",))) == "api://mcp/use"
    servers.append(OURS)
    assert asked_for((READING, ("prompts",))) == "api://mcp/use tools prompts"


def test_where_clients_may_choose_they_are_asked_for_what_each_can_grant(
    servers: list[AuthorizationServer],
) -> None:
    servers.append(OURS)
    assert asked_for((READING,)) == "tool:look"
    servers.append(AuthorizationServer(issuer="https://login.example"))
    assert asked_for((READING,)) == "tools:read"
    assert asked_for((("tool:pay", "tools"), ("tools",))) == "tools"


def test_what_an_authorization_server_cannot_grant_alone_is_asked_for_in_a_wider_scope(
    servers: list[AuthorizationServer],
) -> None:
    servers.append(AuthorizationServer(issuer=SITE))
    assert asked_for((READING,)) == "tools:read"
    assert asked_for((("tool:pay", "tools"), ("tools",))) == "tools"
