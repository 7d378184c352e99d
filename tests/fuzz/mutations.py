"""
What may have happened to a valid request on its way.

Three levels: the decoded message, the encoded bytes, and the headers around
them. Few and simple draws, so that thousands of requests are made in a moment.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.attempts import BASE, PATH, SEEDS, Attempt, Header

Draw = Callable[[st.SearchStrategy[Any]], Any]
Path = tuple[Any, ...]


class Twice(str):
    """A key that stands beside an equal one: JSON allows it, a dict does not."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def nested(depth: int) -> Any:
    """Arrays in arrays."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


#: Values of types, sizes and forms that nobody expects where they are put.
JUNK: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**40, 10**400, 0.5,
    -0.0, 1e308, float("nan"), float("inf"), "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800",
    "\ufeff", "\u202e", "é", "𝔞" * 30, "a" * 5000, "\x01\x1f\x7f", "\r\nx: y\r\n\r\n", "../../etc/passwd",
    "%2e%2e%2f", "note://item/%00", "note://item/" + "9" * 3000, "file:///shelf/../../x",
    "ref/prompt", "2.0", "2026-07-28", "2024-11-05", "1999-01-01", "tools/call", "initialize",
    "<state>", "' OR 1=1 --", "{{7*7}}", "${jndi:x}", "=?base64?/w==?=", [], {}, [[]], [None], [1, "a", {}],
    {"": {}}, {"a": {"b": []}}, {"\x00": "\x00"}, {"__proto__": {"x": 1}, "__class__": "x"},
    {"$ref": "#"}, nested(30), nested(63), nested(70), list(range(300)), {str(n): n for n in range(300)},
    "accept", {"action": "accept"}, {"action": "accept", "content": []}, {"action": ["accept"]},
    {"action": "accept", "content": {"name": 10**30}}, {"roots": [{"uri": 1}]},
    {"role": "assistant", "content": [], "model": "m"}, {"role": "assistant", "content": {"type": 1}, "model": ""},
)  # fmt: skip

TOKENS: tuple[bytes, ...] = (
    b"", b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"[", b"]", b"{", b"}", b'"',
    b"\\", b"\\u0000", b"\\ud800", b",", b":", b"NaN", b"-Infinity", b"1e999", b"-", b"00", b"null",
    b"/*", b"\n", b"\r\n", b"9" * 400, b"[" * 100, b'{"a":' * 100, b"{}", b"\xfe\xff", b" " * 300,
)  # fmt: skip

NAMES: tuple[bytes, ...] = (
    b"host", b"origin", b"accept", b"content-type", b"authorization", b"mcp-session-id",
    b"mcp-protocol-version", b"mcp-method", b"mcp-name", b"mcp-param-region", b"mcp-param-",
    b"last-event-id", b"traceparent", b"cookie", b"x-forwarded-host", b"x-forwarded-proto",
    b"access-control-request-headers", b"content-encoding", b"accept-encoding", b"range", b"x",
)  # fmt: skip

VALUES: tuple[bytes, ...] = (
    b"", b" ", b"\t", b"\xff\xfe", b"a" * 9000, b"=?base64?", b"=?base64?/w==?=", b"=?base64?aGk=?=",
    b"0", b"-1", b"9" * 40, b"*/*", b"*/*;q=0", b"application/json;charset=utf-16", b"text/plain",
    b"text/event-stream", b"2026-07-28", b"2025-11-25", b"1999-01-01", b"null", b"{}", b"Bearer ",
    b"Bearer mcp_x", b"Bearer mcp_" + b"a" * 49, b"Basic Og==", b"evil.example", b"http://localhost",
    b"http://evil.example", b"[::1", b"localhost:99999999", b"user@localhost", b"a-1", b"-", b"a-" + b"9" * 15,
    b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01", b"gzip", b"tools/call", b"greet", b",,,;;;===", b"<session 2025-11-25>",
)  # fmt: skip

TARGETS = (
    f"{PATH}/sse", f"{PATH}/messages", f"{PATH}/messages?session_id=%00", f"{PATH}/messages?session_id=" + "a" * 43,
    f"{PATH}/ws", f"{PATH}/ws/ticket", "/mcp/sse", PATH, f"{PATH}/", f"{PATH}//", "/mcp", "/mcp/", "/mcp//", "/mcp/none", "/mcp/%00", "/mcp/%ff%fe",
    "/mcp/fuzz%0d%0ax:y", "/mcp/../mcp/fuzz", "/mcp/fuzz?x=%00&y=%ff", f"/mcp/{'a' * 3000}", "/mcp/fuzz/x",
    "/mcp/guarded", "/mcp/%f0%9f%92%a9",
)  # fmt: skip
METHODS = ("POST", "GET", "DELETE", "OPTIONS", "PUT", "PATCH", "HEAD", "TRACE", "post", "M-SEARCH")

POSTS = tuple(seed for seed in SEEDS if seed.method == "POST")
POSITIONS = st.integers(0, 2**20)
SOMETHING = st.sampled_from(JUNK)
A_POST = st.sampled_from(POSTS)
LENGTHS, TWO_BITS, BYTES = st.integers(0, 40), st.integers(0, 3), st.integers(0x20, 0xFF)
CUTS = st.lists(st.integers(0, 400), min_size=1, max_size=4)
FEW = st.integers(0, 2)


@cache
def any_of(choices: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    """One of a few; made once, for what Hypothesis makes of them costs more than the draw."""
    return st.sampled_from(choices)


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """Where a message can be changed: each member and element, outermost first."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*here, key)
        if isinstance(inner, dict | list):
            yield from paths(inner, (*here, key))


