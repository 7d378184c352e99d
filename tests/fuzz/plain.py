"""Valid requests of clients that speak plain HTTP, and what every answer to them promises."""

from __future__ import annotations

import json
from typing import Any

from tests.fuzz.attempts import BASE, PATH, Attempt
from tests.fuzz.judging import INSIDE, STATUSES, Answer

DOORS = ("tools", "health", "stats", "openapi.json", "docs", "sessions", "sessions/none")
CALLS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "repeat": {"text": "hello"},
    "quote": {"parcel": {"weight": 1.5, "speed": "fast"}},
    "add": {"a": 1, "b": 2},
    "fails": {},
    "media": {},
    "greet": {},
    "stumble": {},
    "draft_seven": {"pair": [1, "x"]},
}
UNPROCESSABLE = 422  # what a tool says of what it was given

#: Valid requests, from which all others are made.
SEEDS: tuple[Attempt, ...] = (
    *(Attempt(method="GET", target=f"{PATH}/{door}", headers=BASE) for door in DOORS),
    *(
        Attempt(target=f"{PATH}/tools/{name}{end}", headers=BASE, message={"arguments": given})
        for name, given in CALLS.items()
        for end in ("", "/stream")
    ),
    Attempt(method="DELETE", target=f"{PATH}/sessions/none", headers=BASE),
    Attempt(method="OPTIONS", target=f"{PATH}/tools", headers=BASE),
)

TARGETS = (
    f"{PATH}/tools/", f"{PATH}/tools//", f"{PATH}/tools/none", f"{PATH}/tools/%00", f"{PATH}/tools/%ff%fe",
    f"{PATH}/tools/add/stream/stream", f"{PATH}/tools/stream", f"{PATH}/tools/../stats", f"{PATH}/tools/{'a' * 3000}",
    f"{PATH}/tools?cursor=%00", f"{PATH}/sessions/%00", f"{PATH}/sessions/{'a' * 43}", f"{PATH}/sessions/{'a' * 43}/stream",
    f"{PATH}/sessions/{'a' * 43}/messages?after=x", f"{PATH}/sessions?limit=-1", f"{PATH}/ws/tools/add", f"{PATH}/stats/x",
    f"{PATH}/openapi.json/", "/mcp/guarded/tools", "/mcp/guarded/sessions", "/mcp/none/tools",
)  # fmt: skip


def judge_plain(answer: Answer) -> None:
    """Raises AssertionError for an answer that breaks a promise."""
    assert answer.status in STATUSES | {UNPROCESSABLE}, f"{answer.status}: {answer.body[:300]!r}"
    assert answer.status != 503 or "retry-after" in answer.headers, "503 without Retry-After"
    for word in INSIDE:
        assert word not in answer.body, f"{word!r} in {answer.body[:500]!r}"
    kind = answer.headers.get("content-type", "")
    if not answer.body or answer.is_stream or kind.startswith("text/html"):
        return
    told = json.loads(answer.body)
    assert answer.status < 400 or told.get("error"), told
