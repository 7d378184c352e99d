"""
JSON-RPC 2.0 as the specification narrows it: bytes to messages and back.

Pure: no I/O, no Django. A body is decoded once; what comes after works on the
decoded value. Ids are strings or integers and keep their type, parameters are
objects, and a message is exactly one of request, notification and response
(2025-11-25, basic/index, Messages).
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from mcp_transport.protocol.errors import InvalidParams, InvalidRequest, ParseError, ProtocolError

Id = str | int
MAX_DEPTH: Final = 64  # levels; the decoder and whatever walks a value recurse
# 2025-03-26 names no number (basic/index, Batching); each counts towards the limits by itself.
MAX_BATCH: Final = 50  # messages
LONGEST_ID: Final = 1000  # characters or digits: ids are repeated, and kept with what is logged
_BEYOND_IDS: Final = 10**LONGEST_ID

TOO_LONG: Final = f"A message's id is longer than {LONGEST_ID} characters; make it shorter."

# A string without an end is taken to the end of the body: trying again from
# every quotation mark in it would take quadratic time.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_TO_SQUARE = bytes.maketrans(b"{}", b"[]")
_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
encode = _encoder.encode


class Request(msgspec.Struct, frozen=True):
    """A message that is answered."""

    id: Id
    method: str
    params: dict[str, Any]


class Notification(msgspec.Struct, frozen=True):
    """A message that is never answered."""

    method: str
    params: dict[str, Any]


class Response(msgspec.Struct, frozen=True):
    """A client's answer to a question of the server's."""

    id: Id
    result: Any = None
    error: dict[str, Any] | None = None


Message = Request | Notification | Response


def decode(body: bytes) -> Any:
    """
    The JSON value of a body; of duplicate keys the last one wins.

    Raises ParseError for whatever is not JSON in UTF-8, or nests too deeply.
    """
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and nests_deeper(body, MAX_DEPTH):
        raise ParseError(f"The body nests more than {MAX_DEPTH} levels deep.")
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from None


def nests_deeper(body: bytes, limit: int) -> bool:
    """Whether brackets outside strings nest deeper than the limit."""
    brackets = _STRING.sub(b"", body).translate(_TO_SQUARE, _NOT_BRACKETS)
    for _ in range(limit):
        outer = brackets.replace(b"[]", b"")
        if outer == brackets:
            return brackets.count(b"[") > limit  # those that are never closed
        brackets = outer
    return b"[" in brackets


def is_id(value: Any) -> bool:
    """Whether a value can be the id of a request, or a token that stands for one."""
    return (type(value) is str or type(value) is int) and not is_too_long(value)


def is_too_long(id_: Id) -> bool:
    """Whether an id is longer than anybody needs."""
    return len(id_) > LONGEST_ID if isinstance(id_, str) else abs(id_) >= _BEYOND_IDS


def read_id(value: Any) -> Id | None:
    """The id of a message that may be malformed, for the error that answers it."""
    found = value.get("id") if isinstance(value, dict) else None
    return found if type(found) in (str, int) else None


def parse(value: Any) -> Message:
    """
    The message that a decoded value is.

    Raises InvalidRequest, or InvalidParams when only ``params`` is not an object.
    """
    if type(value) is not dict:
        raise InvalidRequest("A message is one JSON object.")
    if value.get("jsonrpc") != "2.0":
        raise InvalidRequest('A message has the member "jsonrpc": "2.0".')
    method = value.get("method")
    if method is None:
        return _parse_response(value)
    if type(method) is not str:
        raise InvalidRequest("A message's method is a string.")
    params = value.get("params")
    if params is None:
        params = {}
    elif type(params) is not dict:
        raise InvalidParams("A message's params is a JSON object.", status=400)
    if "id" not in value:
        return Notification(method, params)
    id_ = value["id"]
    # Unlike in plain JSON-RPC it is never null (2025-11-25, basic/index, Requests); nor
    # is it true or 1.0, which Python would take for the id 1.
    if type(id_) is not str and type(id_) is not int:
        raise InvalidRequest("A request's id is a string or an integer, never null.")
    if is_too_long(id_):
        raise InvalidRequest(TOO_LONG)
    return Request(id_, method, params)


def _parse_response(value: dict[str, Any]) -> Response:
    id_ = read_id(value)
    # One of the two, never both (2025-06-18, basic/index, Responses).
    if id_ is None or ("result" in value) == ("error" in value):
        raise InvalidRequest(
            "A message is a request or notification with a method, or a response with an id and either result or error."
        )
    if is_too_long(id_):
        raise InvalidRequest(TOO_LONG)
    error = value.get("error")
    if "error" in value and type(error) is not dict:
        raise InvalidRequest("A response's error is a JSON object.")
    return Response(id_, value.get("result"), error)


def result(id_: Id, value: Any) -> bytes:
    """A successful response."""
    return _encoder.encode({"jsonrpc": "2.0", "id": id_, "result": value})


def error(id_: Id | None, problem: ProtocolError, *, null_id: bool = False) -> bytes:
    """
    An error response; without an id when the request's could not be read.

    So it is from 2025-11-25 on (basic/index, Error Responses). Revisions before
    require the member, and get null as in plain JSON-RPC.
    """
    message: dict[str, Any] = {"jsonrpc": "2.0"}
    if id_ is not None or null_id:
        message["id"] = id_
    message["error"] = problem.as_error()
    return _encoder.encode(message)


def notification(method: str, params: Any = None) -> bytes:
    """A notification."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if params is not None:
        message["params"] = params
    return _encoder.encode(message)


def request(id_: Id, method: str, params: Any) -> bytes:
    """A question to the client."""
    return _encoder.encode({"jsonrpc": "2.0", "id": id_, "method": method, "params": params})