def change_message(draw: Draw, attempt: Attempt) -> Attempt:
    """Put something else, nothing, or something twice in one place of the message."""
    message = copy.deepcopy(attempt.message)
    places = list(paths(message)) if isinstance(message, dict | list) else []
    if not places:
        return replace(attempt, message=draw(SOMETHING))
    *way, last = places[draw(POSITIONS) % len(places)]
    holder = message
    for key in way:
        holder = holder[key]
    _change_member(draw, holder, last)
    return replace(attempt, message=message)


def _change_member(draw: Draw, holder: Any, key: Any) -> None:
    how = draw(any_of(("put", "put", "put", "drop", "add", "wrap", "double")))
    if how == "put":
        holder[key] = draw(SOMETHING)
    elif how == "drop":
        del holder[key]
    elif how == "wrap":
        holder[key] = [holder[key]]
    elif isinstance(holder, list):
        holder.append(draw(SOMETHING))
    elif how == "double":
        holder[Twice(key)] = draw(SOMETHING)
    else:
        holder[draw(any_of(("name", "uri", "cursor", "_meta", "id", "", "x" * 500)))] = draw(
            SOMETHING
        )


def change_bytes(draw: Draw, attempt: Attempt) -> Attempt:
    """Cut, repeat or overwrite a piece of the encoded body."""
    body = attempt.body
    start = draw(POSITIONS) % (len(body) + 1)
    end = min(len(body), start + draw(LENGTHS))
    how = draw(any_of(("overwrite", "overwrite", "insert", "cut", "repeat", "end", "encode")))
    token = draw(any_of(TOKENS)) if how in ("overwrite", "insert") else b""
    changed = {
        "overwrite": body[:start] + token + body[start + len(token) :],
        "insert": body[:start] + token + body[start:],
        "cut": body[:start] + body[end:],
        "repeat": body[:end] + body[start:end] * 3 + body[end:],
        "end": body[:start],
        "encode": body.decode("utf-8", "replace").encode("utf-16"),
    }
    return replace(attempt, body=changed[how])


