"""Tests of mcp_transport.protocol.jsonrpc."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InvalidParams, InvalidRequest, ParseError, ProtocolError
from mcp_transport.protocol.jsonrpc import LONGEST_ID, MAX_DEPTH, Notification, Request, Response

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)
MEMBERS = ("jsonrpc", "id", "method", "params", "result", "error")
MESSAGES = st.dictionaries(st.sampled_from(MEMBERS), VALUES | st.just("2.0"))


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """A value as deep as asked."""
    return opening * depth + b"1" * (opening[-1:] == b":") + closing * depth


def test_a_body_is_decoded() -> None:
    assert jsonrpc.decode(b'{"a": [1, 2.5, null, "\\u00e9"]}') == {"a": [1, 2.5, None, "é"]}


def test_of_duplicate_keys_the_last_one_wins() -> None:
    assert jsonrpc.decode(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"nul", b'{"a": 1} x', b"NaN", b"1e999", b"9" * 5000, b'"\xff"', b'"\\ud800"',
     b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"'a'", b'"\x01"'],
)  # fmt: skip
def test_what_is_not_json_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(ParseError, match="not valid JSON"):
        jsonrpc.decode(body)


@pytest.mark.parametrize(
    ("opening", "closing", "levels"),
    [(b"[", b"]", 1), (b'{"a":', b"}", 1), (b'[{"a":', b"}]", 2), (b'{"a":[', b"]}", 2)],
)
def test_a_body_nests_as_deeply_as_the_limit_and_no_deeper(
    opening: bytes, closing: bytes, levels: int
) -> None:
    fits = MAX_DEPTH // levels
    assert jsonrpc.decode(nested(fits, opening, closing))
    with pytest.raises(ParseError, match="64 levels"):
        jsonrpc.decode(nested(fits + 1, opening, closing))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    body = b"[" + b"[{}]," * 500 + b"[]]"
    assert len(jsonrpc.decode(body)) == 501


def test_brackets_inside_strings_do_not_count() -> None:
    text = '[{"\\' * 200
    assert jsonrpc.decode(json.dumps([text]).encode()) == [text]


@pytest.mark.parametrize("end", [b"", b"[1", b'"', b'"\\', b"]]]]"])
def test_a_body_that_breaks_off_is_called_by_that_name(end: bytes) -> None:
    with pytest.raises(ParseError, match="not valid JSON"):
        jsonrpc.decode(b'{"a": [' + b"[1]," * 100 + end)


def test_brackets_that_are_never_closed_nest_too() -> None:
    with pytest.raises(ParseError, match="64 levels"):
        jsonrpc.decode(b"[" * 100_000)


def test_a_string_without_an_end_takes_no_longer_than_others() -> None:
    assert not jsonrpc.nests_deeper(b"[" * MAX_DEPTH + b'"' + b'\\"' * 500_000, MAX_DEPTH)


@given(VALUES)
def test_whatever_is_encoded_is_decoded_again(value: Any) -> None:
    assert jsonrpc.decode(jsonrpc.encode(value)) == value


@given(st.binary() | st.text(alphabet='[]{}",:\\0 ').map(str.encode), st.integers(0, 4))
@example(b"[[]", 1)
def test_depth_is_what_counting_finds_wherever_json_is_valid(body: bytes, limit: int) -> None:
    try:
        value = json.loads(body)
    except ValueError:
        return
    assert jsonrpc.nests_deeper(body, limit) is (depth(value) > limit)


@given(
    st.recursive(st.just(0), lambda v: st.lists(v) | st.dictionaries(st.text(), v)),
    st.integers(0, 6),
)
def test_depth_is_what_counting_finds(value: Any, limit: int) -> None:
    assert jsonrpc.nests_deeper(json.dumps(value).encode(), limit) is (depth(value) > limit)


def depth(value: Any) -> int:
    """How deep a value nests."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(st.binary())
@example(b"[" * 65)
def test_decoding_raises_nothing_but_a_parse_error(body: bytes) -> None:
    try:
        jsonrpc.decode(body)
    except ParseError as error:
        assert error.status == 400


@given(VALUES | MESSAGES)
def test_parsing_raises_nothing_but_what_the_peer_did_wrong(value: Any) -> None:
    try:
        message = jsonrpc.parse(value)
    except (InvalidRequest, InvalidParams) as error:
        assert error.status == 400
    else:
        assert isinstance(message, Request | Notification | Response)


@pytest.mark.parametrize("id_", ["", "a", 0, -1, 2**70])
def test_a_request_keeps_its_id(id_: str | int) -> None:
    message = jsonrpc.parse({"jsonrpc": "2.0", "id": id_, "method": "ping"})
    assert message == Request(id_, "ping", {})
    assert jsonrpc.decode(jsonrpc.result(id_, {})) == {"jsonrpc": "2.0", "id": id_, "result": {}}


def test_a_message_without_an_id_is_a_notification() -> None:
    value = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert jsonrpc.parse(value) == Notification("notifications/cancelled", {"requestId": 1})


def test_parameters_that_are_null_are_none() -> None:
    assert jsonrpc.parse({"jsonrpc": "2.0", "method": "x", "params": None}) == Notification("x", {})


