"""Calls that outlive their connection: the extension io.modelcontextprotocol/tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from mcp_transport.models import Call, Server, Task, Worker
from mcp_transport.tasks.orphans import fail_orphans
from mcp_transport.testing.asgi import LIMIT
from mcp_transport.testing.modern import TASK_INTERVAL
from mcp_transport.worker.cleanup import delete_expired_tasks
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe
from tests.client import SUBSCRIPTION_ID, ModernClient, Reply, text_of
from tests.interaction.conftest import Configure, ConnectLegacy, ConnectModern, UserToken
from tests.interaction.requirements import covers
from tests.sockets import Sockets

Json = dict[str, Any]
LONG = "/mcp/long"
EXTENSION = "io.modelcontextprotocol/tasks"
KNOWS: Json = {"extensions": {EXTENSION: {}}, "elicitation": {"form": {}}}
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
CHANGED = "notifications/tasks"
OPEN = ("working", "input_required")
SILENT = "2000-01-01T00:00:00Z"  # when a dead process was seen last


def name(value: str) -> Json:
    """A form with a name in it."""
    return {"action": "accept", "content": {"name": value}}


def answer(method: str, params: Json) -> Json:
    """Answers for each form."""
    field = next(iter(params["requestedSchema"]["properties"]))
    return {"action": "accept", "content": {field: 3 if field == "count" else "Ada"}}


@pytest.fixture
async def long(servers: dict[str, Server]) -> Server:
    """A server whose calls may last."""
    return await Server.objects.acreate(slug="long", access="public", offers=["long"])


@pytest.fixture
def client(modern: ConnectModern, long: Server) -> ModernClient:
    """A client that knows tasks."""
    return modern(path=LONG, capabilities=KNOWS, answer=answer)


async def call(client: ModernClient, tool: str, **arguments: Any) -> Reply:
    return await client.ask("tools/call", {"name": tool, "arguments": arguments})


async def begin(client: ModernClient, tool: str, **arguments: Any) -> str:
    """Call a tool that becomes a task; the task's id."""
    created = (await call(client, tool, **arguments)).result
    assert created["resultType"] == "task", created
    return str(created["taskId"])


async def state_once(client: ModernClient, task_id: str, fits: Callable[[Json], bool]) -> Json:
    """What is said of a task once it is so."""
    async with asyncio.timeout(LIMIT):
        while not fits(state := await client.look_at_task(task_id)):  # noqa: ASYNC110 - a poll
            await asyncio.sleep(TASK_INTERVAL)
    return state


@covers("T2-1")
async def test_the_extension_is_declared_where_a_tool_may_become_a_task(
    client: ModernClient, modern: ConnectModern
) -> None:
    declared = (await client.ask("server/discover")).result["capabilities"]
    assert declared["extensions"] == {EXTENSION: {}}
    assert "tasks" not in declared
    others = (await modern(capabilities=KNOWS).ask("server/discover")).result["capabilities"]
    assert "extensions" not in others


@covers("T2-2")
async def test_who_does_not_declare_it_gets_the_result(
    modern: ConnectModern, long: Server, probe: Probe
) -> None:
    probe.released.set()
    reply = await call(modern(path=LONG), "long_report")
    assert reply.result["resultType"] == "complete"
    assert text_of(reply.result) == "reported"


@covers("T2-2")
async def test_a_quick_call_is_answered_at_once(client: ModernClient) -> None:
    assert (await call(client, "long_brief")).result["resultType"] == "complete"
    assert not await Task.objects.aexists()


