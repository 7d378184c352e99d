"""Tests of mcp_transport.auth.issuers.configuration."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from mcp_transport.auth.issuers.configuration import KEYS, announced, configured, problems, read
from mcp_transport.auth.resources import announced as named_to_clients

URL = "https://login.example/realms/acme"
SECRET = "the secret of the site"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"algorithms": ["ES256"], "types": ["at+jwt", "JWT"], "jwks_url": f"{URL}/keys"},
        {"introspection": {"client_id": "a", "client_secret": SECRET}},
        {"audiences": {"api://mcp": "shop"}, "scopes": {"Mcp.Use": ["tools", "tool:pay"]}},
        {"users": "create", "groups_claim": "groups", "groups": {"a": "clerks"}},
        {"default_scopes": ["tools:read"], "scope_claim": "roles", "private_hosts": ["login.example"]},
    ],
)  # fmt: skip
def test_an_issuer_takes_these(options: Any) -> None:
    assert list(problems(URL, options)) == []


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("login.example", {}, "is no URL"),
        ("http://login.example", {}, "is not of https"),
        ("http://127.0.0.1:8080", {}, "is not of https"),
        (URL + "?a=b", {}, "query"),
        (URL + "#a", {}, "fragment"),
        (URL, [], "no dictionary"),
        (URL, {"algorithm": "RS256"}, "unknown key 'algorithm'"),
        (URL, {"algorithms": ["HS256"]}, "['algorithms'] contains 'HS256'"),
        (URL, {"algorithms": ["none"]}, "['algorithms'] contains 'none'"),
        (URL, {"jwks_url": "http://login.example/keys"}, "['jwks_url'] is not of https"),
        (URL, {"introspection": {"client_id": "a"}}, "['introspection'] has \"client_id\" and"),
        (URL, {"introspection": {"client_id": "a", "client_secret": ""}}, "is no text"),
        (URL, {"introspection": {"client_id": "a", "client_secret": SECRET, "x": 1}}, "unknown"),
        (URL, {"audiences": {"api://mcp": "no slug"}}, "the slug of a server"),
        (URL, {"audiences": ["api://mcp"]}, "no dictionary"),
        (URL, {"users": "all"}, "linked, create"),
        (URL, {"scopes": {"a": ["operator"]}}, "is a list of"),
        (URL, {"scopes": {"a b": ["tools"]}}, "without spaces"),
        (URL, {"default_scopes": ["operator"]}, "['default_scopes'] contains"),
        (URL, {"groups": {"a": "b"}}, "groups_claim"),
        (URL, {"groups": ["a"], "groups_claim": "g"}, "is no dictionary"),
        (URL, {"user_hook": 1}, "it is a text"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_do(url: str, options: Any, says: str) -> None:
    (said,) = problems(url, options)
    assert says in said
    assert SECRET not in said


def test_on_this_machine_an_issuer_needs_no_tls_while_debugging(settings: Any) -> None:
    settings.DEBUG = True
    assert list(problems("http://127.0.0.1:8080/realms/a", {})) == []
    assert list(problems("http://login.example", {})) != []


def test_a_wrong_issuer_is_not_used(settings: Any) -> None:
    settings.MCP_ISSUERS = {URL: {"types": "JWT"}, "https://good.example": {}}
    assert list(configured()) == ["https://good.example"]
    settings.MCP_ISSUERS = [URL]
    assert configured() == {}


def test_clients_are_told_of_an_issuer_in_its_own_words(settings: Any) -> None:
    scopes = {"All": ["tools", "tools:read", "resources"], "Read": ["tools:read"]}
    settings.MCP_ISSUERS = {URL: {"scopes": scopes, "default_scopes": ["prompts"]}}
    (server,) = announced()
    assert server in named_to_clients()
    needs = [("tool:a", "tools:read", "tools"), ("tool:a", "tools"), ("resources",), ("prompts",)]
    assert [server.word_for(need) for need in needs] == ["Read", "All", "All", ""]


def test_what_the_documentation_shows_can_be_used() -> None:
    page = (Path(__file__).parents[3] / "docs/howto/identity-provider.md").read_text("utf-8")
    shown = re.findall(r"^MCP_ISSUERS = (.+?^})", page, re.MULTILINE | re.DOTALL)
    for text in shown:
        for url, options in ast.literal_eval(text).items():
            assert list(problems(url.replace("<tenant>", "t"), options)) == []
    table = page[page.index("## What an issuer takes") : page.index("## Keycloak")]
    assert len(shown) == 4
    assert set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| ([^|]+) \|", table, re.M)))) == set(
        KEYS
    )


def test_a_secret_is_in_no_log() -> None:
    issuer = read(URL, {"introspection": {"client_id": "a", "client_secret": SECRET}})
    assert SECRET not in repr(issuer)
