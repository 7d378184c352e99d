"""Tests of mcp_transport.transports.security."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from mcp_transport.protocol.errors import Refused
from mcp_transport.transports import security
from mcp_transport.transports.security import ALLOWED_HEADERS, Gate, check_origin, cors, preflight

HOSTS = ("shop.example", ".wild.example", "127.0.0.1", "[::1]")
GATE = Gate(
    HOSTS, ("https://App.Example/", "https://other.example:8443", "vscode-file://vscode-app")
)


def passes(host: bytes | None, origin: bytes | None = None, *, gate: Gate = GATE) -> bool:
    """Whether a request may come in."""
    try:
        return gate.admits(host, origin)
    except Refused as refusal:
        assert refusal.status == 403
        return False


@pytest.mark.parametrize(
    "host",
    [
        b"shop.example",
        b"shop.example:8000",
        b"SHOP.Example",
        b"shop.example.",
        b"wild.example",
        b"deep.below.wild.example",
        b"127.0.0.1:8000",
        b"[::1]",
        b"[::1]:8000",
    ],
)
def test_a_host_of_ours_is_served(host: bytes) -> None:
    assert passes(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        b"",
        b":8000",
        b"evil.example",
        b"shop.example.evil.example",
        b"notshop.example",
        b"evilwild.example",
        b"user@shop.example",
        b"shop.example@evil.example",
        b"shop.example:port",
        b"shop.example:80:80",
        b"shop.example/",
        b"shop.example,evil.example",
        b"shop.example evil.example",
        b"shop.example\x00",
        b"127.0.0.2",
        b"127.1",
        b"[::2]",
        b"::1",
        "shöp.example".encode(),
        b"\xff",
    ],
)
def test_a_foreign_host_is_refused(host: bytes | None) -> None:
    assert not passes(host)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"shop.example", b"https://shop.example"),
        (b"shop.example", b"http://shop.example"),
        (b"Shop.Example", b"HTTPS://SHOP.example"),
        (b"shop.example:8000", b"http://shop.example:8000"),
        (b"[::1]:8000", b"http://[::1]:8000"),
        (b"shop.example", b"https://app.example"),
        (b"shop.example", b"https://APP.example"),
        (b"shop.example", b"https://other.example:8443"),
        (b"shop.example", b"vscode-file://vscode-app"),
    ],
)
def test_a_page_of_ours_or_of_an_allowed_origin_may_call(host: bytes, origin: bytes) -> None:
    assert passes(host, origin)


@pytest.mark.parametrize(
    "origin",
    [
        b"",
        b"null",
        b"*",
        b"shop.example",
        b"//shop.example",
        b"https://evil.example",
        b"https://shop.example.evil.example",
        b"https://shop.example:8000",
        b"https://shop.example:443",
        b"https://shop.example/",
        b"https://shop.example/page",
        b"https://shop.example?",
        b"https://shop.example#",
        b"https://user@shop.example",
        b"https://user:password@shop.example",
        b"https://shop.example@evil.example",
        b"https://shop.example https://evil.example",
        b"https://shop.example, https://shop.example",
        b"https:///shop.example",
        b"https:shop.example",
        b"https://shop.example\t",
        b"ftp://shop.example",
        b"javascript://shop.example",
        b"file://",
        b"http://[::1",
        b"http://app.example",
        b"https://other.example",
        b"https://sub.app.example",
        b"vscode-file://other",
        "https://shöp.example".encode(),
        b"\xff",
    ],
)
def test_a_foreign_page_may_not_call(origin: bytes) -> None:
    assert not passes(b"shop.example", origin)


def test_a_page_of_one_of_our_hosts_may_not_call_another() -> None:
    assert not passes(b"shop.example", b"https://a.wild.example")


def test_an_allowed_origin_does_not_make_up_for_a_foreign_host() -> None:
    assert not passes(b"evil.example", b"https://app.example")
    assert not passes(b"evil.example", b"https://evil.example")


def test_sandboxed_pages_may_call_where_null_is_allowed() -> None:
    assert passes(b"shop.example", b"null", gate=Gate(HOSTS, ("null",)))


def test_any_host_is_served_where_the_site_says_so() -> None:
    gate = Gate(("*",), ())
    assert passes(b"any.example", b"https://any.example", gate=gate)
    assert not passes(b"user@any.example", gate=gate)


def test_a_refusal_names_the_remedy() -> None:
    with pytest.raises(Refused, match=r"'evil.example'.*ALLOWED_HOSTS"):
        GATE.admits(b"evil.example", None)
    with pytest.raises(Refused, match=r"'null'.*MCP_ALLOWED_ORIGINS"):
        check_origin(b"null", None)


def test_a_server_welcomes_pages_beside_those_of_the_site() -> None:
    check_origin(b"https://Page.example", {"https://page.example"})
    for origin in (b"https://page.example:8443", b"http://page.example", b"null"):
        with pytest.raises(Refused):
            check_origin(origin, {"https://page.example"})


@given(st.none() | st.binary(), st.none() | st.binary())
def test_whatever_is_sent_is_passed_or_refused(host: bytes | None, origin: bytes | None) -> None:
    assert passes(host, origin) in (True, False)
    assert passes(b"shop.example", origin) is passes(b"shop.example", origin)


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "CACHE_LIMIT", 3)
    gate = Gate(HOSTS, ())
    for number in range(20):
        assert not passes(b"%d.example" % number, gate=gate)
        assert passes(b"shop.example", gate=gate)
        assert len(gate._verdicts) <= 3


def test_a_name_that_is_too_long_for_one_is_not_remembered() -> None:
    gate = Gate(HOSTS, ())
    assert not passes(b"a" * 100_000, gate=gate)
    assert not passes(b"shop.example", b"https://" + b"a" * 100_000, gate=gate)
    assert not gate._verdicts


def test_the_settings_describe_the_gate(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["site.example"]
    assert passes(b"site.example", gate=Gate.from_settings())
    settings.MCP_ALLOWED_HOSTS = ["mcp.example"]
    settings.MCP_ALLOWED_ORIGINS = ["https://app.example"]
    gate = Gate.from_settings()
    assert passes(b"mcp.example", b"https://app.example", gate=gate)
    assert not passes(b"site.example", gate=gate)


@pytest.mark.parametrize("debug", [True, False])
def test_without_hosts_only_this_machine_is_served_and_only_while_debugging(
    settings: Settings, debug: bool
) -> None:
    settings.ALLOWED_HOSTS = []
    settings.DEBUG = debug
    gate = Gate.from_settings()
    for host in (b"localhost:8000", b"shop.localhost", b"127.0.0.1", b"[::1]:8000"):
        assert passes(host, gate=gate) is debug
    assert not passes(b"site.example", gate=gate)


def test_no_host_at_all_may_be_allowed(settings: Settings) -> None:
    settings.DEBUG = False
    settings.MCP_ALLOWED_HOSTS = []
    assert not passes(b"testserver", gate=Gate.from_settings())


def test_a_page_may_read_the_answer() -> None:
    assert dict(cors(b"https://app.example")) == {
        b"access-control-allow-origin": b"https://app.example",
        b"access-control-expose-headers": b"Mcp-Session-Id, WWW-Authenticate",
        b"vary": b"Origin",
    }
    assert cors(None) == ()


def allowed(asked: bytes | None) -> str:
    """The headers that a preflight allows."""
    found = dict(preflight(asked))
    return found[b"access-control-allow-headers"].decode("ascii")


def test_a_preflight_allows_what_the_protocol_sends() -> None:
    found = dict(preflight(None))
    assert found[b"access-control-allow-methods"] == b"POST, GET, DELETE, OPTIONS"
    assert found[b"access-control-allow-headers"] == ALLOWED_HEADERS.encode()
    assert found[b"access-control-max-age"] == b"600"
    assert b"access-control-allow-credentials" not in found


def test_a_preflight_allows_the_parameters_that_are_asked_for() -> None:
    asked = b"content-type, mcp-param-region,Mcp-Param-Floor,x-other"
    assert allowed(asked) == f"{ALLOWED_HEADERS}, mcp-param-region, Mcp-Param-Floor"


@pytest.mark.parametrize(
    "asked",
    [b"", b",", b"mcp-param-", b"mcp-param-a b", b"mcp-param-\xe9", b"mcp-param-a\r\nx: y", b"*"],
)
def test_a_preflight_repeats_nothing_but_header_names(asked: bytes) -> None:
    assert allowed(asked) == ALLOWED_HEADERS


def test_a_preflight_cannot_ask_for_more_than_it_is_given() -> None:
    asked = b",".join(b"mcp-param-%d" % number for number in range(1000))
    assert allowed(asked).count("mcp-param-") == 50