@covers("T2-3")
async def test_a_tool_that_has_to_be_a_task_says_so(modern: ConnectModern, long: Server) -> None:
    reply = await call(modern(path=LONG), "long_must")
    assert reply.refused == (400, -32021)
    assert reply.error["data"] == {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
    assert EXTENSION in reply.error["message"]


@covers("T2-3")
async def test_a_session_comes_back_for_the_result_of_such_a_tool(
    connect_legacy: ConnectLegacy, long: Server
) -> None:
    client = await connect_legacy(path=LONG)
    assert text_of((await client.call("long_must")).result) == "had to"


@covers("T2-4", "T2-14")
async def test_only_calls_of_such_tools_become_tasks(modern: ConnectModern) -> None:
    client = modern(capabilities=KNOWS)
    params = {"name": "nothing", "arguments": {}, "task": {"ttl": 60_000}}
    assert (await client.ask("tools/call", params)).result["resultType"] == "complete"
    read = await client.ask("resources/read", {"uri": "note://plain"})
    assert read.result["resultType"] == "complete"


@covers("T2-5")
async def test_a_created_task_is_flat(client: ModernClient, probe: Probe) -> None:
    created = (await call(client, "long_report")).result
    assert created.keys() == {
        "resultType", "taskId", "status", "createdAt", "lastUpdatedAt", "ttlMs",
        "pollIntervalMs", "_meta",
    }  # fmt: skip
    assert (created["status"], created["ttlMs"], created["pollIntervalMs"]) == (
        "working", 7_200_000, 500,
    )  # fmt: skip
    probe.released.set()
    assert (await client.follow_task(created["taskId"]))["status"] == "completed"


@covers("T2-6", "T2-7")
async def test_a_task_is_found_as_soon_as_it_is_answered(client: ModernClient) -> None:
    task_id = await begin(client, "long_must")
    assert (await client.look_at_task(task_id))["taskId"] == task_id
    state = await client.follow_task(task_id)
    assert (state["status"], state["resultType"]) == ("completed", "complete")
    assert text_of(state["result"]) == "had to"
    assert state["result"]["resultType"] == "complete"


@covers("T2-6")
async def test_a_slow_call_goes_on_as_a_task_that_tells_how_far_it_is(
    client: ModernClient, probe: Probe, configure: Configure
) -> None:
    await configure(MCP_STREAM_AFTER=0.0)
    slow = await begin(client, "long_slow")
    task_id = await begin(client, "long_report")
    state = await state_once(client, task_id, lambda state: "statusMessage" in state)
    assert (state["status"], state["statusMessage"]) == ("working", "Half")
    assert state["_meta"]["mcp-transport/progress"] == {"progress": 1, "total": 2}
    probe.released.set()
    assert text_of((await client.follow_task(task_id))["result"]) == "reported"
    assert text_of((await client.follow_task(slow))["result"]) == "slow"
    rows = [(row.entry, row.outcome) async for row in Call.objects.order_by("entry")]
    assert rows == [("long_report", "ok"), ("long_slow", "ok")]


@covers("T2-6")
async def test_a_task_goes_on_without_its_client(client: ModernClient, probe: Probe) -> None:
    exchange = await client.open("tools/call", {"name": "long_report", "arguments": {}})
    created = (await client.read(exchange)).result
    await exchange.disconnect()
    probe.released.set()
    assert (await client.follow_task(created["taskId"]))["status"] == "completed"


@covers("T2-6")
async def test_a_client_that_leaves_before_there_is_a_task_ends_the_call(
    client: ModernClient, probe: Probe, configure: Configure
) -> None:
    await configure(MCP_STREAM_AFTER=60.0)
    params = {"name": "long_slow", "arguments": {}}
    exchange = await client.open("tools/call", params, meta={"progressToken": "p"})
    await exchange.disconnect()
    gone = Call.objects.filter(entry="long_slow", outcome="cancelled")
    async with asyncio.timeout(LIMIT):
        while not await gone.aexists():  # noqa: ASYNC110 - a row
            await asyncio.sleep(TASK_INTERVAL)
    assert not await Task.objects.aexists()


@covers("T2-7")
@pytest.mark.parametrize(
    ("tool", "text"),
    [("long_blocking", "Hello, Ada!"), ("long_pieces", "one two"), ("long_two", "Ada and Ada")],
)
async def test_functions_of_every_kind_can_be_tasks(
    client: ModernClient, tool: str, text: str
) -> None:
    state = await client.follow_task(await begin(client, tool))
    assert "".join(block["text"] for block in state["result"]["content"]) == text


@covers("T2-8")
async def test_a_tool_that_fails_completes_its_task(client: ModernClient) -> None:
    state = await client.follow_task(await begin(client, "long_breaks"))
    assert state["status"] == "completed"
    assert state["result"]["isError"] is True
    assert text_of(state["result"]) == "It broke."


@covers("T2-8")
async def test_an_error_of_the_protocol_fails_it(client: ModernClient) -> None:
    state = await client.follow_task(await begin(client, "long_refuses"))
    assert state["status"] == "failed"
    assert state["error"] == {"code": -32602, "message": "Not like this."}
    assert "result" not in state
    assert [row.outcome async for row in Call.objects.all()] == ["error"]


@covers("T2-9")
async def test_answers_may_come_one_by_one(client: ModernClient) -> None:
    task_id = await begin(client, "long_two")
    asked = await state_once(client, task_id, lambda state: state["status"] == "input_required")
    assert asked["inputRequests"].keys() == {"a", "b"}
    assert asked["inputRequests"]["a"]["method"] == "elicitation/create"

    part = {"taskId": task_id, "inputResponses": {"a": name("Ada"), "unknown": {"x": 1}}}
    assert (await client.ask("tasks/update", part)).result.keys() == {"resultType", "_meta"}
    left = (await client.ask("tasks/get", {"taskId": task_id})).result
    assert left["inputRequests"].keys() == {"b"}

    wrong = {"taskId": task_id, "inputResponses": {"b": {"action": "accept", "content": {}}}}
    assert (await client.ask("tasks/update", wrong)).error["code"] == -32602
    rest = {"taskId": task_id, "inputResponses": {"a": name("Eve"), "b": name("Bob")}}
    assert (await client.ask("tasks/update", rest)).result["resultType"] == "complete"
    assert text_of((await client.follow_task(task_id))["result"]) == "Ada and Bob"
    late = (await client.ask("tasks/update", rest)).result
    assert late["resultType"] == "complete"


@covers("T2-9")
@pytest.mark.parametrize("responses", [None, [], "a"])
async def test_answers_are_an_object(client: ModernClient, responses: Any) -> None:
    task_id = await begin(client, "long_must")
    params = {"taskId": task_id, "inputResponses": responses}
    assert (await client.ask("tasks/update", params)).refused == (400, -32602)


@covers("T2-10")
async def test_no_question_has_the_key_of_another(client: ModernClient) -> None:
    task_id = await begin(client, "long_asks_twice")
    seen: list[str] = []
    for _ in range(2):
        state = await state_once(
            client, task_id, lambda state: set(state.get("inputRequests", ())) - set(seen) != set()
        )
        ((key, question),) = state["inputRequests"].items()
        seen.append(key)
        given = {key: answer("", question["params"])}
        _ = await client.ask("tasks/update", {"taskId": task_id, "inputResponses": given})
    assert len(set(seen)) == 2
    assert text_of((await client.follow_task(task_id))["result"]) == "Ada 3"


@covers("MRTR-16")
async def test_what_is_asked_before_is_asked_while_the_client_waits(client: ModernClient) -> None:
    first = (await call(client, "long_asks_first")).result
    assert first["resultType"] == "input_required"
    assert "taskId" not in first
    params = {"name": "long_asks_first", "arguments": {}, **client.answers_to(first)}
    created = (await client.ask("tools/call", params)).result
    assert created["resultType"] == "task"
    assert text_of((await client.follow_task(created["taskId"]))["result"]) == "Ada 3"


@covers("T2-11")
async def test_a_task_can_be_cancelled_and_again(client: ModernClient, probe: Probe) -> None:
    task_id = await begin(client, "long_report")
    for _ in range(2):
        acknowledged = (await client.ask("tasks/cancel", {"taskId": task_id})).result
        assert acknowledged.keys() == {"resultType", "_meta"}
    assert (await client.follow_task(task_id))["status"] == "cancelled"
    assert probe.cancelled.is_set()
    assert [row.outcome async for row in Call.objects.all()] == ["cancelled"]


@covers("T2-11")
async def test_a_task_that_waits_for_an_answer_can_be_cancelled(client: ModernClient) -> None:
    task_id = await begin(client, "long_two")
    await state_once(client, task_id, lambda state: state["status"] == "input_required")
    assert (await client.ask("tasks/cancel", {"taskId": task_id})).result
    state = await state_once(client, task_id, lambda state: state["status"] not in OPEN)
    assert state["status"] == "cancelled"
    assert "inputRequests" not in state


@covers("T2-12")
@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
@pytest.mark.parametrize("task_id", ["nothing", "x" * 43, "\0" * 43])
async def test_there_is_no_such_task(client: ModernClient, method: str, task_id: str) -> None:
    params = {"taskId": task_id, "inputResponses": {}}
    header = {} if task_id.isprintable() else {"mcp-name": None}
    code = (await client.ask(method, params, headers=header)).error["code"]
    assert code == (-32602 if task_id.isprintable() else -32020)


@covers("T2-12")
async def test_a_task_has_to_be_named(client: ModernClient) -> None:
    assert (await client.ask("tasks/get", {})).refused == (400, -32602)


@covers("T2-13")
@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
async def test_who_asks_for_a_task_declares_the_extension(
    client: ModernClient, modern: ConnectModern, method: str
) -> None:
    params = {"taskId": await begin(client, "long_must"), "inputResponses": {}}
    assert (await modern(path=LONG).ask(method, params)).refused == (400, -32021)


@covers("HDR-6")
async def test_the_name_header_repeats_the_id(client: ModernClient) -> None:
    params = {"taskId": await begin(client, "long_must")}
    wrong = await client.ask("tasks/get", params, headers={"mcp-name": "another"})
    assert wrong.refused == (400, -32020)


@covers("T2-15", "SUB-12")
async def test_a_stream_is_told_how_a_task_is(client: ModernClient) -> None:
    task_id = await begin(client, "long_two")
    stream = await client.listen({"taskIds": [task_id, "x" * 43]}, id=7)
    acknowledged = await stream.expect(ACKNOWLEDGED)
    assert acknowledged["notifications"] == {"taskIds": [task_id]}
    told = await stream.expect(CHANGED)
    while told["status"] == "working":
        told = await stream.expect(CHANGED)
    assert told["taskId"] == task_id
    assert told["_meta"][SUBSCRIPTION_ID] == 7
    given = {"a": name("Ada"), "b": name("Bob")}
    _ = await client.ask("tasks/update", {"taskId": task_id, "inputResponses": given})
    while told["status"] in OPEN:
        told = await stream.expect(CHANGED)
    assert text_of(told["result"]) == "Ada and Bob"
    await stream.close()


@covers("T2-15", "T2-13")
async def test_who_listens_to_tasks_declares_the_extension(
    modern: ConnectModern, long: Server
) -> None:
    params = {"notifications": {"taskIds": ["x" * 43]}}
    reply = await modern(path=LONG).ask("subscriptions/listen", params)
    assert reply.refused == (400, -32021)


@covers("T2-15")
@pytest.mark.parametrize("ids", ["x", [1], ["x"] * 101])
async def test_the_tasks_that_are_listened_to_are_a_short_list(
    client: ModernClient, ids: Any
) -> None:
    reply = await client.ask("subscriptions/listen", {"notifications": {"taskIds": ids}})
    assert reply.error["code"] == -32602


@covers("T2-16")
async def test_nobody_elses_task_is_found(
    modern: ConnectModern, long: Server, user_token: UserToken
) -> None:
    ada = modern(path=LONG, capabilities=KNOWS, token=await user_token())
    bob = modern(path=LONG, capabilities=KNOWS, token=await user_token("bob"))
    nobody = modern(path=LONG, capabilities=KNOWS)
    elsewhere = modern(capabilities=KNOWS, token=ada.token)
    task_id = await begin(ada, "long_must")
    for other in (bob, nobody, elsewhere):
        for method in ("tasks/get", "tasks/update", "tasks/cancel"):
            params = {"taskId": task_id, "inputResponses": {}}
            assert (await other.ask(method, params)).error["code"] == -32602
        stream = await other.listen({"taskIds": [task_id]})
        assert (await stream.expect(ACKNOWLEDGED))["notifications"] == {}
        await stream.close()
    assert (await ada.follow_task(task_id))["status"] == "completed"


@covers("T2-16")
async def test_a_right_that_was_taken_away_hides_what_it_brought(
    modern: ConnectModern, long: Server, user_token: UserToken, configure: Configure
) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0.0)
    token = await user_token(is_staff=True)
    ada = modern(path=LONG, capabilities=KNOWS, token=token)
    task_id = await begin(ada, "long_secret")
    assert text_of((await ada.follow_task(task_id))["result"]) == "secret"
    task = await Task.objects.select_related("user").aget(pk=task_id)
    assert task.user is not None
    await sync_to_async(task.user.user_permissions.clear)()
    assert (await ada.ask("tasks/get", {"taskId": task_id})).error["code"] == -32602
    assert (await call(ada, "long_secret")).error["code"] == -32602


