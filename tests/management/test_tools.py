"""Tests of ``manage.py mcp tools`` and ``manage.py mcp call``, against a runtime of their own."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply, Responder
from mcp_transport.models import Server

pytestmark = pytest.mark.django_db

ECHO = SimpleNamespace(
    name="echo",
    is_read_only=True,
    permission=None,
    wire={"description": "Say it again.\n\nWord by word."},
)
PAY = SimpleNamespace(name="pay", is_read_only=False, permission="shop.pay", wire={})


class FakeRuntime:
    """Has two servers, and answers calls as a test says."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.received: list[Incoming] = []
        self.before: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"result": {"content": [{"type": "text", "text": "done"}]}}
        self.streams = False
        self.engine = SimpleNamespace(
            services=SimpleNamespace(directory=self), receive=self.receive
        )

    async def start(self) -> None:
        self.log.append("started")

    async def stop(self) -> None:
        self.log.append("stopped")

    async def find(self, slug: str) -> SimpleNamespace | None:
        if slug not in {"main", "shop"}:
            return None
        access = "permission" if slug == "shop" else "token"
        server = SimpleNamespace(id=1, slug=slug, access=access, permission="shop.use")
        return SimpleNamespace(server=server, catalog=self)

    def visible(self, kind: str, principal: Principal) -> list[SimpleNamespace]:
        assert kind == "tool"
        return [tool for tool in (ECHO, PAY) if principal.may(tool.permission)]

    async def receive(self, incoming: Incoming, responder: Responder) -> Outcome:
        self.received.append(incoming)
        for message in self.before:
            await responder.write(json.dumps(message).encode())
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **self.answer}).encode()
        if not self.streams:
            return Reply(200, body)
        await responder.write(body)
        return ENDED


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """The process's runtime, for the command."""
    fake = FakeRuntime()
    module = ModuleType("mcp_transport.lifespan")
    runtime: Callable[[], FakeRuntime] = lambda: fake  # noqa: E731 - named for setattr
    monkeypatch.setattr(module, "runtime", runtime, raising=False)
    monkeypatch.setitem(sys.modules, "mcp_transport.lifespan", module)
    return fake


def mcp(*arguments: str) -> tuple[str, str]:
    """What the command prints, and what it remarks."""
    out, err = StringIO(), StringIO()
    call_command("mcp", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def sent(runtime: FakeRuntime) -> dict[str, Any]:
    """The parameters of the request that the engine received."""
    params: dict[str, Any] = runtime.received[0].body["params"]
    return params


def test_the_tools_of_every_enabled_server_are_listed(runtime: FakeRuntime, server: Server) -> None:
    Server.objects.create(slug="off", is_enabled=False)
    _, echo, pay = mcp("tools")[0].splitlines()
    assert echo.split() == ["main", "echo", "yes", "-", "Say", "it", "again."]
    assert pay.split() == ["main", "pay", "-", "shop.pay"]
    assert runtime.log == ["started", "stopped"]


def test_a_user_is_shown_what_the_user_may_use(runtime: FakeRuntime, owner: User) -> None:
    listed, _ = mcp("tools", "main", "--user", "ada")
    assert "echo" in listed
    assert "pay" not in listed


def test_a_server_that_is_not_there_is_named(runtime: FakeRuntime) -> None:
    with pytest.raises(CommandError, match="no enabled server 'none'"):
        mcp("tools", "none")
    assert runtime.log == ["started", "stopped"]


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


def test_what_is_no_text_is_printed_as_json(runtime: FakeRuntime) -> None:
    link = {"type": "resource_link", "uri": "shop://1"}
    runtime.answer = {"result": {"content": [{"type": "text", "text": "see"}, link]}}
    assert mcp("call", "main", "echo")[0] == f"see\n{json.dumps(link)}\n"


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
