"""Tests of mcp_transport.sources.remote.configuration."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.sources.remote.configuration import problems

GRANT = {"token_url": "https://login.example/", "client_id": "a", "client_secret": "the secret"}
GOOD: dict[str, Any] = {
    "url": "https://far.example/mcp?key=secret",
    "auth": {"client_credentials": GRANT},
    "headers": {"X-Key": "secret"},
    "prefix": "",
    "names": {"a b": "ab"},
    "include": ["a*"],
    "exclude": ["b*"],
    "per": "principal",
    "permission": "shop.view_order",
    "questions": False,
    "roots": ["file:///srv"],
    "start_timeout": 1,
    "call_timeout": 2.5,
    "idle_timeout": 3,
    "refresh": 60,
    "max_calls": 4,
    "max_sessions": 5,
    "private_hosts": ["far.internal"],
    "ca_file": __file__,
}


def test_a_server_may_say_all_this() -> None:
    assert list(problems("far", GOOD)) == []
    assert list(problems("far", {"url": "http://127.0.0.1:1", "auth": {"bearer": "x"}})) == []
    assert list(problems("far", {"url": "http://127.0.0.1:1", "auth": {"basic": ("a", "b")}})) == []


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"url": "far.example"}, "['url'] is no URL"),
        ({"url": "https://ada:secret@far.example"}, "holds a user or a password"),
        ({"link": 1}, "has the unknown key 'link'; there are auth, "),
        ({"auth": "secret"}, "['auth'] has one key"),
        ({"auth": {"token": "secret"}}, "['auth'] has the key 'token'"),
        ({"auth": {"bearer": "secret\n"}}, "['auth'] ['bearer'] has to be a string"),
        ({"auth": {"basic": "secret"}}, "['auth'] ['basic'] has to be a pair"),
        ({"auth": {"client_credentials": {**GRANT, "token_url": "secret"}}}, "['token_url'] is no"),
        ({"auth": {"client_credentials": {**GRANT, "client_auth": "jwt"}}}, "it is basic or post"),
        ({"auth": {"client_credentials": {**GRANT, "user": "a"}}}, "has the unknown key 'user'"),
        ({"headers": {"Authorization": "secret"}}, "the header Authorization, too"),
        ({"headers": {"Mcp-Session-Id": "secret"}}, "which the protocol sets"),
        ({"headers": {"Host": "secret"}}, "says how a request is sent"),
        ({"prefix": "a b"}, "['prefix'] contains 'a b'"),
        ({"prefix": None}, "['prefix'] is [None]"),
        ({"names": {"a": "b c"}}, "['names'] contains 'b c'"),
        ({"names": {"a": "c", "b": "c"}}, "gives two the same name"),
        ({"include": "a*"}, "['include'] is 'a*'; it is a list"),
        ({"per": "user"}, "['per'] is 'user'"),
        ({"permission": "view"}, "['permission'] is 'view'"),
        ({"max_calls": 0}, "['max_calls'] is 0"),
        ({"private_hosts": ["http://far"]}, "['private_hosts'] contains"),
        ({"ca_file": "/nowhere"}, "there is no such file"),
    ],
)
def test_a_wrong_value_is_named_and_no_secret_repeated(changed: dict[str, Any], says: str) -> None:
    (problem,) = problems("far", {**GOOD, **changed})
    assert problem.startswith("MCP_REMOTE['far'] ")
    assert says in problem
    assert "secret" not in problem.replace("client_secret", "")


def test_what_is_no_server_is_named() -> None:
    assert "is a dictionary with a url" in next(problems("far", "https://far.example"))
    assert "lacks ['url']" in next(problems("far", {}))
    assert "is no alias" in next(problems("Far!", GOOD))
    assert "begins with the alias 'far'" in next(problems("far_off", GOOD, ["far", "far_off"]))
