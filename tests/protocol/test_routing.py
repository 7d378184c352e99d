"""Tests of mcp_transport.protocol.routing."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.protocol import routing
from mcp_transport.protocol.errors import (
    HeaderMismatch,
    InvalidParams,
    InvalidRequest,
    UnsupportedRevision,
)
from mcp_transport.protocol.jsonrpc import Notification, Request
from mcp_transport.protocol.revisions import REVISIONS, SUPPORTED
from mcp_transport.protocol.routing import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
    Envelope,
    is_modern,
    open_envelope,
)
from tests.schema import definitions_of

MODERN = "2026-07-28"
LEGACY = [name for name in SUPPORTED if name != MODERN]


def claim(**more: Any) -> dict[str, Any]:
    """The metadata of a modern request."""
    return {PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: {}, **more}


def request(method: str = "tools/list", meta: Any = None, **params: Any) -> Request:
    """A request with metadata."""
    return Request(1, method, params if meta is None else {**params, "_meta": meta})


def repeated(method: str = "tools/list", name: str | None = None) -> dict[bytes, bytes]:
    """The headers of a modern request."""
    found = {b"mcp-protocol-version": MODERN.encode(), b"mcp-method": method.encode()}
    return found if name is None else {**found, b"mcp-name": name.encode()}


@pytest.mark.parametrize("version", [None, *SUPPORTED, "1999-01-01"])
@pytest.mark.parametrize("method", ["tools/list", "initialize"])
def test_a_body_that_names_a_version_is_modern(method: str, version: str | None) -> None:
    assert is_modern(request(method, claim()), version)
    assert is_modern(Notification("notifications/cancelled", {"_meta": claim()}), version)


@pytest.mark.parametrize("version", [None, *SUPPORTED, "1999-01-01"])
def test_a_handshake_is_legacy(version: str | None) -> None:
    assert not is_modern(request("initialize"), version)


@pytest.mark.parametrize("version", [None, *LEGACY])
@pytest.mark.parametrize("meta", [None, {}, {"progressToken": 1}, [PROTOCOL_VERSION], "x"])
def test_a_request_that_names_nothing_modern_is_legacy(version: str | None, meta: Any) -> None:
    assert not is_modern(request(meta=meta), version)


def test_a_modern_header_without_the_metadata_is_malformed() -> None:
    with pytest.raises(InvalidParams, match=PROTOCOL_VERSION) as refusal:
        is_modern(request(), MODERN)
    assert refusal.value.status == 400


def test_a_notification_may_be_modern_by_its_header() -> None:
    assert is_modern(Notification("notifications/cancelled", {}), MODERN)
    assert not is_modern(Notification("notifications/cancelled", {}), "2025-11-25")


@pytest.mark.parametrize("version", ["", "1999-01-01", "2027-01-01", "latest"])
def test_an_unknown_version_is_refused_without_denying_handshakes(version: str) -> None:
    with pytest.raises(InvalidRequest, match=MODERN) as refusal:
        is_modern(request(), version)
    assert refusal.value.code != UnsupportedRevision.code


def test_an_envelope_says_who_asks() -> None:
    info = {"name": "tests", "version": "1"}
    meta = claim(**{CLIENT_CAPABILITIES: {"sampling": {}}, CLIENT_INFO: info, LOG_LEVEL: "info"})
    assert open_envelope(request(meta=meta), repeated()) == Envelope(
        REVISIONS[MODERN], {"sampling": {}}, info, "info", meta
    )


@pytest.mark.parametrize("info", [None, "tests", []])
def test_a_client_need_not_say_who_it_is(info: Any) -> None:
    envelope = open_envelope(request(meta=claim(**{CLIENT_INFO: info})), repeated())
    assert (envelope.client_info, envelope.log_level) == ({}, None)


@pytest.mark.parametrize(
    "meta",
    [
        {PROTOCOL_VERSION: MODERN},
        {PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: None},
        {PROTOCOL_VERSION: MODERN, CLIENT_CAPABILITIES: []},
        {PROTOCOL_VERSION: None, CLIENT_CAPABILITIES: {}},
        {PROTOCOL_VERSION: 20260728, CLIENT_CAPABILITIES: {}},
    ],
)
def test_an_envelope_without_what_is_required_is_malformed(meta: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams) as refusal:
        open_envelope(request(meta=meta), repeated())
    assert refusal.value.status == 400


def test_where_there_are_no_headers_none_are_asked_for() -> None:
    assert open_envelope(request(meta=claim()), None).revision is REVISIONS[MODERN]


@pytest.mark.parametrize("version", [*LEGACY, "1999-01-01", ""])
def test_a_version_that_is_not_stateless_is_unsupported(version: str) -> None:
    meta = claim(**{PROTOCOL_VERSION: version})
    headers = {**repeated(), b"mcp-protocol-version": version.encode()}
    with pytest.raises(UnsupportedRevision) as refusal:
        open_envelope(request(meta=meta), headers)
    assert refusal.value.data == {"supported": list(SUPPORTED), "requested": version}
    says = "begins with initialize" if version in LEGACY else "is not served; use one of"
    assert says in refusal.value.message


def test_a_mismatch_is_told_before_an_unsupported_version() -> None:
    meta = claim(**{PROTOCOL_VERSION: "v999"})
    with pytest.raises(HeaderMismatch, match="MCP-Protocol-Version"):
        open_envelope(request(meta=meta), repeated())


@pytest.mark.parametrize("missing", [b"mcp-protocol-version", b"mcp-method"])
def test_headers_that_route_are_required(missing: bytes) -> None:
    headers = {key: value for key, value in repeated().items() if key != missing}
    with pytest.raises(HeaderMismatch, match="missing"):
        open_envelope(request(meta=claim()), headers)


def test_a_header_that_stands_twice_is_refused_first() -> None:
    with pytest.raises(HeaderMismatch, match="more than once"):
        open_envelope(request(meta=claim()), {}, {b"mcp-method"})
    open_envelope(request(meta=claim()), repeated(), {b"accept"})


@pytest.mark.parametrize(
    ("method", "parameter"),
    [("tools/call", "name"), ("prompts/get", "name"), ("resources/read", "uri")],
)
def test_what_is_asked_for_is_named_in_a_header(method: str, parameter: str) -> None:
    asked = request(method, claim(), **{parameter: "note://a"})
    open_envelope(asked, repeated(method, "note://a"))
    for headers in (repeated(method), repeated(method, "note://b")):
        with pytest.raises(HeaderMismatch, match="Mcp-Name"):
            open_envelope(asked, headers)


@pytest.mark.parametrize("name", [{}, {"name": None}, {"name": 5}])
def test_a_header_cannot_name_what_the_body_does_not(name: dict[str, Any]) -> None:
    asked = request("tools/call", claim(), **name)
    open_envelope(asked, repeated("tools/call"))  # the parameters are refused later
    with pytest.raises(HeaderMismatch, match="missing"):
        open_envelope(asked, repeated("tools/call", "echo"))


@pytest.mark.parametrize("method", ["tools/list", "nothing/like"])
def test_other_methods_are_not_named(method: str) -> None:
    open_envelope(request(method, claim()), repeated(method))
    open_envelope(request(method, claim()), repeated(method, "whatever"))


@pytest.mark.parametrize("level", ["", "INFO", "trace", 0, [], {}])
def test_an_unknown_log_level_is_refused(level: Any) -> None:
    with pytest.raises(InvalidParams, match="debug"):
        open_envelope(request(meta=claim(**{LOG_LEVEL: level})), repeated())


def test_metadata_keys_are_those_of_the_schema() -> None:
    keys = set(definitions_of(MODERN)["RequestMetaObject"]["properties"])
    assert {PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL} <= keys
    assert routing.SERVER_INFO in definitions_of(MODERN)["ResultMetaObject"]["properties"]