def change_headers(draw: Draw, attempt: Attempt) -> Attempt:
    """Leave a header out, send it twice, or say something else in it."""
    headers = list(attempt.headers) or list(BASE)
    place = draw(POSITIONS) % len(headers)
    how = draw(any_of(("value", "value", "drop", "double", "other", "add", "byte", "large")))
    name, value = headers[place]
    if how == "drop":
        del headers[place]
    elif how == "double":
        headers.insert(draw(POSITIONS) % (len(headers) + 1), (name, value))
    else:
        headers[len(headers) if how == "add" else place : place + 1 if how != "add" else None] = [
            _other_header(draw, how, name, value)
        ]
    return replace(attempt, headers=tuple(headers))


def _other_header(draw: Draw, how: str, name: bytes, value: bytes) -> Header:
    if how == "large":
        return name, value + b"x" * 30_000
    if how == "byte":
        place = draw(POSITIONS) % (len(value) + 1)
        byte = draw(BYTES)
        return name, value[:place] + bytes([byte]) + value[place + 1 :]
    if how in ("other", "add"):
        name = draw(any_of(NAMES))
    return name, draw(any_of(VALUES))


def change_request(draw: Draw, attempt: Attempt, targets: tuple[str, ...] = TARGETS) -> Attempt:
    """Another method, another path, a body in pieces, a client that leaves."""
    how = draw(any_of(("method", "target", "pieces", "pieces", "leave")))
    if how == "method":
        return replace(attempt, method=draw(any_of(METHODS)))
    if how == "target":
        return replace(attempt, target=draw(any_of(targets)))
    cuts = tuple(sorted(draw(CUTS)))
    return replace(attempt, cuts=cuts, is_left=how == "leave")


MIXTURES = (
    *((),) * 1, *(("message",),) * 6, *(("bytes",),) * 3, *(("headers",),) * 4, *(("request",),) * 2,
    ("message", "message"), ("message", "message", "message"), ("headers", "headers"),
    ("message", "headers"), ("message", "bytes"), ("bytes", "request"), ("headers", "request"),
)  # fmt: skip


def attempts(
    framings: tuple[str, ...] = ("length",),
    seeds: tuple[Attempt, ...] = SEEDS,
    targets: tuple[str, ...] = TARGETS,
) -> st.SearchStrategy[Attempt]:
    """Valid requests to which a few things happened."""
    return _changed(st.sampled_from(seeds), framings, targets)


@st.composite
def _changed(
    draw: Draw,
    seeds: st.SearchStrategy[Attempt],
    framings: tuple[str, ...],
    targets: tuple[str, ...],
) -> Attempt:
    attempt: Attempt = draw(seeds)
    mixture = draw(any_of(MIXTURES))
    for _ in range(mixture.count("message")):
        attempt = change_message(draw, attempt)
    attempt = encoded(attempt)
    for _ in range(mixture.count("bytes")):
        attempt = change_bytes(draw, attempt)
    for _ in range(mixture.count("headers")):
        attempt = change_headers(draw, attempt)
    for _ in range(mixture.count("request")):
        attempt = change_request(draw, attempt, targets)
    framing = draw(any_of(framings)) if len(framings) > 1 else framings[0]
    return replace(attempt, framing=framing)


@st.composite
def bodies(draw: Draw) -> Attempt:
    """A valid message to which a few things happened, for where there are no headers."""
    attempt = numbered(draw(A_POST), draw(POSITIONS))
    for _ in range(draw(FEW)):
        attempt = change_message(draw, attempt)
    attempt = encoded(attempt)
    return change_bytes(draw, attempt) if draw(TWO_BITS) == 3 else attempt


def numbered(attempt: Attempt, number: int) -> Attempt:
    """The same with an id that no other request in flight has."""
    message = attempt.message
    if isinstance(message, dict) and "method" in message and "id" in message:
        message = {**message, "id": number}
    return replace(attempt, message=message)


def encoded(attempt: Attempt) -> Attempt:
    """The message as a body; a GET or DELETE has none."""
    if attempt.message is None and attempt.method != "POST":
        return attempt
    return replace(attempt, body=json.dumps(attempt.message).encode())
