"""Tests of mcp_transport.protocol.tasks."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mcp_transport.protocol.errors import InvalidParams, MissingClientCapability
from mcp_transport.protocol.subscriptions import SUBSCRIPTION_ID
from mcp_transport.protocol.tasks import (
    TASKS,
    TaskNews,
    TaskState,
    declares,
    describe,
    read_answers,
    read_task_id,
    read_watched,
    require,
)

AT = datetime(2026, 7, 28, 12, tzinfo=UTC)


def state(**values: Any) -> TaskState:
    fields: dict[str, Any] = {
        "id": "t",
        "created_at": AT,
        "updated_at": AT,
        "lifetime_ms": 1000,
        "poll_interval_ms": 10,
    }
    return TaskState(**fields | values)


@pytest.mark.parametrize(
    ("declared", "is_known"),
    [
        ({}, False),
        ({"tasks": {}}, False),
        ({"extensions": []}, False),
        ({"extensions": {TASKS: True}}, False),
        ({"extensions": {TASKS: {}}}, True),
    ],
)
def test_a_client_knows_tasks_that_says_so(declared: dict[str, Any], is_known: bool) -> None:
    assert declares(declared) is is_known
    if not is_known:
        with pytest.raises(MissingClientCapability, match=TASKS):
            require(declared)


@pytest.mark.parametrize(
    ("values", "member"),
    [
        ({"status": "working"}, None),
        ({"status": "input_required", "questions": {"a": {}}}, "inputRequests"),
        ({"status": "completed", "result": b'{"content":[]}'}, "result"),
        ({"status": "failed", "error": b'{"code":1,"message":"m"}'}, "error"),
        ({"status": "cancelled"}, None),
    ],
)
def test_a_task_tells_what_belongs_to_its_status(
    values: dict[str, Any], member: str | None
) -> None:
    told = state(**values).as_detailed()
    assert told.keys() & {"inputRequests", "result", "error"} == ({member} if member else set())
    assert "statusMessage" not in told


def test_news_carry_the_newest_state_for_each_stream() -> None:
    news = TaskNews(state(progress=1.0, total=4.0, message='its "id"'))
    for subscription in (b"7", b'"seven"'):
        params = json.loads(news.encode_for(subscription))["params"]
        assert params["_meta"][SUBSCRIPTION_ID] == json.loads(subscription)
        assert params["_meta"]["mcp-transport/progress"] == {"progress": 1, "total": 4}
    news.state = state(status="completed", result=b'{"id":"id"}')
    params = json.loads(news.encode_for(b"7"))["params"]
    assert (params["status"], params["result"]) == ("completed", {"id": "id"})
    assert json.loads(news.encode())["method"] == "notifications/tasks"


@pytest.mark.parametrize(
    ("done", "total", "message", "said"),
    [(1, None, None, "1"), (1, 4, None, "1 of 4"), (1, 4, "A quarter", "A quarter")],
)
def test_progress_is_said_in_words(
    done: float, total: float | None, message: str | None, said: str
) -> None:
    assert describe(done, total, message) == said


def test_parameters_are_checked() -> None:
    for read in (read_answers, lambda params: read_task_id(params, "tasks/get")):
        with pytest.raises(InvalidParams):
            read({"taskId": 1, "inputResponses": []})
    for ids in ("x", [1], ["x"] * 101):
        with pytest.raises(InvalidParams):
            read_watched({"notifications": {"taskIds": ids}})
    assert read_watched({"notifications": []}) == frozenset()
