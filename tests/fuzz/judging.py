"""
What every answer promises, whatever was asked.

No 5xx but the 503 that says when to come back, nothing of the server's inside,
and JSON-RPC wherever there is a body.
"""

from __future__ import annotations

import ctypes
import gc
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

INTERNAL_ERROR = -32603
STATUSES = frozenset(
    {200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 426, 429, 431, 503}
)
#: What an HTTP server says of what never was a request; the endpoint did not see it.
SERVERS_OWN = (
    b"Invalid HTTP request received.",
    b"The headers are larger than",
    b"Unsupported upgrade request.",
    b"Failed to open a WebSocket connection",
)
PROJECT = Path(__file__).resolve().parents[2]
INSIDE = (b"Traceback", b'File "', b"site-packages", str(PROJECT).encode(), b"hunter2", b"0x7f")

P99 = 0.050  # seconds
MORE_TRIES = 4  # of what was slower than that: it may have waited for other processes
GROWTH = 8 * 2**20  # bytes


@dataclass(slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int = 0  # 0: nothing did
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0  # until the headers were there
    is_owed: bool = True  # whether nothing would be wrong

    @property
    def is_stream(self) -> bool:
        """Whether it is an event stream."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    def messages(self) -> list[Any]:
        """Every JSON-RPC message in it."""
        if not self.is_stream:
            content = json.loads(self.body) if self.body else []
            return content if isinstance(content, list) else [content]
        *blocks, _broken_off = self.body.split(b"\n\n")
        data = [block.partition(b"data: ")[2] for block in blocks if b"event: message" in block]
        return [json.loads(item) for item in data if item]


def judge(answer: Answer) -> None:
    """Raises AssertionError for an answer that breaks a promise."""
    assert answer.status in STATUSES, f"{answer.status}: {answer.body[:300]!r}"
    assert answer.status != 503 or "retry-after" in answer.headers, "503 without Retry-After"
    for word in INSIDE:
        assert word not in answer.body, f"{word!r} in {answer.body[:500]!r}"
    if answer.body.startswith(SERVERS_OWN):
        return
    kind = answer.headers.get("content-type", "")
    assert not answer.body or answer.is_stream or kind == "application/json", kind
    for message in answer.messages():
        judge_message(message)
    if answer.status >= 400:
        assert answer.body == b"" or any("error" in m for m in answer.messages()), answer.body


def judge_message(message: Any) -> None:
    """Raises AssertionError for what is no JSON-RPC message, or tells of a fault inside."""
    assert message["jsonrpc"] == "2.0", message
    if "method" in message:
        assert isinstance(message["method"], str), message
        return
    assert ("result" in message) != ("error" in message), message
    assert isinstance(message.get("id"), str | int | None), message
    if "error" in message:
        error = message["error"]
        assert type(error["code"]) is int, message
        assert error["code"] != INTERNAL_ERROR, message
        assert isinstance(error["message"], str), message
        assert error["message"], message
        assert error.keys() <= {"code", "message", "data"}, message


def percentile(seconds: Sequence[float], share: float) -> float:
    """The time within which this share of the requests was answered."""
    ordered = sorted(seconds)
    return ordered[math.ceil(len(ordered) * share) - 1]


def resident_bytes(pid: int | str = "self") -> int:
    """The memory that a process holds."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * 4096


def held_bytes() -> int:
    """The memory that this process holds, without what its allocator merely keeps at hand."""
    gc.collect()
    if return_to_system := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc has it
        return_to_system(0)
    return resident_bytes()