@covers("T2-17")
async def test_a_task_is_kept_until_its_time_has_come(client: ModernClient) -> None:
    task_id = await begin(client, "long_must")
    state = await client.follow_task(task_id)
    assert state["ttlMs"] == 86_400_000
    assert await sync_to_async(delete_expired_tasks)() == 0
    await Task.objects.aupdate(expires_at=timezone.now() - timedelta(seconds=1))
    assert (await client.ask("tasks/get", {"taskId": task_id})).error["code"] == -32602
    assert await sync_to_async(delete_expired_tasks)() == 1


@covers("T2-18")
async def test_who_polls_too_often_is_told_to_wait(
    client: ModernClient, long: Server, configure: Configure
) -> None:
    task_id = await begin(client, "long_must")
    await client.follow_task(task_id)
    await configure(MCP_ANONYMOUS_RATE_LIMIT=1)
    codes = [(await client.ask("tasks/get", {"taskId": task_id})).status for _ in range(3)]
    assert 429 in codes


@covers("T2-17")
async def test_the_task_of_a_dead_process_fails(client: ModernClient, probe: Probe) -> None:
    task_id = await begin(client, "long_report")
    await Worker.objects.acreate(id="dead", hostname="h", pid=1, started_at=SILENT, seen_at=SILENT)
    await Task.objects.aupdate(worker="dead")
    (call,) = await sync_to_async(fail_orphans)(runtime().worker_id)
    assert (call["entry"], call["outcome"]) == ("long_report", "interrupted")
    assert await sync_to_async(fail_orphans)(runtime().worker_id) == []
    probe.released.set()
    await runtime().engine.drain(LIMIT)
    state = await client.look_at_task(task_id)  # whoever was taken for dead changes nothing more
    assert state["status"] == "failed"
    assert "died" in state["error"]["message"]


