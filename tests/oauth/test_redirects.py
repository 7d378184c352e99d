"""Tests of mcp_transport.oauth.redirects."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.oauth.redirects import extended, fits, is_local, origin, problem


@pytest.mark.parametrize(
    "uri",
    [
        "https://claude.ai/api/mcp/auth_callback",
        "https://a.example:8443/cb?x=1",
        "http://127.0.0.1:33418/",
        "http://localhost/callback",
        "http://[::1]:9/cb",
    ],
)
def test_codes_go_over_tls_or_stay_on_the_machine(uri: str) -> None:
    assert problem(uri) == ""


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/relative",
        "//a.example/",
        "https:///path",
        "https://a.example:99999/",
        "https://a.example:0/",
        "https://[::1/",
        "https://a.example\\@evil.example/",
        "https://a.example/\r\nSet-Cookie:x",
        "https://a.example/#",
        "https://@a.example/",
        "http://a.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "cursor://cb",
        "https://\u0430.example/",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_codes_go_nowhere_else(uri: str) -> None:
    assert problem(uri)


@pytest.mark.parametrize(
    ("asked", "registered", "is_fit"),
    [
        ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", True),
        ("http://localhost:1/cb", "http://localhost:2/cb", True),
        ("http://[::1]:1/cb", "http://[::1]/cb", True),
        ("http://localhost:1/cb", "http://127.0.0.1:1/cb", False),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:1/cb", False),
        ("https://127.0.0.1:1/cb", "http://127.0.0.1:1/cb", False),
        ("https://a.example:1/cb", "https://a.example/cb", False),
        ("https://a.example/cb/", "https://a.example/cb", False),
        ("http://127.0.0.1:1@127.0.0.1/cb", "http://127.0.0.1/cb", False),
    ],
)
def test_what_is_asked_for_was_registered(asked: str, registered: str, is_fit: bool) -> None:
    assert fits(asked, registered) is is_fit


def test_a_person_is_told_what_stays_on_the_machine(settings: Any) -> None:
    assert is_local("http://127.0.0.1:1/cb")
    assert is_local("cursor://cb")
    assert not is_local("https://claude.ai/cb")
    assert origin("cursor://cb") == "cursor:"


def test_an_answer_takes_the_place_of_what_was_in_the_query() -> None:
    at = extended("https://a.example/cb?iss=x&keep=1&code=y", {"code": "a b", "iss": "z"})
    assert at == "https://a.example/cb?keep=1&code=a+b&iss=z"
