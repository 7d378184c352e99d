"""
Inputs that have broken servers, each with what it is answered.

The bodies stand for themselves or go into a valid call as its arguments; the
headers are added to a valid call, or take the place of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fuzz.attempts import (
    BASE,
    HANDSHAKES,
    MODERN_REVISION,
    Attempt,
    Header,
    legacy_headers,
    modern_headers,
    modern_message,
)

REVISIONS = (*HANDSHAKES, MODERN_REVISION)
NOT_JSON = (400, -32700)
NO_MESSAGE = (400, -32600)
WRONG_PARAMS = (400, -32602)
SERVED = (200, None)
IN_BAND = (200, "isError")

Expected = tuple[int, int | str | None]  # the status, and the code where there is an error
REPEAT = {"name": "repeat"}
META = json.dumps(modern_message("tools/call", {})["params"]["_meta"]).encode()
CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"repeat","arguments":%s%s}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input; ``differs`` names the revisions that answer it otherwise."""

    name: str
    expected: Expected
    body: bytes | None = None
    arguments: bytes | None = None
    headers: tuple[Header, ...] = ()
    differs: Mapping[str, Expected] = field(default_factory=dict)

    def expected_at(self, revision: str) -> Expected:
        """What a revision answers."""
        return self.differs.get(revision, self.expected)

    def attempt(self, revision: str) -> Attempt:
        """The request of a client of a revision."""
        is_modern = revision == MODERN_REVISION
        headers = modern_headers("tools/call", REPEAT) if is_modern else legacy_headers(revision)
        replaced = {name for name, _ in self.headers} - {b"host"}
        kept = tuple(item for item in headers if item[0] not in replaced)
        return Attempt(headers=(*kept, *self.headers), body=self._body(is_modern=is_modern))

    def _body(self, *, is_modern: bool) -> bytes:
        if self.body is not None:
            return self.body
        meta = b',"_meta":' + META if is_modern else b""
        return CALL % (b'{"text":"hello"}' if self.arguments is None else self.arguments, meta)


def broken(name: str, body: bytes) -> Case:
    """A body that is not JSON, for any revision."""
    return Case(name=name, body=body, expected=NOT_JSON)


def foreign(name: str, body: bytes) -> Case:
    """A body that is JSON and no message."""
    return Case(name=name, body=body, expected=NO_MESSAGE)


def argument(
    name: str, arguments: bytes, expected: Expected, *, modern: Expected | None = None
) -> Case:
    """A call with these arguments."""
    differs = {} if modern is None else {MODERN_REVISION: modern}
    return Case(name=name, arguments=arguments, expected=expected, differs=differs)


