"""Tests of ``manage.py mcp call``, against a runtime of its own."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from mcp_transport.management.subcommands import calls
from mcp_transport.management.subcommands.following import FollowedTask
from tests.management.conftest import FakeRuntime, mcp

pytestmark = pytest.mark.django_db


def sent(runtime: FakeRuntime) -> dict[str, Any]:
    """The parameters of the request that the engine received."""
    params: dict[str, Any] = runtime.received[0].body["params"]
    return params


def test_a_user_without_the_servers_permission_is_told_so(
    runtime: FakeRuntime, owner: User
) -> None:
    with pytest.raises(CommandError, match="permission you do not have"):
        mcp("call", "shop", "echo", "--user", "ada")
    assert runtime.received == []


@pytest.mark.parametrize("streams", [False, True])
def test_a_call_prints_the_text_of_its_result(runtime: FakeRuntime, streams: bool) -> None:
    runtime.streams = streams
    assert mcp("call", "main", "echo", "text=hello") == ("done\n", "")
    (incoming,) = runtime.received
    assert incoming.body["method"] == "tools/call"
    assert not incoming.has_routing_headers
    assert sent(runtime)["name"] == "echo"
    assert sent(runtime)["arguments"] == {"text": "hello"}
    assert incoming.principal.is_superuser


def test_arguments_are_texts_or_json_and_override_the_whole(runtime: FakeRuntime) -> None:
    mcp("call", "--args", '{"a": 1, "b": 2}', "main", "echo", "b=2=3", "c:=[true]", "d=")
    assert sent(runtime)["arguments"] == {"a": 1, "b": "2=3", "c": [True], "d": ""}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hello"], "write key=value"),
        (["=hello"], "write key=value"),
        ([":=1"], "write key=value"),
        (["n:=one"], "n is not JSON"),
        (["--args", "{"], "--args is not JSON"),
        (["--args", "[]"], "--args is a JSON object"),
    ],
)
def test_arguments_that_cannot_be_read_are_refused_before_anything_starts(
    runtime: FakeRuntime, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        mcp("call", "main", "echo", *arguments)
    assert runtime.log == []


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"type": "resource_link", "uri": "shop://1", "name": "one"}, "[one: shop://1]"),
        ({"type": "resource_link", "uri": "shop://1"}, "[resource: shop://1]"),
        ({"type": "resource", "resource": {"uri": "shop://1", "text": "a page"}}, "a page"),
        (
            {"type": "resource", "resource": {"uri": "shop://1", "blob": "AAAA"}},
            "[resource, 3 bytes; --json prints them]",
        ),
        (
            {"type": "image", "mimeType": "image/png", "data": "AA=="},
            "[image/png, 1 bytes; --json prints them]",
        ),
    ],
)
def test_what_is_no_text_is_described(
    runtime: FakeRuntime, block: dict[str, Any], text: str
) -> None:
    runtime.answer = {"result": {"content": [{"type": "text", "text": "see"}, block]}}
    assert mcp("call", "main", "echo")[0] == f"see\n{text}\n"


def test_the_whole_result_is_printed_when_asked_for(runtime: FakeRuntime) -> None:
    assert json.loads(mcp("call", "main", "echo", "--json")[0]) == runtime.answer["result"]


def test_progress_and_log_messages_are_remarks(runtime: FakeRuntime) -> None:
    progress = {"progressToken": 1, "progress": 1, "total": 3, "message": "looking"}
    runtime.before = [
        {"method": "notifications/progress", "params": progress},
        {"method": "notifications/progress", "params": {"progressToken": 1, "progress": 2}},
        {"method": "notifications/message", "params": {"level": "info", "data": "found"}},
        {"method": "notifications/tools/list_changed"},
    ]
    assert mcp("call", "main", "echo") == ("done\n", "1/3 looking\n2\ninfo: found\n")


def test_a_tool_error_fails_the_command(runtime: FakeRuntime) -> None:
    content = [{"type": "text", "text": "out of paper"}]
    runtime.answer = {"result": {"content": content, "isError": True}}
    with pytest.raises(CommandError, match="out of paper"):
        mcp("call", "main", "echo")
    assert runtime.log == ["started", "stopped"]


def test_a_protocol_error_fails_the_command(runtime: FakeRuntime) -> None:
    runtime.answer = {"error": {"code": -32602, "message": "There is no tool 'nope'."}}
    with pytest.raises(CommandError, match="no tool 'nope'"):
        mcp("call", "main", "nope")


def test_no_answer_fails_the_command(runtime: FakeRuntime) -> None:
    runtime.answer = {}
    with pytest.raises(CommandError, match="no answer"):
        mcp("call", "main", "echo")


NAME = {
    "method": "elicitation/create",
    "params": {
        "message": "Who are you?",
        "requestedSchema": {
            "type": "object",
            "properties": {"name": {"type": "string"}},
            "required": ["name"],
        },
    },
}
ASKING = {
    "resultType": "input_required",
    "inputRequests": {"who": NAME},
    "requestState": "signed",
}


class Terminal(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_question_is_answered_from_the_command_line(runtime: FakeRuntime) -> None:
    runtime.asked = [ASKING]
    assert mcp("call", "--answer", "name=Ada", "main", "echo", "a=b") == ("done\n", "")
    first, second = (incoming.body["params"] for incoming in runtime.received)
    assert first["_meta"]["io.modelcontextprotocol/clientCapabilities"]["elicitation"]
    assert second["arguments"] == {"a": "b"}
    assert second["requestState"] == "signed"
    assert second["inputResponses"] == {"who": {"action": "accept", "content": {"name": "Ada"}}}
    assert runtime.log == ["started", "stopped"]


def test_a_question_is_answered_at_the_terminal(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.asked = [ASKING, ASKING]
    monkeypatch.setattr("sys.stdin", Terminal("Ada\n"))
    out, err = mcp("call", "main", "echo")
    assert out == "done\n"
    assert err.startswith("Who are you? (the end of input cancels)\n  name (text): ")
    answers = [i.body["params"].get("inputResponses") for i in runtime.received]
    assert answers[1] == {"who": {"action": "accept", "content": {"name": "Ada"}}}
    assert answers[2] == {"who": {"action": "cancel"}}


def test_a_question_that_nobody_can_answer_fails_the_command(runtime: FakeRuntime) -> None:
    runtime.asked = [ASKING]
    with pytest.raises(CommandError, match="asks for 'name'.*--answer name="):
        mcp("call", "--answer", "other=1", "main", "echo")
    assert runtime.log == ["started", "stopped"]


def test_a_tool_that_needs_answers_says_how_to_give_them(runtime: FakeRuntime) -> None:
    runtime.answer = {"error": {"code": -32021, "message": "This needs elicitation."}}
    with pytest.raises(CommandError, match=r"^This needs elicitation\. Run .* --answer\.$"):
        mcp("call", "main", "echo")
    declared = sent(runtime)["_meta"]["io.modelcontextprotocol/clientCapabilities"]
    assert "elicitation" not in declared


def test_a_tool_that_asks_without_end_fails_the_command(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "MAX_ROUNDS", 2)
    runtime.asked = [ASKING] * 3
    with pytest.raises(CommandError, match="has asked 2 times"):
        mcp("call", "--answer", "name=Ada", "main", "echo")


def test_progress_is_a_bar_where_there_is_a_terminal(runtime: FakeRuntime) -> None:
    params = {"progressToken": 1, "progress": 1, "total": 2, "message": "half\x1b[2J"}
    warning = {"level": "warning", "data": {"low": True}}
    runtime.before = [
        {"method": "notifications/progress", "params": params},
        {"method": "notifications/message", "params": warning},
        {"method": "notifications/message", "params": {"level": "error", "data": "out"}},
    ]
    out, err = Terminal(), Terminal()
    call_command("mcp", "call", "main", "echo", stdout=out, stderr=err)
    lines = err.getvalue().splitlines()
    assert "░  50% half?[2J" in err.getvalue()
    assert 'warning: {"low": true}' in lines
    assert err.getvalue().endswith(" \r")


def test_what_a_tool_says_does_not_command_a_terminal(runtime: FakeRuntime) -> None:
    runtime.answer = {"result": {"content": [{"type": "text", "text": "a\x1b[2J\n\tb"}]}}
    out = Terminal()
    call_command("mcp", "call", "main", "echo", stdout=out)
    assert out.getvalue() == "a?[2J\n\tb\n"
    assert mcp("call", "main", "echo")[0] == "a\x1b[2J\n\tb\n"


def task(status: str, **more: Any) -> dict[str, Any]:
    """What is said of a task."""
    return {"taskId": "t", "status": status, "pollIntervalMs": 1, **more}


FORM = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
ASKS = {"method": "elicitation/create", "params": {"message": "Who?", "requestedSchema": FORM}}


def test_a_task_is_waited_for(runtime: FakeRuntime) -> None:
    told = {"_meta": {"mcp-transport/progress": {"progress": 1, "total": 2}}}
    asks = task("input_required", inputRequests={"q": ASKS})
    done = task("completed", result={"content": [{"type": "text", "text": "late"}]})
    runtime.asked = [
        {"resultType": "task", **task("working")},
        task("working", statusMessage="Half", **told),
        task("working", statusMessage="Half", **told),
        asks, {}, asks, done,
    ]  # fmt: skip
    assert mcp("call", "--answer", "name=Ada", "main", "echo") == ("late\n", "1/2 Half\n")
    methods = [one.body["method"] for one in runtime.received]
    assert methods.count("tasks/update") == 1
    update = next(one for one in runtime.received if one.body["method"] == "tasks/update")
    answers = {"q": {"action": "accept", "content": {"name": "Ada"}}}
    assert update.body["params"]["inputResponses"] == answers


@pytest.mark.parametrize(
    ("ended", "message"),
    [
        (task("failed", error={"code": -32603, "message": "It died."}), "It died"),
        (task("cancelled"), "The task was cancelled"),
    ],
)
def test_a_task_without_a_result_fails_the_command(
    runtime: FakeRuntime, ended: dict[str, Any], message: str
) -> None:
    runtime.asked = [{"resultType": "task", **task("working")}, ended]
    with pytest.raises(CommandError, match=message):
        mcp("call", "main", "echo")


def test_whoever_interrupts_the_command_ends_the_task(
    runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_self: object, _state: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FollowedTask, "_show", interrupt)
    runtime.asked = [{"resultType": "task", **task("working")}, {}]
    with pytest.raises(KeyboardInterrupt):
        mcp("call", "main", "echo")
    assert runtime.received[-1].body["method"] == "tasks/cancel"
