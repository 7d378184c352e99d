"""Tests of mcp_transport.auth.issuers.claims."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.auth.issuers.claims import Account, Unfit, account_of
from mcp_transport.auth.issuers.configuration import Issuer, read

URL = "https://login.example"
SITE = "https://example.com"
NOW = 1_000_000.0


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.MCP_PUBLIC_URL = SITE


def account(issuer: Issuer | None = None, **claims: Any) -> Account:
    usual = {"iss": URL, "sub": "s", "aud": f"{SITE}/mcp/main", "exp": NOW + 60}
    return account_of(issuer or Issuer(url=URL), {**usual, **claims}, now=NOW)


@pytest.mark.parametrize(
    ("audience", "slugs"),
    [
        (f"{SITE}/mcp/main", {"main"}),
        ([f"{SITE}/mcp/main"], {"main"}),
        (["account", f"{SITE}/mcp/main", f"{SITE}/mcp/other"], {"main", "other"}),
        (f"{SITE}/mcp", {""}),
        ("https://EXAMPLE.com/mcp/main", {"main"}),
        ("HTTPS://example.com/mcp/main", {"main"}),
        ("api://mcp", {"shop"}),
        (f"{SITE}/mcp/main/", None),
        (f"{SITE}/mcp/", None),
        (SITE, None),
        (f"{SITE}/", None),
        (f"{SITE}:443/mcp/main", None),
        ("https://example.com.evil.example/mcp/main", None),
        ("https://other.example/mcp/main", None),
        ("http://example.com/mcp/main", None),
        ("api://mcp/", None),
        ("", None),
        ([], None),
        (None, None),
        ([f"{SITE}/mcp/main", 1], None),
        ({"main": True}, None),
    ],
)
def test_a_token_is_good_for_the_servers_that_it_names_exactly(
    audience: Any, slugs: set[str] | None
) -> None:
    issuer = read(URL, {"audiences": {"api://mcp": "shop"}})
    if slugs is None:
        with pytest.raises(Unfit):
            account(issuer, aud=audience)
    else:
        assert account(issuer, aud=audience).slugs == slugs


@pytest.mark.parametrize(
    ("options", "claims", "scopes"),
    [
        ({}, {}, set()),
        ({}, {"scope": "openid tools:read tool:pay operator tool:"}, {"tools:read", "tool:pay"}),
        ({}, {"scp": "tools"}, set()),
        ({"scope_claim": "scp"}, {"scp": ["tools", 1, "prompts"]}, {"tools", "prompts"}),
        ({"scope_claim": "roles", "scopes": {"Mcp.Use": ["tools", "resources"]}},
         {"roles": ["Mcp.Use", "tools"]}, {"tools", "resources"}),
        ({"default_scopes": ["tools:read"]}, {"scope": "prompts"}, {"tools:read", "prompts"}),
        ({}, {"scope": {"tools": True}}, set()),
    ],
)  # fmt: skip
def test_scopes_are_those_that_the_site_knows(
    options: Any, claims: dict[str, Any], scopes: set[str]
) -> None:
    assert account(read(URL, options), **claims).scopes == frozenset(scopes)


@pytest.mark.parametrize("claim", ["client_id", "azp", "appid", "cid"])
def test_the_client_is_known_by_what_its_issuer_calls_it(claim: str) -> None:
    named: dict[str, Any] = {claim: "laptop"}
    assert account(**named).client == "laptop"
    assert account(**{**named, claim: 1}).client == ""


def test_groups_are_read_only_if_the_setting_names_their_claim() -> None:
    assert account(groups=["a"]).groups is None
    issuer = read(URL, {"groups_claim": "groups", "groups": {"a": "clerks"}})
    assert account(issuer).groups is None
    assert account(issuer, groups=["a", 1, "b"]).groups == ("a", "b")


def test_what_an_account_says_of_itself_is_in_no_log() -> None:
    assert "secret" not in repr(account(note="secret"))


@pytest.mark.parametrize("issuer", [URL + "/", URL.upper(), "", None, ["https://login.example"]])
def test_the_issuer_is_compared_letter_by_letter(issuer: Any) -> None:
    with pytest.raises(Unfit):
        account(iss=issuer)
