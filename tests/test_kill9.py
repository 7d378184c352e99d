"""Whole server processes: killed, told to stop, and two of them behind one URL."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.client import LegacyClient, ModernClient, Stream, text_of
from tests.process import START_LIMIT, Folder, Process, is_listening, until
from tests.socket_http import SocketHttp

pytestmark = [pytest.mark.server, pytest.mark.timeout(150)]

PATH = "/mcp/open"
REVISION = "2025-11-25"
PROGRESS = {"progressToken": "p"}
FORMS: dict[str, Any] = {"elicitation": {"form": {}}}
TASKS: dict[str, Any] = {"extensions": {"io.modelcontextprotocol/tasks": {}}, **FORMS}
OUTCOMES = "SELECT outcome FROM mcp_transport_call WHERE entry = ? ORDER BY id"

Serve = Callable[..., Awaitable[Process]]
Connect = Callable[[Process], SocketHttp]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("site")).prepare()


@pytest.fixture
def serve(folder: Folder) -> Iterator[Serve]:
    processes: list[Process] = []

    async def start(server: str = "uvicorn") -> Process:
        processes.append(Process(folder, server))
        return await processes[-1].start()

    yield start
    for process in processes:
        process.close()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        def make(process: Process) -> SocketHttp:
            http = SocketHttp(process)
            stack.push_async_callback(http.close)
            return http

        yield make


def say_ada(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The answer to every form."""
    return {"action": "accept", "content": {"name": "Ada"}}


def legacy(http: SocketHttp, **options: Any) -> LegacyClient:
    return LegacyClient(http, PATH, REVISION, **options)


def elsewhere(client: LegacyClient, http: SocketHttp) -> LegacyClient:
    """The same session, through another process."""
    other = legacy(http, capabilities=client.capabilities)
    other.session_id = client.session_id
    return other


async def call(client: LegacyClient, name: str, **arguments: Any) -> Stream:
    params = {"name": name, "arguments": arguments}
    return await client.stream_of(await client.open("tools/call", params, meta=PROGRESS, id=name))


async def rest(stream: Stream) -> list[Any]:
    return [message async for message in stream.messages()]


def progress_of(messages: list[Any]) -> list[float]:
    return [m["params"]["progress"] for m in messages if "method" in m]


def workers(folder: Folder) -> set[Any]:
    """Those that have not said that they end."""
    return set(folder.rows("SELECT id FROM mcp_transport_worker WHERE ended_at IS NULL"))


