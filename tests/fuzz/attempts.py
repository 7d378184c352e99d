"""
Requests as they leave a client, and the valid ones that others are made from.

What only a running site can give (a session's id, an event's id, a state that
it sealed) stands in them as a placeholder until they are sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mcp_transport.protocol.methods import MODERN
from mcp_transport.protocol.routing import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
)

PATH = "/mcp/fuzz"
MODERN_REVISION = "2026-07-28"
IMPLEMENTATION = {"name": "fuzz", "version": "1"}
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
STATE = "<state>"
CAPABILITIES: dict[str, Any] = {
    "elicitation": {"form": {}, "url": {}},
    "sampling": {"tools": {}},
    "roots": {},
}

Json = dict[str, Any]
Header = tuple[bytes, bytes]

#: What the server of these requests offers: nothing that fails or waits on its own.
OFFERS = [
    *(
        f"good:{name}"
        for name in (
            "nothing", "repeat", "quote", "add", "media", "fails", "own_result", "staff_only",
            "routed", "draft_seven", "narrate", "stumble", "greet", "greet_in_thread", "interview",
            "compose", "locate", "ask_everything", "note://plain", "note://pixel",
            "note://several", "note://item/{number}", "file:///shelf/{+path}", "plan",
            "illustrated", "personal_prompt",
        )
    ),
    "conformance",
]  # fmt: skip

_CALLS: dict[str, Json] = {
    "nothing": {},
    "repeat": {"text": "hello"},
    "quote": {"parcel": {"weight": 1.5, "speed": "fast"}},
    "add": {"a": 1, "b": 2},
    "media": {},
    "fails": {},
    "own_result": {},
    "staff_only": {},
    "draft_seven": {"pair": [1, "x"]},
    "narrate": {},
    "stumble": {},
    "greet": {},
    "greet_in_thread": {},
    "interview": {},
    "compose": {"words": "a poem"},
    "locate": {},
    "ask_everything": {},
}
_SHARED: tuple[tuple[str, Json], ...] = (
    ("tools/list", {}),
    ("tools/list", {"cursor": "dG9vbHM6MQ=="}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("prompts/list", {}),
    *(("tools/call", {"name": name, "arguments": given}) for name, given in _CALLS.items()),
    ("resources/read", {"uri": "note://plain"}),
    ("resources/read", {"uri": "note://item/7"}),
    ("resources/read", {"uri": "file:///shelf/a/b.txt"}),
    ("prompts/get", {"name": "plan", "arguments": {"season": "spring", "half": "south"}}),
    ("prompts/get", {"name": "illustrated"}),
    ("prompts/get", {"name": "personal_prompt"}),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/prompt", "name": "plan"},
            "argument": {"name": "season", "value": "s"},
            "context": {"arguments": {"half": "north"}},
        },
    ),
    (
        "completion/complete",
        {
            "ref": {"type": "ref/resource", "uri": "note://item/{number}"},
            "argument": {"name": "number", "value": "01"},
        },
    ),
)
_ANSWER = {"action": "accept", "content": {"name": "Ada"}}
_MODERN: tuple[tuple[str, Json], ...] = (
    ("server/discover", {}),
    ("subscriptions/listen", {"notifications": {"toolsListChanged": True}}),
    (
        "subscriptions/listen",
        {"notifications": {"resourceSubscriptions": ["note://plain", "file:///shelf"]}},
    ),
    (
        "tools/call",
        {
            "name": "greet",
            "arguments": {},
            "requestState": STATE,
            "inputResponses": {"name": _ANSWER},
        },
    ),
    ("tools/call", {"name": "routed", "arguments": {"region": "eu", "floor": 3, "express": True}}),
)
_LEGACY: tuple[tuple[str, Json], ...] = (
    ("ping", {}),
    ("logging/setLevel", {"level": "info"}),
    ("resources/subscribe", {"uri": "note://plain"}),
    ("resources/unsubscribe", {"uri": "note://plain"}),
)
_UNANSWERED: tuple[Json, ...] = (
    {"method": "notifications/initialized"},
    {"method": "notifications/cancelled", "params": {"requestId": 1, "reason": "changed"}},
    {"method": "notifications/progress", "params": {"progressToken": "p", "progress": 0.5}},
    {"method": "notifications/roots/list_changed"},
    {"id": "a.1", "result": _ANSWER},
    {"id": "a.1", "error": {"code": -1, "message": "no"}},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request: the body is a message to be encoded, or bytes as they are."""

    method: str = "POST"
    target: str = PATH
    headers: tuple[Header, ...] = ()
    message: Any = None
    body: bytes = b""
    cuts: tuple[int, ...] = ()  # where the body is taken apart
    is_left: bool = False  # whether the client goes before the body is complete
    patience: float = 0.01  # seconds of a stream that the client listens to
    framing: str = "length"  # how a socket is told where the request ends

    def filled(self, known: Mapping[bytes, bytes]) -> Attempt:
        """The same with what this site gave in the places of the placeholders."""
        headers = tuple((name, known.get(value, value)) for name, value in self.headers)
        body = self.body.replace(STATE.encode(), known[STATE.encode()])
        return replace(self, headers=headers, body=body)