@covers("T2-17")
async def test_a_process_that_stops_fails_what_does_not_come_to_its_end(
    client: ModernClient, probe: Probe
) -> None:
    task_id = await begin(client, "long_report")
    await runtime().engine.drain(0.0)
    state = await client.look_at_task(task_id)
    assert (state["status"], state["error"]["code"]) == ("failed", -32603)
    assert [row.outcome async for row in Call.objects.all()] == ["interrupted"]


@covers("T2-17")
async def test_a_task_that_takes_too_long_is_stopped(
    client: ModernClient, probe: Probe, configure: Configure
) -> None:
    await configure(MCP_TASK_TIMEOUT=0.1)
    state = await client.follow_task(await begin(client, "long_report"))
    assert state["status"] == "completed"
    assert text_of(state["result"]) == "The tool was stopped: it may take 0.1 seconds."
    assert [row.outcome async for row in Call.objects.all()] == ["timeout"]


@covers("T2-17")
async def test_a_result_that_is_too_large_is_not_kept(
    client: ModernClient, configure: Configure
) -> None:
    await configure(MCP_TASK_MAX_BYTES=1024)
    state = await client.follow_task(await begin(client, "long_large", size=1024))
    assert state["result"]["isError"] is True
    assert "1024 bytes" in text_of(state["result"])