@pytest.mark.parametrize("params", [[], [1], "x", 0, False, ""])
def test_parameters_are_an_object(params: Any) -> None:
    with pytest.raises(InvalidParams, match="params"):
        jsonrpc.parse({"jsonrpc": "2.0", "id": 1, "method": "x", "params": params})


@pytest.mark.parametrize("id_", [None, True, 1.0, 1.5, [], {}])
def test_an_id_is_a_string_or_an_integer(id_: Any) -> None:
    with pytest.raises(InvalidRequest, match="id"):
        jsonrpc.parse({"jsonrpc": "2.0", "id": id_, "method": "x"})


LONGEST = ["x" * LONGEST_ID, 10**LONGEST_ID - 1, 1 - 10**LONGEST_ID]
TOO_LONG = ["x" * (LONGEST_ID + 1), 10**LONGEST_ID, -(10**LONGEST_ID)]


@pytest.mark.parametrize("id_", LONGEST, ids=["text", "number", "negative"])
def test_an_id_may_be_long(id_: str | int) -> None:
    assert jsonrpc.is_id(id_)
    assert jsonrpc.parse({"jsonrpc": "2.0", "id": id_, "method": "x"}) == Request(id_, "x", {})


@pytest.mark.parametrize("more", [{"method": "x"}, {"result": {}}, {"error": {}}])
@pytest.mark.parametrize("id_", TOO_LONG, ids=["text", "number", "negative"])
def test_an_id_has_a_limit(id_: str | int, more: Any) -> None:
    assert not jsonrpc.is_id(id_)
    with pytest.raises(InvalidRequest, match="longer than 1000 characters"):
        jsonrpc.parse({"jsonrpc": "2.0", "id": id_, **more})


@pytest.mark.parametrize("method", [1, True, [], {}])
def test_a_method_is_a_string(method: Any) -> None:
    with pytest.raises(InvalidRequest, match="method"):
        jsonrpc.parse({"jsonrpc": "2.0", "id": 1, "method": method})


@pytest.mark.parametrize("value", [None, 1, "x", [], [{"jsonrpc": "2.0", "method": "x"}]])
def test_a_message_is_an_object(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="object"):
        jsonrpc.parse(value)


@pytest.mark.parametrize("version", [None, "1.0", 2.0, 2])
def test_a_message_says_that_it_is_json_rpc(version: Any) -> None:
    with pytest.raises(InvalidRequest, match="2.0"):
        jsonrpc.parse({"jsonrpc": version, "id": 1, "method": "x"})
    with pytest.raises(InvalidRequest, match="2.0"):
        jsonrpc.parse({"id": 1, "method": "x"})


def test_an_answer_has_a_result_or_an_error() -> None:
    result = {"jsonrpc": "2.0", "id": "q", "result": {"roots": []}}
    assert jsonrpc.parse(result) == Response("q", {"roots": []})
    error = {"jsonrpc": "2.0", "id": 3, "error": {"code": -1, "message": "no"}}
    assert jsonrpc.parse(error) == Response(3, None, {"code": -1, "message": "no"})


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"id": 1},
        {"result": {}},
        {"id": None, "result": {}},
        {"id": True, "result": {}},
        {"id": 1, "result": {}, "error": {}},
        {"id": 1, "error": None},
        {"id": 1, "error": "no"},
        {"id": 1, "error": []},
    ],
)
def test_an_answer_that_is_neither_or_both_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        jsonrpc.parse({"jsonrpc": "2.0", **members})


@pytest.mark.parametrize(
    ("value", "found"),
    [({"id": 1}, 1), ({"id": "a"}, "a"), ({"id": None}, None), ({"id": 1.5}, None),
     ({"id": True}, None), ({}, None), ([{"id": 1}], None), (None, None)],
)  # fmt: skip
def test_the_id_of_a_malformed_message_is_read_where_there_is_one(value: Any, found: Any) -> None:
    assert jsonrpc.read_id(value) == found


def test_an_error_without_an_id_leaves_it_out_or_says_null() -> None:
    problem = ProtocolErrorForTest("no")
    body = {"jsonrpc": "2.0", "error": {"code": 7, "message": "no"}}
    assert jsonrpc.decode(jsonrpc.error(None, problem)) == body
    assert jsonrpc.decode(jsonrpc.error(None, problem, null_id=True)) == {**body, "id": None}
    assert jsonrpc.decode(jsonrpc.error(0, problem)) == {**body, "id": 0}


class ProtocolErrorForTest(ProtocolError):
    """An error with a code of its own."""

    code = 7


def test_notifications_and_questions_are_encoded_on_one_line() -> None:
    assert jsonrpc.notification("a") == b'{"jsonrpc":"2.0","method":"a"}'
    with_params = jsonrpc.notification("a", {"text": "b\nc"})
    assert with_params == b'{"jsonrpc":"2.0","method":"a","params":{"text":"b\\nc"}}'
    question = jsonrpc.request("q", "roots/list", {})
    assert question == b'{"jsonrpc":"2.0","id":"q","method":"roots/list","params":{}}'
