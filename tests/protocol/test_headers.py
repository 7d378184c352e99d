"""Tests of mcp_transport.protocol.headers."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.protocol import headers
from mcp_transport.protocol.errors import HeaderMismatch


def sentinel(text: str) -> bytes:
    """A value in its base64 form."""
    return b"=?base64?" + base64.b64encode(text.encode()) + b"?="


# 2026-07-28, basic/transports/streamable-http, Value Encoding: the table of examples.
EXAMPLES = [
    (b"us-west1", "us-west1"),
    (b"=?base64?SGVsbG8sIOS4lueVjA==?=", "Hello, 世界"),
    (b"=?base64?IHBhZGRlZCA=?=", " padded "),
    (b"=?base64?bGluZTEKbGluZTI=?=", "line1\nline2"),
    (b"=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", "=?base64?literal?="),
]


@pytest.mark.parametrize(("raw", "value"), EXAMPLES)
def test_a_value_is_decoded_as_the_specification_shows(raw: bytes, value: str) -> None:
    assert headers.decode_value(raw, "Mcp-Param-X") == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", ""),
        (b" \t a b \t", "a b"),
        (b"=?base64??=", ""),
        (b"=?base64?=", "=?base64?="),
        (b"=?base64?SGVsbG8=", "=?base64?SGVsbG8="),
        (b"SGVsbG8=?=", "SGVsbG8=?="),
        (b"=?BASE64?SGVsbG8=?=", "=?BASE64?SGVsbG8=?="),
    ],
)
def test_a_value_without_both_marks_stands_for_itself(raw: bytes, value: str) -> None:
    assert headers.decode_value(raw, "Mcp-Name") == value


@pytest.mark.parametrize(
    "raw",
    [
        b"=?base64?SGVsbG8?=",  # padding
        b"=?base64?SGVs bG8=?=",  # alphabet
        b"=?base64?SGVsbG8_?=",
        b"=?base64?/w==?=",  # not UTF-8
        "Zürich".encode(),
        b"a\x00b",
        b"a\rb",
        b"a\nb",
        b"\x7f",
    ],
)
def test_a_malformed_value_is_refused(raw: bytes) -> None:
    with pytest.raises(HeaderMismatch, match="Mcp-Name"):
        headers.decode_value(raw, "Mcp-Name")


@given(st.binary() | st.binary().map(lambda inner: b"=?base64?" + inner + b"?="))
def test_decoding_raises_nothing_but_a_mismatch(raw: bytes) -> None:
    try:
        assert isinstance(headers.decode_value(raw, "Mcp-Name"), str)
    except HeaderMismatch as error:
        assert error.status == 400


@given(st.text())
def test_any_text_passes_in_its_base64_form(text: str) -> None:
    assert headers.decode_value(sentinel(text), "Mcp-Name") == text
    headers.require_equal({headers.NAME: sentinel(text)}, headers.NAME, text, "Mcp-Name")


@given(
    st.dictionaries(st.just(b"mcp-param-x"), st.binary()),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.lists(st.integers()),
)  # fmt: skip
def test_comparing_raises_nothing_but_a_mismatch(given_: dict[bytes, bytes], value: Any) -> None:
    try:
        headers.require_parameter(given_, "X", value)
    except HeaderMismatch as error:
        assert error.code == -32020


def test_the_version_is_read_as_it_stands() -> None:
    assert headers.read_version({}) is None
    assert headers.read_version({headers.PROTOCOL_VERSION: b" 2025-11-25\t"}) == "2025-11-25"
    assert headers.read_version({headers.PROTOCOL_VERSION: b"\xff"}) == "ÿ"


@pytest.mark.parametrize("key", [headers.PROTOCOL_VERSION, headers.METHOD, headers.NAME])
def test_a_header_equals_the_body(key: bytes) -> None:
    for raw in (b"tools/call", b" tools/call "):
        headers.require_equal({key: raw}, key, "tools/call", "It")
    with pytest.raises(HeaderMismatch, match="missing"):
        headers.require_equal({}, key, "tools/call", "It")
    with pytest.raises(HeaderMismatch, match="'TOOLS/CALL'"):
        headers.require_equal({key: b"TOOLS/CALL"}, key, "tools/call", "It")


def test_only_names_are_decoded() -> None:
    headers.require_equal({headers.NAME: sentinel("é")}, headers.NAME, "é", "Mcp-Name")
    for key in (headers.PROTOCOL_VERSION, headers.METHOD):
        with pytest.raises(HeaderMismatch):
            headers.require_equal({key: sentinel("x")}, key, "x", "It")


@pytest.mark.parametrize("value", ["a\x01b", "é", "a\x7f"])
@pytest.mark.parametrize("key", [headers.PROTOCOL_VERSION, headers.METHOD, headers.NAME])
def test_invalid_characters_are_refused_even_where_the_body_has_them(
    key: bytes, value: str
) -> None:
    with pytest.raises(HeaderMismatch, match="visible ASCII"):
        headers.require_equal({key: value.encode("latin-1")}, key, value, "It")


def test_a_value_that_looks_encoded_is_sent_encoded() -> None:
    looks = "=?base64?SGVsbG8=?="
    headers.require_equal({headers.NAME: sentinel(looks)}, headers.NAME, looks, "Mcp-Name")
    with pytest.raises(HeaderMismatch):
        headers.require_equal({headers.NAME: looks.encode()}, headers.NAME, looks, "Mcp-Name")


@pytest.mark.parametrize(
    "key", [b"mcp-protocol-version", b"mcp-method", b"mcp-name", b"mcp-param-region"]
)
def test_a_header_that_routes_stands_once(key: bytes) -> None:
    with pytest.raises(HeaderMismatch, match=key.decode()):
        headers.refuse_duplicates({b"accept", key})


def test_other_headers_may_stand_twice() -> None:
    headers.refuse_duplicates({b"accept", b"x-forwarded-for", b"mcp-session-id", b"\xff"})


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"us-west1", "us-west1"),
        (sentinel("Zürich"), "Zürich"),
        (b"", ""),
        (b"true", True),
        (b"false", False),
        (b"42", 42),
        (b"42.0", 42),
        (b"-7", -7),
        (b"-7.000", -7.0),
        (b"0", 0),
        (b"-0", 0),
        (b"007", 7),
        (b"9007199254740991", 2**53 - 1),
    ],
)
def test_a_header_repeats_an_argument(raw: bytes, value: Any) -> None:
    headers.require_parameter({b"mcp-param-region": raw}, "Region", value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"us-west2", "us-west1"),
        (b"US-WEST1", "us-west1"),
        (b"True", True),
        (b"1", True),
        (b"true", False),
        (b"true", "True"),
        (b"42", "42.0"),
        (b"42", 43),
        (b"42.5", 42),
        (b"42.5", 42.5),
        (b"4.2e1", 42),
        (b"+42", 42),
        (b"0x2a", 42),
        (b"4 2", 42),
        (b"", 0),
        (b"1_0", 10),
        ("٤٢".encode(), 42),
        (b"9007199254740992", 2**53),
        (b"1", 10**400),
        (b"[]", []),
        (b"{}", {}),
    ],
)
def test_a_header_that_says_something_else_is_refused(raw: bytes, value: Any) -> None:
    with pytest.raises(HeaderMismatch, match="Mcp-Param-Region"):
        headers.require_parameter({b"mcp-param-region": raw}, "Region", value)


@pytest.mark.parametrize("value", ["", "x", 0, False, [], {}])
def test_an_argument_that_is_there_is_repeated(value: Any) -> None:
    with pytest.raises(HeaderMismatch, match="missing"):
        headers.require_parameter({}, "Region", value)


def test_an_argument_that_is_absent_or_null_is_not_repeated() -> None:
    headers.require_parameter({}, "Region", None)
    with pytest.raises(HeaderMismatch):
        headers.require_parameter({b"mcp-param-region": b"eu"}, "Region", None)


@pytest.mark.parametrize("text", ["plain", "café", " padded ", "=?base64?eA==?=", "", "a\nb"])
def test_an_encoded_value_is_read_as_it_was(text: str) -> None:
    raw = headers.encode_value(text).encode("ascii")
    assert b"\n" not in raw
    assert headers.decode_value(raw, "Mcp-Name") == text


@pytest.mark.parametrize("value", ["eu", "Zürich", " padded ", "true", True, False, 0, -42])
def test_an_encoded_argument_repeats_it(value: object) -> None:
    sent = headers.encode_argument(value).encode("ascii")
    headers.require_parameter({b"mcp-param-region": sent}, "Region", value)