@covers("T2-17")
async def test_a_principal_has_so_many_tasks(
    client: ModernClient, probe: Probe, configure: Configure
) -> None:
    await configure(MCP_MAX_RUNNING_TASKS=1, MCP_STREAM_AFTER=0.0)
    task_id = await begin(client, "long_report")
    refused = await call(client, "long_must")
    assert (refused.status, refused.headers["retry-after"]) == (429, "30")
    waiting = asyncio.create_task(call(client, "long_slow"))  # it may take its time without
    await client.look_at_task(task_id)
    probe.released.set()
    assert (await waiting).result["resultType"] == "complete"


@covers("T2-9")
async def test_tasks_live_over_a_websocket_too(long: Server, sockets: Sockets) -> None:
    meta = {"io.modelcontextprotocol/clientCapabilities": KNOWS}
    socket = await sockets.open(LONG)
    params: Json = {"name": "long_blocking", "arguments": {}}
    created = (await socket.ask_modern("tools/call", params, meta=meta))["result"]
    named = {"taskId": created["taskId"]}
    await socket.leave()
    again = await sockets.open(LONG)
    async with asyncio.timeout(LIMIT):
        state = created
        while state["status"] in OPEN:
            await asyncio.sleep(TASK_INTERVAL)
            if state["status"] == "input_required":
                given = {key: name("Ada") for key in state["inputRequests"]}
                update = {**named, "inputResponses": given}
                await again.ask_modern("tasks/update", update, meta=meta)
            state = (await again.ask_modern("tasks/get", named, meta=meta))["result"]
    assert text_of(state["result"]) == "Hello, Ada!"