def session_of(revision: str) -> bytes:
    """The placeholder of a session's id."""
    return f"<session {revision}>".encode()


def event_of(revision: str) -> bytes:
    """The placeholder of an event's id."""
    return f"<event {revision}>".encode()


BASE: tuple[Header, ...] = (
    (b"host", b"localhost"),
    (b"content-type", b"application/json"),
    (b"accept", b"application/json, text/event-stream"),
)


def modern_headers(method: str, params: Json) -> tuple[Header, ...]:
    """What goes with a stateless request."""
    name = params.get(MODERN[method].named_by or "")
    arguments = params.get("arguments", {}) if name == "routed" else {}
    written = (f"{value}".lower() for value in arguments.values())
    return (
        *BASE,
        (b"mcp-protocol-version", MODERN_REVISION.encode()),
        (b"mcp-method", method.encode()),
        *(((b"mcp-name", name.encode()),) if isinstance(name, str) else ()),
        *((f"mcp-param-{key}".encode(), v.encode()) for key, v in zip(arguments, written)),  # noqa: B905 - same length
    )


def legacy_headers(revision: str) -> tuple[Header, ...]:
    """What goes with a request of a session."""
    version = ((b"mcp-protocol-version", revision.encode()),) if revision > "2025-06" else ()
    return (*BASE, (b"mcp-session-id", session_of(revision)), *version)


def modern_message(method: str, params: Json) -> Json:
    """A stateless request."""
    meta = {
        PROTOCOL_VERSION: MODERN_REVISION,
        CLIENT_CAPABILITIES: CAPABILITIES,
        CLIENT_INFO: IMPLEMENTATION,
        LOG_LEVEL: "info",
        "progressToken": "p",
    }
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}


def legacy_message(method: str, params: Json) -> Json:
    """A request of a session."""
    meta = {"progressToken": 7}
    return {"jsonrpc": "2.0", "id": "a", "method": method, "params": {**params, "_meta": meta}}


def handshake(revision: str) -> Attempt:
    """What opens a session."""
    params = {
        "protocolVersion": revision,
        "capabilities": CAPABILITIES,
        "clientInfo": IMPLEMENTATION,
    }
    message = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    return Attempt(headers=BASE, message=message)


def _modern() -> Iterator[Attempt]:
    for method, params in (*_SHARED, *_MODERN):
        headers = modern_headers(method, params)
        yield Attempt(headers=headers, message=modern_message(method, params))


def _legacy(revision: str) -> Iterator[Attempt]:
    headers = legacy_headers(revision)
    yield handshake(revision)
    for method, params in (*_SHARED, *_LEGACY):
        yield Attempt(headers=headers, message=legacy_message(method, params))
    for message in _UNANSWERED:
        yield Attempt(headers=headers, message={"jsonrpc": "2.0", **message})
    yield Attempt(method="GET", headers=headers)
    yield Attempt(method="GET", headers=(*headers, (b"last-event-id", event_of(revision))))
    yield Attempt(method="DELETE", headers=headers)


def _batches() -> Iterator[Attempt]:
    headers = legacy_headers("2025-03-26")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    call = legacy_message("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}})
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    yield Attempt(headers=headers, message=[ping, call])
    yield Attempt(headers=headers, message=[note, call])
    yield Attempt(headers=headers, message=[note])


#: Valid requests of every era, from which all others are made.
SEEDS: tuple[Attempt, ...] = (
    *_modern(),
    *(attempt for revision in HANDSHAKES for attempt in _legacy(revision)),
    *_batches(),
    Attempt(method="OPTIONS", headers=(*BASE, (b"origin", b"http://localhost"))),
)