NOTHING_READABLE = (
    broken("empty", b""),
    broken("whitespace", b" \t\r\n" * 1000),
    broken("one NUL", b"\x00"),
    broken("a byte order mark", b"\xef\xbb\xbf" + CALL % (b"{}", b"")),
    broken("UTF-16 with a mark", (CALL % (b"{}", b"")).decode().encode("utf-16")),
    broken("UTF-16 without a mark", (CALL % (b"{}", b"")).decode().encode("utf-16-le")),
    broken("UTF-32", (CALL % (b"{}", b"")).decode().encode("utf-32")),
    broken("compressed", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"),
    broken("cut off", (CALL % (b"{}", b""))[:-1]),
    broken("two messages", (CALL % (b"{}", b"")) * 2),
    broken("a comment", b"/* */" + CALL % (b"{}", b"")),
    broken("a trailing comma", b'{"jsonrpc":"2.0",}'),
    broken("single quotes", b"{'jsonrpc':'2.0'}"),
    broken("a form", b"jsonrpc=2.0&method=ping"),
    broken("XML", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>"),
    broken("NaN", CALL % (b'{"text":NaN}', b"")),
    broken("Infinity", CALL % (b'{"text":-Infinity}', b"")),
    broken("a number without an end", CALL % (b'{"text":1e999}', b"")),
    broken("a number of a megabyte", CALL % (b'{"text":' + b"9" * 2**20 + b"}", b"")),
    broken("a leading zero", CALL % (b'{"text":01}', b"")),
    broken("a byte that is no UTF-8", CALL % (b'{"text":"\xff"}', b"")),
    broken("an overlong slash", CALL % (b'{"text":"\xc0\xaf"}', b"")),
    broken("a surrogate in UTF-8", CALL % (b'{"text":"\xed\xa0\x80"}', b"")),
    broken("a lone surrogate", CALL % (b'{"text":"\\ud800"}', b"")),
    broken("surrogates the wrong way round", CALL % (b'{"text":"\\udc00\\ud800"}', b"")),
    broken("half an escape", CALL % (b'{"text":"\\u12"}', b"")),
    broken("a raw NUL in a string", CALL % (b'{"text":"\x00"}', b"")),
    broken("a raw line end in a string", CALL % (b'{"text":"\n"}', b"")),
    broken("200,000 brackets", b"[" * 200_000),
    broken("200,000 braces", b'{"a":' * 200_000),
    broken("200,000 brackets, closed", b"[" * 200_000 + b"]" * 200_000),
    broken("4 MiB of brackets and braces", b'[{"a":' * 680_000),
    broken("65 levels in the arguments", CALL % (b'{"text":' + b"[" * 65 + b"]" * 65 + b"}", b"")),
    broken("a string without an end", b'{"a":"' + b"\\" * 2**20),
    broken("quotation marks only", b'"' * 2**20),
)
NO_MESSAGES = (
    *(foreign(f"only {text}", text.encode()) for text in ("null", "true", "0", '""', "{}", "[]")),
    foreign("an array of 100,000 numbers", b"[" + b"0," * 99_999 + b"0]"),
    foreign("an array of empty objects", b"[" + b"{}," * 49 + b"{}]"),
    foreign(
        "an object of 100,000 keys", b"{" + b",".join(b'"%d":0' % n for n in range(10**5)) + b"}"
    ),
    foreign("a key of a megabyte", b'{"' + b"k" * 2**20 + b'":1}'),
    foreign("another version", b'{"jsonrpc":"1.0","id":1,"method":"ping"}'),
    foreign("no version", b'{"id":1,"method":"ping"}'),
    foreign("an id that is a fraction", b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}'),
    foreign("an id that is null", b'{"jsonrpc":"2.0","id":null,"method":"ping"}'),
    foreign("an id that is true", b'{"jsonrpc":"2.0","id":true,"method":"ping"}'),
    foreign("an id that is an object", b'{"jsonrpc":"2.0","id":{},"method":"ping"}'),
    foreign("a method that is a number", b'{"jsonrpc":"2.0","id":1,"method":1}'),
    foreign("a result and an error", b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'),
    Case(
        name="parameters by position",
        body=b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}',
        expected=WRONG_PARAMS,
    ),
)
ARGUMENTS = (
    argument("nothing unusual", b'{"text":"hello"}', SERVED),
    argument("a key twice: the last one counts", b'{"text":1,"text":"a"}', SERVED),
    argument("a NUL", b'{"text":"a\\u0000b"}', SERVED),
    argument(
        "every control character",
        b'{"text":"' + b"".join(b"\\u%04x" % n for n in range(32)) + b'"}',
        SERVED,
    ),
    argument("a surrogate pair", b'{"text":"\\ud83d\\ude00"}', SERVED),
    argument("text that turns around", '{"text":"\u202egnp.exe\ufeff"}'.encode(), SERVED),
    argument("brackets in a string", b'{"text":"' + b"[" * 10_000 + b'"}', SERVED),
    argument("a megabyte of text", b'{"text":"' + b"a" * 2**20 + b'"}', SERVED),
    argument("a megabyte of escapes", b'{"text":"' + b"\\u0001" * 170_000 + b'"}', SERVED),
    argument("null", b"null", IN_BAND),
    argument("an empty object", b"{}", IN_BAND),
    argument("an array", b"[]", (200, -32602), modern=WRONG_PARAMS),
    argument("a text", b'"text"', (200, -32602), modern=WRONG_PARAMS),
    argument("another type", b'{"text":1}', IN_BAND),
    argument("a huge integer", b'{"text":' + b"9" * 4000 + b"}", IN_BAND),
    argument("a tiny number", b'{"text":1e-400}', IN_BAND),
    argument("an array of 100,000 elements", b'{"text":[' + b"0," * 99_999 + b"0]}", IN_BAND),
    argument(
        "10,000 arguments", b"{" + b",".join(b'"a%d":0' % n for n in range(10**4)) + b"}", IN_BAND
    ),
    argument("a key of a megabyte", b'{"text":"a","' + b"k" * 2**20 + b'":1}', IN_BAND),
    argument("an empty key", b'{"text":"a","":1}', IN_BAND),
    argument("keys of Python's own", b'{"text":"a","__class__":1,"__dict__":{},"self":1}', IN_BAND),
    argument("60 levels", b'{"text":' + b"[" * 60 + b"]" * 60 + b"}", IN_BAND),
)


def header(name: str, *headers: Header, expected: Expected, modern: Expected | None = None) -> Case:
    """A valid call with other headers."""
    differs = {} if modern is None else {MODERN_REVISION: modern}
    return Case(name=name, headers=headers, expected=expected, differs=differs)


MISMATCH = (400, -32020)
HEADERS = (
    header("no content type", (b"content-type", b""), expected=(415, 415)),
    header("text", (b"content-type", b"text/plain"), expected=(415, 415)),
    header("a charset", (b"content-type", b"application/json; charset=utf-8"), expected=SERVED),
    header("a content type twice", BASE[1], BASE[1], expected=(400, 400)),
    header("nothing accepted", (b"accept", b"text/html"), expected=(406, 406)),
    header("anything accepted", (b"accept", b"*/*"), expected=SERVED),
    header("accept of 30,000 bytes", (b"accept", b"a/b, " * 6000 + b"*/*"), expected=SERVED),
    header("accept that is no range", (b"accept", b",;q=;;\xff="), expected=(406, 406)),
    header("a host twice", (b"host", b"localhost"), expected=(403, 403)),
    header("a page from elsewhere", (b"origin", b"http://evil.example"), expected=(403, 403)),
    header("an origin that is null", (b"origin", b"null"), expected=(403, 403)),
    header("a line end in the origin", (b"origin", b"http://localhost\r\nx: y"), expected=(403, 403)),
    header("a token that is none", (b"authorization", b"Bearer mcp_" + b"a" * 49), expected=(401, 401)),
    header("a token of 30,000 bytes", (b"authorization", b"Bearer mcp_" + b"a" * 30_000), expected=(401, 401)),
    header("two tokens", *((b"authorization", b"Bearer x"),) * 2, expected=(400, 400)),
    header("a revision that is none", (b"mcp-protocol-version", b"1999-01-01"), expected=NO_MESSAGE, modern=MISMATCH),
    header("a revision in bytes", (b"mcp-protocol-version", b"\xff\xfe"), expected=NO_MESSAGE, modern=MISMATCH),
    header("another method", (b"mcp-method", b"tools/list"), expected=SERVED, modern=MISMATCH),
    header("a method in base64", (b"mcp-method", b"=?base64?dG9vbHMvY2FsbA==?="), expected=SERVED, modern=MISMATCH),
    header("another name", (b"mcp-name", b"nothing"), expected=SERVED, modern=MISMATCH),
    header("a name in base64", (b"mcp-name", b"=?base64?cmVwZWF0?="), expected=SERVED),
    header("a name that is no base64", (b"mcp-name", b"=?base64?%%%?="), expected=SERVED, modern=MISMATCH),
    header("a name twice", *((b"mcp-name", b"repeat"),) * 2, expected=SERVED, modern=MISMATCH),
    header("a line end in the name", (b"mcp-name", b"repeat\r\nx: y"), expected=SERVED, modern=MISMATCH),
    header("a session that is none", (b"mcp-session-id", b"a" * 43), expected=(404, 404), modern=SERVED),
    header("a session with a NUL", (b"mcp-session-id", b"\x00" * 43), expected=(404, 404), modern=SERVED),
    header("no session", (b"mcp-session-id", b""), expected=NO_MESSAGE, modern=SERVED),
    header("two sessions", *((b"mcp-session-id", b"a" * 43),) * 2, expected=(400, 400)),
    header("a trace that is none", (b"traceparent", b"00-\xff-x-01"), expected=SERVED),
    header("a length that is none", (b"content-length", b"-1"), expected=SERVED),
    header("a length that is too large", (b"content-length", b"99999999"), expected=(413, 413)),
)  # fmt: skip
CASES = (*NOTHING_READABLE, *NO_MESSAGES, *ARGUMENTS, *HEADERS)