async def test_a_kill_loses_neither_session_nor_events_nor_results(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    process = await serve()
    client = await legacy(connect(process)).connect()

    finished = await call(client, "work", reports=2, until=str(tmp_path / "go"))
    await finished.expect("notifications/progress")
    await finished.close()
    (tmp_path / "go").touch()
    await until(lambda: process.folder.rows(OUTCOMES, "work"))

    running = await call(client, "work", reports=3, until=str(tmp_path / "never"))
    for _ in range(3):
        await running.expect("notifications/progress")
    process.kill()
    assert await running.message() is None

    await process.start()
    restarted_at = time.monotonic()
    again = elsewhere(client, connect(process))
    again._methods.update(client._methods)
    assert (await again.ask("ping")).result == {}

    resumed = await again.listen(running.events[0].id)
    *progress, answer = await rest(resumed)
    assert time.monotonic() - restarted_at < 5
    assert progress_of(progress) == [1, 2, 3]
    assert [event.id for event in resumed.events[:3]] == [e.id for e in running.events[1:]]
    assert answer["error"]["code"] == -32603
    assert answer["error"]["message"].startswith("interrupted")
    assert answer["id"] == "work"

    *progress, answer = await rest(await again.listen(finished.events[0].id))
    assert progress_of(progress) == [1, 2]
    assert text_of(answer["result"]) == "worked"

    outcomes = [("ok",), ("interrupted",)]
    await until(lambda: process.folder.rows(OUTCOMES, "work") == outcomes)


@pytest.mark.parametrize("server", ["uvicorn", "daphne"])
async def test_a_listener_gets_its_result_when_the_process_is_told_to_stop(
    serve: Serve, connect: Connect, server: str
) -> None:
    process = await serve(server)
    client = ModernClient(connect(process), PATH)
    stream = await client.listen({"toolsListChanged": True})
    await stream.expect("notifications/subscriptions/acknowledged")
    process.terminate()
    answer = await stream.message()
    assert answer is not None
    assert answer["result"]["resultType"] == "complete"
    assert await stream.message() is None
    assert await process.ended(within=10) < 10


async def test_workers_whose_supervisor_was_killed_finish_and_let_go_of_the_port(
    folder: Folder, connect: Connect
) -> None:
    others = workers(folder)
    service = Process(folder, workers=2)
    try:
        await service.start()
        await until(lambda: len(workers(folder) - others) == 2, within=START_LIMIT)
        stream = await ModernClient(connect(service), PATH).listen({"toolsListChanged": True})
        await stream.expect("notifications/subscriptions/acknowledged")
        service.kill_alone()
        answer = await stream.message()
        assert answer is not None
        assert answer["result"]["resultType"] == "complete"
        await until(lambda: not is_listening(service.port))
        await until(lambda: workers(folder) <= others)
    finally:
        service.kill_rest()
        service.close()


async def test_a_question_is_answered_through_another_process(
    serve: Serve, connect: Connect
) -> None:
    one, two = await serve(), await serve()
    client = await legacy(connect(one), capabilities=FORMS).connect()
    stream = await call(client, "greet")
    question = await stream.message()
    assert question is not None
    assert question["method"] == "elicitation/create"
    answer = {"action": "accept", "content": {"name": "Ada"}}
    accepted = await elsewhere(client, connect(two)).respond(question, answer)
    assert accepted.status == 202
    (response,) = await rest(stream)
    assert text_of(response["result"]) == "Hello, Ada!"


async def test_a_call_is_cancelled_through_another_process(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    one, two = await serve(), await serve()
    client = await legacy(connect(one)).connect()
    started, cancelled = tmp_path / "started", tmp_path / "cancelled"
    stream = await call(client, "hold", started=str(started), cancelled=str(cancelled))
    await until(started.exists)
    other = elsewhere(client, connect(two))
    assert (await other.notify("notifications/cancelled", {"requestId": "hold"})).status == 202
    await until(cancelled.exists)
    assert progress_of(await rest(stream)) == [1]


async def test_the_end_of_a_session_ends_its_work_in_another_process(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    one, two = await serve(), await serve()
    client = await legacy(connect(one)).connect()
    started, cancelled = tmp_path / "started", tmp_path / "cancelled"
    await call(client, "hold", started=str(started), cancelled=str(cancelled))
    await until(started.exists)
    assert (await elsewhere(client, connect(two)).delete()).status == 204
    await until(cancelled.exists)


async def test_a_task_is_found_by_every_process_and_outlives_none(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    one, other = await serve(), await serve()
    here, there = (
        ModernClient(connect(process), "/mcp/long", capabilities=TASKS, answer=say_ada)
        for process in (one, other)
    )

    async def begin(tool: str, **arguments: Any) -> str:
        created = (await here.ask("tools/call", {"name": tool, "arguments": arguments})).result
        assert (await there.look_at_task(created["taskId"]))["taskId"] == created["taskId"]
        return str(created["taskId"])

    state = await there.follow_task(await begin("long_blocking"))  # its answer goes the other way
    assert text_of(state["result"]) == "Hello, Ada!"

    cancelled = await begin("long_lasts", until=str(tmp_path / "never"))
    _ = (await there.ask("tasks/cancel", {"taskId": cancelled})).result
    assert (await there.follow_task(cancelled))["status"] == "cancelled"

    finished = await begin("long_lasts", until=str(tmp_path / "go"))
    lost = await begin("long_lasts", until=str(tmp_path / "never"))
    stream = await there.listen({"taskIds": [finished, lost]})
    await stream.expect("notifications/subscriptions/acknowledged")
    (tmp_path / "go").touch()
    told: dict[str, str] = {}
    while told.get(finished) != "completed":
        params = await stream.expect("notifications/tasks")
        told[params["taskId"]] = params["status"]
    one.kill()
    state = await there.follow_task(lost)
    assert (state["status"], state["error"]["code"]) == ("failed", -32603)
    assert "died" in state["error"]["message"]
    while told[lost] != "failed":
        params = await stream.expect("notifications/tasks")
        told[params["taskId"]] = params["status"]
    outcomes = [("ok",), ("cancelled",), ("ok",), ("interrupted",)]
    query = "SELECT outcome FROM mcp_transport_call WHERE entry LIKE 'long_%' ORDER BY id"
    await until(lambda: other.folder.rows(query) == outcomes)


async def test_a_task_fails_that_does_not_end_before_its_process(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    one, other = await serve(), await serve()
    here = ModernClient(connect(one), "/mcp/long", capabilities=TASKS)
    there = ModernClient(connect(other), "/mcp/long", capabilities=TASKS)
    ids = []
    for name in ("go", "never"):
        params = {"name": "long_lasts", "arguments": {"until": str(tmp_path / name)}}
        ids.append((await here.ask("tools/call", params)).result["taskId"])
    one.terminate()
    (tmp_path / "go").touch()
    finished, failed = [await there.follow_task(task_id) for task_id in ids]
    assert text_of(finished["result"]) == "lasted"
    assert (failed["status"], failed["error"]["code"]) == ("failed", -32603)
    await one.ended(within=30)
