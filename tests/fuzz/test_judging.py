"""What the judge lets pass, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fuzz.judging import INSIDE, Answer, judge, percentile

JSON = {"content-type": "application/json"}
STREAM = {"content-type": "text/event-stream"}
RESULT = {"jsonrpc": "2.0", "id": 1, "result": {}}


def error(code: int, message: str = "no") -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message}}


def answer(message: Any, status: int = 200, headers: Any = JSON) -> Answer:
    return Answer(status=status, headers=dict(headers), body=json.dumps(message).encode())


@pytest.mark.parametrize(
    "passed",
    [
        Answer(status=202),
        Answer(status=405, body=b""),
        answer(RESULT),
        answer([RESULT, error(-32601)]),
        answer(error(-32700), 400),
        answer(error(503), 503, {**JSON, "retry-after": "2"}),
        Answer(status=200, headers=STREAM, body=b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\nevent: mess"),
        Answer(status=400, headers={"content-type": "text/plain"}, body=b"Invalid HTTP request received."),
    ],
)  # fmt: skip
def test_what_is_promised_passes(passed: Answer) -> None:
    judge(passed)


@pytest.mark.parametrize(
    "refused",
    [
        Answer(),
        answer(error(-32603), 500),
        answer(error(503), 503),
        answer(error(-32603)),
        answer({"jsonrpc": "2.0", "id": 1}),
        answer({"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}}),
        answer({"jsonrpc": "2.0", "id": [], "result": {}}),
        answer({"jsonrpc": "2.0", "error": {"code": "a", "message": "no"}}),
        answer({"jsonrpc": "2.0", "error": {"code": 1, "message": ""}}),
        answer(RESULT, 400),
        answer(RESULT, 200, {"content-type": "text/html"}),
        *(answer(error(1, word.decode()), 400) for word in INSIDE if b'"' not in word),
        Answer(status=200, headers=STREAM, body=b"event: message\ndata: {}\n\n"),
    ],
)
def test_what_breaks_a_promise_is_refused(refused: Answer) -> None:
    with pytest.raises((AssertionError, KeyError)):
        judge(refused)


def test_the_slowest_hundredth_is_left_out() -> None:
    assert percentile([*[0.001] * 99, 9.0], 0.99) == 0.001
    assert percentile([0.001, 9.0], 0.99) == 9.0
