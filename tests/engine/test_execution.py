"""How functions are run: transactions, threads, and what is left of both."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from pydantic import BaseModel

from mcp_transport import Context, SyncContext, ToolError
from mcp_transport.engine import execution
from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.execution import Claim
from mcp_transport.models import Call, Stream
from mcp_transport.worker.lifespan import Runtime, runtime
from tests.client import Reply, text_of
from tests.engine.conftest import LIMIT, Deadline, Legacy, Modern, Register

PROGRESS = {"progressToken": "p"}
FORMS: dict[str, Any] = {"elicitation": {"form": {}}}


class Name(BaseModel):
    name: str


def accept(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"action": "accept", "content": {"name": "Ada"}}


async def groups() -> list[str]:
    return [group.name async for group in Group.objects.order_by("id")]


async def reached(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, LIMIT)


@pytest.mark.parametrize("first", ["commit", "give_up"])
def test_only_one_end_is_claimed(first: str) -> None:
    claim = Claim()
    assert getattr(claim, first)()
    assert getattr(claim, first)()
    other = {"commit": "give_up", "give_up": "commit"}[first]
    assert not getattr(claim, other)()


async def test_a_result_commits(register: Register, modern: Modern) -> None:
    @register(atomic=True)
    def keep() -> str:
        Group.objects.create(name="kept")
        return "kept"

    assert text_of((await modern().call("keep")).result) == "kept"
    assert await groups() == ["kept"]


async def test_an_alias_names_the_database(register: Register, modern: Modern) -> None:
    @register(atomic="default")
    def keep() -> None:
        Group.objects.create(name="kept")
        raise ToolError("no")

    assert (await modern().call("keep")).result["isError"] is True
    assert await groups() == []


@pytest.mark.parametrize("error", [ToolError, RuntimeError])
async def test_an_error_rolls_back(
    register: Register, modern: Modern, error: type[Exception]
) -> None:
    @register(atomic=True)
    def keep() -> None:
        Group.objects.create(name="lost")
        raise error("no")

    assert (await modern().call("keep")).result["isError"] is True
    assert await groups() == []


async def test_a_time_limit_rolls_back(
    register: Register, modern: Modern, deadline: Deadline
) -> None:
    done = threading.Event()

    @register(atomic=True, timeout=0.05)
    def keep(ctx: SyncContext) -> str:
        Group.objects.create(name="lost")
        deadline.pass_by()
        wait_for_the_end(ctx)
        done.set()
        return "late"

    reply = await modern().call("keep")
    assert reply.result["isError"] is True
    assert "0.05 seconds" in text_of(reply.result)
    await reached(done)
    await threads_idle()
    assert await groups() == []


async def test_a_client_that_leaves_rolls_back(
    register: Register, modern: Modern, running: Runtime
) -> None:
    started, done = threading.Event(), threading.Event()

    @register(atomic=True)
    def keep(ctx: SyncContext) -> str:
        Group.objects.create(name="lost")
        started.set()
        wait_for_the_end(ctx)
        done.set()
        return "late"

    client = modern()
    calling = asyncio.ensure_future(client.call("keep"))
    await reached(started)
    client.http.leave_newest()
    await reached(done)
    with pytest.raises(AssertionError, match="without an answer"):
        await calling
    await threads_idle()
    assert await groups() == []
    await running.writer.flush(LIMIT)
    assert (await Call.objects.aget(entry="keep")).outcome == "cancelled"


async def test_a_cancellation_rolls_back(register: Register, legacy: Legacy) -> None:
    started, done = threading.Event(), threading.Event()

    @register(atomic=True)
    def keep(ctx: SyncContext) -> str:
        Group.objects.create(name="lost")
        started.set()
        wait_for_the_end(ctx)
        done.set()
        return "late"

    client = await legacy()
    params = {"name": "keep", "arguments": {}}
    calling = asyncio.ensure_future(client.open("tools/call", params, id="k"))
    await reached(started)
    await client.notify("notifications/cancelled", {"requestId": "k"})
    assert (await client.read(await calling)).messages == []
    await reached(done)
    await threads_idle()
    assert await groups() == []


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_question_rolls_back_and_the_answer_commits(
    register: Register, modern: Modern, legacy: Legacy, era: str
) -> None:
    begun: list[int] = []

    @register(atomic=True)
    def keep(ctx: SyncContext) -> str:
        begun.append(Group.objects.count())
        Group.objects.create(name="kept")
        return str(ctx.elicit("Who?", Name).content["name"])

    options: dict[str, Any] = {"capabilities": FORMS, "answer": accept}
    client: Any = modern(**options) if era == "modern" else await legacy(**options)
    assert text_of((await client.call("keep")).result) == "Ada"
    assert begun == [0, 0]
    assert await groups() == ["kept"]


async def test_a_commit_that_has_begun_is_waited_for(
    register: Register, modern: Modern, deadline: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing = threading.Event()

    class Slow(Claim):
        def commit(self) -> bool:
            won = super().commit()
            committing.set()
            deadline.pass_by()
            return won

    monkeypatch.setattr(execution, "Claim", Slow)

    @register(atomic=True, timeout=0.05)
    def keep() -> str:
        Group.objects.create(name="kept")
        return "kept"

    assert text_of((await modern().call("keep")).result) == "kept"
    assert committing.is_set()
    assert await groups() == ["kept"]


async def test_a_commit_that_fails_after_the_end_is_no_result(
    register: Register, modern: Modern, deadline: Deadline, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Claim):
        def commit(self) -> bool:
            assert super().commit()
            deadline.pass_by()
            raise RuntimeError("the database is gone")

    monkeypatch.setattr(execution, "Claim", Failing)

    @register(atomic=True, timeout=0.05)
    def keep() -> str:
        Group.objects.create(name="lost")
        return "kept"

    assert (await modern().call("keep")).result["isError"] is True
    assert await groups() == []


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_a_transaction_reports_without_waiting_for_itself(
    register: Register, modern: Modern, legacy: Legacy, era: str
) -> None:
    @register(atomic=True)
    def keep(ctx: SyncContext) -> str:
        Group.objects.create(name="kept")
        for number in range(3):
            ctx.progress(number)
        ctx.log("error", "said")
        return "kept"

    client: Any = modern() if era == "modern" else await legacy()
    reply: Reply = await client.call("keep", meta=PROGRESS)
    assert text_of(reply.result) == "kept"
    methods = [note["method"] for note in reply.notifications]
    assert methods[:3] == ["notifications/progress"] * 3
    assert reply.messages[-1] is reply.response


async def test_a_transaction_cannot_pile_up_reports_without_end(
    register: Register, legacy: Legacy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_transport.engine.context.MAX_POSTED", 2)

    @register(atomic=True)
    def keep(ctx: SyncContext) -> str:
        Group.objects.create(name="kept")
        for number in range(10):
            ctx.log("error", number)
        return "kept"

    reply = await (await legacy()).call("keep")
    assert text_of(reply.result) == "kept"
    assert len(reply.notifications) < 10


async def test_a_wrong_log_level_is_said_where_it_is_written(
    register: Register, modern: Modern
) -> None:
    seen: list[str] = []

    @register(atomic=True)
    def keep(ctx: SyncContext) -> None:
        try:
            ctx.log("loud", "x")  # type: ignore[arg-type]  # the test is about this
        except ValueError as error:
            seen.append(str(error))

    await modern().call("keep")
    assert "'loud' is no log level" in seen[0]


async def test_one_slow_thread_delays_nothing_else(register: Register, modern: Modern) -> None:
    started, release = threading.Event(), threading.Event()

    @register
    def slow() -> str:
        started.set()
        release.wait(LIMIT)
        return "slow"

    @register
    def quick() -> str:
        return "quick"

    waiting = asyncio.ensure_future(modern().call("slow"))
    await reached(started)
    replies = await asyncio.gather(*(modern().call("quick") for _ in range(20)))
    assert {text_of(reply.result) for reply in replies} == {"quick"}
    assert not waiting.done()
    release.set()
    assert text_of((await waiting).result) == "slow"


@pytest.fixture
def one_thread(settings: Any) -> None:
    settings.MCP_THREADS, settings.MCP_THREAD_QUEUE = 1, 0


async def test_a_full_pool_is_said_to_the_model(
    register: Register, one_thread: None, modern: Modern
) -> None:
    started, release = threading.Event(), threading.Event()

    @register
    def slow() -> str:
        started.set()
        release.wait(LIMIT)
        return "slow"

    waiting = asyncio.ensure_future(modern().call("slow"))
    await reached(started)
    refused = await modern().call("slow")
    assert refused.result["isError"] is True
    assert "busy" in text_of(refused.result)
    release.set()
    assert text_of((await waiting).result) == "slow"


async def test_what_a_function_cancels_itself_is_its_own_failure(
    register: Register, modern: Modern
) -> None:
    @register
    async def trip() -> str:
        task = asyncio.ensure_future(asyncio.sleep(LIMIT))
        asyncio.get_running_loop().call_soon(task.cancel)
        await task
        return "never"

    reply = await modern().call("trip")
    assert reply.result["isError"] is True
    assert "unexpected" in text_of(reply.result)


async def test_pieces_come_from_threads_and_coroutines(register: Register, modern: Modern) -> None:
    @register
    async def pieces() -> AsyncIterator[str]:
        yield "a"
        yield "b"

    @register
    def pieces_in_thread() -> Iterator[str]:
        yield "a"
        yield "b"

    for name in ("pieces", "pieces_in_thread"):
        reply = await modern().call(name, meta=PROGRESS)
        assert [note["params"]["message"] for note in reply.notifications] == ["a", "b"]
        assert text_of(reply.result) == "ab"


@pytest.mark.parametrize("era", ["modern", "legacy"])
async def test_what_is_reported_after_the_end_is_dropped(
    register: Register,
    modern: Modern,
    legacy: Legacy,
    running: Runtime,
    deadline: Deadline,
    era: str,
) -> None:
    go, done = threading.Event(), threading.Event()

    @register(timeout=0.05)
    def overdue(ctx: SyncContext) -> str:
        deadline.pass_by()
        go.wait(LIMIT)
        ctx.progress(1)
        ctx.log("error", "too late")
        done.set()
        return "late"

    client: Any = modern() if era == "modern" else await legacy()
    reply = await client.call("overdue", meta=PROGRESS)
    assert reply.result["isError"] is True
    go.set()
    await reached(done)
    await running.writer.flush(LIMIT)
    assert reply.notifications == []
    assert not await Stream.objects.aexists()


async def test_a_task_left_behind_reports_to_nobody(register: Register, legacy: Legacy) -> None:
    left: list[asyncio.Task[None]] = []
    go = asyncio.Event()

    @register
    async def leaves(ctx: Context) -> str:
        async def later() -> None:
            await go.wait()
            await ctx.progress(2)
            await ctx.close_stream()
            with pytest.raises(ToolError, match="has been answered"):
                await ctx.elicit("Who?", Name)

        await ctx.progress(1)
        left.append(asyncio.ensure_future(later()))
        return "left"

    client = await legacy(capabilities=FORMS)
    reply = await client.call("leaves", meta=PROGRESS)
    assert len(reply.notifications) == 1
    go.set()
    async with asyncio.timeout(LIMIT):
        await left[0]


def wait_for_the_end(ctx: SyncContext) -> None:
    end = time.monotonic() + LIMIT
    while not ctx.cancelled and time.monotonic() < end:
        time.sleep(0.005)


async def threads_idle() -> None:
    """Wait until no thread is inside a tool, nor its transaction, any more."""
    pool = runtime().functions
    async with asyncio.timeout(LIMIT):
        while pool._unfinished:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0.005)


async def test_questions_that_are_asked_side_by_side_are_asked_together(
    register: Register, modern: Modern, legacy: Legacy
) -> None:
    @register
    async def both(ctx: Context) -> str:
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(ctx.elicit(f"{n}?", Name)) for n in range(2)]
        return " ".join(task.result().content["name"] for task in asked)

    for client in (
        modern(capabilities=FORMS, answer=accept),
        await legacy(capabilities=FORMS, answer=accept),
    ):
        async with asyncio.timeout(LIMIT):
            reply = await client.call("both")
        assert text_of(reply.result) == "Ada Ada"


async def test_what_fails_beside_a_question_is_a_failure(
    register: Register, modern: Modern
) -> None:
    @register
    async def trip(ctx: Context) -> str:
        async with asyncio.TaskGroup() as group:
            group.create_task(ctx.elicit("Who?", Name))
            group.create_task(fail())
        return "never"

    async def fail() -> None:
        raise ZeroDivisionError

    reply = await modern(capabilities=FORMS).call("trip")
    assert reply.result["isError"] is True
    assert "unexpected" in text_of(reply.result)


async def test_a_function_does_not_end_the_process(register: Register, modern: Modern) -> None:
    @register
    async def leave() -> str:
        sys.exit("usage: leave [-h]")

    async with asyncio.timeout(LIMIT):
        reply = await modern().call("leave")
    assert reply.result["isError"] is True
    assert "unexpected" in text_of(reply.result)


async def test_pieces_that_nobody_takes_are_closed_where_they_were_made(
    register: Register, modern: Modern, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_in: list[Any] = []

    async def fail(*_arguments: Any) -> None:
        raise RuntimeError("nobody listens")

    @register
    async def pieces() -> AsyncIterator[str]:
        try:
            yield "a"
        finally:
            await asyncio.sleep(0)
            closed_in.append(asyncio.current_task())

    @register
    def pieces_in_thread() -> Iterator[str]:
        try:
            yield "a"
        finally:
            closed_in.append(threading.current_thread().name)

    monkeypatch.setattr(RequestContext, "chunk", fail)
    for name in ("pieces", "pieces_in_thread"):
        reply = await modern().call(name, meta=PROGRESS)
        assert reply.result["isError"] is True
    in_task, in_thread = closed_in
    assert "aclose" not in str(in_task)
    assert in_thread.startswith("mcp-tool")
