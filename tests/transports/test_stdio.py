"""Standard input and output, in a process of its own as a desktop client starts it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcp_transport.transports.stdio import Pipes
from tests.child import Child
from tests.process import Folder, until

pytestmark = pytest.mark.timeout(120)

ROWS = """
from django.contrib.auth.models import User
from mcp_transport.models import Server
User.objects.create_user("ada")
Server.objects.create(slug="guarded", access="token", offers=["good", "slow"])
Server.objects.create(slug="staff", access="permission", permission="auth.view_user", offers=["good"])
"""
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
CALLS = "SELECT transport, principal, outcome FROM mcp_transport_call WHERE entry = ? ORDER BY id"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("site")).prepare()
    folder.manage("shell", "--verbosity", "0", "-c", ROWS)
    return folder


@pytest.fixture
async def child(folder: Folder) -> AsyncIterator[Child]:
    async with Child("stdio", "guarded", environment=folder.environment) as child:
        yield child


def call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


@pytest.mark.server
async def test_a_session_is_served_from_its_first_line_to_the_end_of_input(
    child: Child, folder: Folder
) -> None:
    hello = await child.shake_hands()
    assert hello["result"]["protocolVersion"] == "2025-11-25"
    answer = await child.ask("tools/call", call("repeat", text="snow \u2603\u2028"), 1)
    assert answer["result"]["content"][0]["text"] == "snow \u2603\u2028"
    child.end_input()
    said, _log, status = await child.ended()
    assert (said, status) == ([], 0)
    assert folder.rows(CALLS, "repeat") == [("stdio", "operator", "ok")]
    assert folder.rows("SELECT count(*) FROM mcp_transport_session WHERE closed_at IS NULL") == [
        (0,)
    ]


@pytest.mark.server
async def test_both_eras_share_the_pipes(child: Child) -> None:
    await child.shake_hands()
    await child.send_modern("tools/call", call("count"), 7, progressToken="p")
    answer = await child.answer(7)
    assert answer["result"]["resultType"] == "complete"
    assert [m["params"]["progress"] for m in child.unheard] == [1, 2, 3]


@pytest.mark.server
async def test_the_client_can_be_asked(child: Child) -> None:
    await child.shake_hands(elicitation={})
    await child.send("tools/call", call("greet"), 1)
    question = await child.next()
    assert question["method"] == "elicitation/create"
    result = '{"action": "accept", "content": {"name": "Ada"}}'
    await child.write(b'{"jsonrpc": "2.0", "id": "%b", "result": %b}' % (
        question["id"].encode(), result.encode(),
    ))  # fmt: skip
    assert "Ada" in (await child.answer(1))["result"]["content"][0]["text"]


@pytest.mark.server
async def test_only_a_line_that_is_wrong_fails(child: Child) -> None:
    await child.write(b"{not json")
    await child.write(b'"' + b"x" * (10 * 1024 * 1024) + b'"')
    await child.write(b"")
    await child.send_modern("server/discover", {}, 1)
    assert (await child.next())["error"]["code"] == -32700
    assert "10485760" in (await child.next())["error"]["message"]
    assert "result" in await child.answer(1)


@pytest.mark.server
async def test_a_cancelled_request_is_stopped_and_not_answered(
    child: Child, folder: Folder, tmp_path: Path
) -> None:
    started, cancelled = tmp_path / "started", tmp_path / "cancelled"
    arguments = {"started": str(started), "cancelled": str(cancelled)}
    await child.send_modern("tools/call", call("hold", **arguments), 1)
    await until(started.exists, within=40)
    await child.send("notifications/cancelled", {"requestId": 1})
    await until(cancelled.exists)
    child.end_input()
    said, _log, status = await child.ended()
    assert (said, status) == ([], 0)
    assert folder.rows(CALLS, "hold") == [("stdio", "operator", "cancelled")]


@pytest.mark.server
@pytest.mark.parametrize("ends_by", ["input", "signal"])
async def test_what_runs_at_the_end_is_still_answered(
    child: Child, tmp_path: Path, ends_by: str
) -> None:
    until_file = tmp_path / "go"
    await child.send_modern(
        "tools/call", call("work", reports=1, until=str(until_file)), 1, progressToken="p"
    )
    assert (await child.next())["method"] == "notifications/progress"
    child.end_input() if ends_by == "input" else child.terminate()
    until_file.touch()
    said, _log, status = await child.ended()
    assert [message["id"] for message in said] == [1]
    assert status == 0


@pytest.mark.server
async def test_a_user_is_served_with_their_own_rights(folder: Folder) -> None:
    command = ("stdio", "guarded", "--user", "ada")
    async with Child(*command, environment=folder.environment) as child:
        await child.send_modern("tools/list", {}, 1)
        tools = (await child.answer(1))["result"]["tools"]
    assert "staff_only" not in {tool["name"] for tool in tools}


@pytest.mark.server
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nothing"], "no enabled server 'nothing'"),
        (["guarded", "--user", "eve"], "no user 'eve'"),
        (["staff", "--user", "ada"], "a permission you do not have"),
    ],
)
async def test_what_cannot_be_served_is_said_on_standard_error(
    folder: Folder, arguments: list[str], reason: str
) -> None:
    async with Child("stdio", *arguments, environment=folder.environment) as child:
        said, log, status = await child.ended()
    assert (said, status) == ([], 1)
    assert reason in log


PRINTING = """
import asyncio, django, os, subprocess, sys
django.setup()
from mcp_transport.transports.stdio import claim
pipes = claim()
print("printed")
os.write(1, b"written\\n")
subprocess.run([sys.executable, "-c", "import sys; print('by a child', repr(sys.stdin.read()))"])
asyncio.run(pipes.write(b"{}"))
"""


@pytest.mark.server
async def test_nothing_but_messages_reaches_standard_output(folder: Folder) -> None:
    command = ("-c", PRINTING)
    child = Child(environment=folder.environment)
    child._command = [child._command[0], *command]
    async with child:
        await child.write(b"for the server alone")
        said, log, status = await child.ended()
    assert (said, status) == ([{}], 0)
    assert log.splitlines().count("by a child ''") == 1
    assert {"printed", "written"} <= set(log.splitlines())


async def test_a_message_goes_out_whole_however_long_it_is() -> None:
    source, sink = os.pipe()
    reader, writer = Pipes(source, os.dup(sink)), Pipes(os.dup(source), sink)
    message = b'"' + b"x" * 1_000_000 + b'"'
    lines = reader.lines()
    writing = asyncio.ensure_future(writer.write(message))
    assert await anext(lines) == message
    await writing


async def test_nobody_who_reads_is_an_error_of_the_pipe() -> None:
    source, sink = os.pipe()
    os.close(source)
    with pytest.raises(OSError, match="pipe"):
        await Pipes(source, sink).write(b"{}")


@pytest.mark.server
async def test_a_call_may_become_a_task(folder: Folder) -> None:
    knows: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
    async with Child("stdio", "long", environment=folder.environment) as child:
        await child.send_modern("tools/call", call("long_must"), 1, **{CAPABILITIES: knows})
        task = {"taskId": (await child.answer(1))["result"]["taskId"]}
        for number in range(2, 500):
            await child.send_modern("tasks/get", task, number, **{CAPABILITIES: knows})
            state = (await child.answer(number))["result"]
            if state["status"] != "working":
                break
        assert state["result"]["content"][0]["text"] == "had to"
