"""A runtime that a test directs, and the command as it is typed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply, Responder

ECHO = SimpleNamespace(
    name="echo",
    is_read_only=True,
    permission=None,
    wire={
        "title": "Echo",
        "description": "Say it again.\n\nWord by word.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "text": {"type": "string", "description": "What is said.\nOnce."},
                "times": {"type": "integer", "default": 1},
                "loud": {"anyOf": [{"enum": ["yes", "no"]}, {"type": "null"}]},
                "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}},
            },
            "required": ["text"],
        },
    },
)
PAY = SimpleNamespace(name="pay", is_read_only=False, permission="shop.pay", wire={})


class FakeRuntime:
    """Has two servers, and answers calls as a test says."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.received: list[Incoming] = []
        self.before: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"result": {"content": [{"type": "text", "text": "done"}]}}
        self.asked: list[dict[str, Any]] = []  # results of the rounds before the answer
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
        answer = {"result": self.asked.pop(0)} if self.asked else self.answer
        body = json.dumps({"jsonrpc": "2.0", "id": 1, **answer}).encode()
        if not self.streams:
            return Reply(200, body)
        await responder.write(body)
        return ENDED


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    """The process's runtime, for the command."""
    fake = FakeRuntime()
    module = ModuleType("mcp_transport.worker.lifespan")
    runtime: Callable[[], FakeRuntime] = lambda: fake  # noqa: E731 - named for setattr
    monkeypatch.setattr(module, "runtime", runtime, raising=False)
    monkeypatch.setitem(sys.modules, "mcp_transport.worker.lifespan", module)
    return fake


def mcp(*arguments: str) -> tuple[str, str]:
    """What the command prints, and what it remarks."""
    out, err = StringIO(), StringIO()
    call_command("mcp", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()
