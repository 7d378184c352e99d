"""Tests of mcp_transport.engine.dependencies: what is made for a call, where, and how often."""

from __future__ import annotations

import asyncio
import threading
from typing import Annotated, Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from mcp_transport import (
    Context,
    CurrentUser,
    Depends,
    Progress,
    SyncContext,
    SyncProgress,
    ToolError,
)
from mcp_transport.models import Call
from mcp_transport.registry.decorators import prompt, resource
from mcp_transport.testing import Client, Refusal, Site
from tests.engine.conftest import LIMIT, Deadline, Register

FORM = {"type": "object", "properties": {"n": {"type": "integer"}}}
BOTH_ERAS = pytest.mark.parametrize("mcp_revision", ["2025-11-25", "2026-07-28"])

made: list[str] = []


@pytest.fixture(autouse=True)
def nothing_made() -> None:
    made.clear()


async def on_the_loop(ctx: Context) -> str:
    asyncio.get_running_loop()
    made.append("loop")
    return f"loop of {ctx.server.slug}"


def in_a_thread(ctx: SyncContext, loop: Annotated[str, Depends(on_the_loop)]) -> str:
    made.append("thread")
    return f"thread {threading.current_thread().name.rpartition('-')[0]} after {loop}"


def counted(again: Annotated[str, Depends(in_a_thread)]) -> int:
    return User.objects.count()


Loop = Annotated[str, Depends(on_the_loop)]
Thread = Annotated[str, Depends(in_a_thread)]
Users = Annotated[int, Depends(counted)]

entered, leave = threading.Event(), threading.Event()


def in_transaction() -> bool:
    User.objects.create(username="grace")
    return connection.in_atomic_block


async def counted_again(users: Users) -> int:
    return users + 1


def broken() -> str:
    raise RuntimeError("the password is hunter2")


def hold(ctx: SyncContext) -> bool:
    entered.set()
    leave.wait(LIMIT)
    return ctx.cancelled


async def test_an_asynchronous_tool_is_given_both_kinds(mcp: Client, register: Register) -> None:
    @register
    async def both(users: Users, thread: Thread, loop: Loop, ctx: Context, word: str) -> list[Any]:
        return [users, thread, loop, ctx.server.slug, word]

    result = await mcp.call("both", word="w")
    assert result.structured == [
        0,
        "thread mcp-tool after loop of test",
        "loop of test",
        "test",
        "w",
    ]
    assert made == ["loop", "thread"]


async def test_a_synchronous_tool_is_given_both_kinds(mcp: Client, register: Register) -> None:
    @register
    def both(ctx: SyncContext, users: Users, thread: Thread, loop: Loop) -> list[Any]:
        return [users, loop, ctx.server.slug]

    assert (await mcp.call("both")).structured == [0, "loop of test", "test"]
    assert made == ["loop", "thread"]


async def test_what_a_synchronous_tool_needs_is_made_in_its_transaction(
    mcp: Client, register: Register
) -> None:
    @register(atomic=True)
    def write(user: CurrentUser[User], inside: Annotated[bool, Depends(in_transaction)]) -> str:
        raise ToolError(f"inside: {inside}")

    ada = await User.objects.acreate(username="ada")
    with pytest.raises(ToolError, match="inside: True"):
        await mcp.as_user(ada).call("write")
    assert not await User.objects.filter(username="grace").aexists()


async def test_what_awaits_may_need_what_a_thread_makes(mcp: Client, register: Register) -> None:
    @register
    def blocking(total: Annotated[int, Depends(counted_again)], users: Users) -> int:
        return total + users

    assert (await mcp.call("blocking")).structured == 1
    assert made == ["loop", "thread"]


async def test_generators_have_dependencies(mcp: Client, register: Register) -> None:
    @register
    def sync_pieces(loop: Loop) -> Any:
        yield loop

    @register
    async def pieces(thread: Thread) -> Any:
        yield thread

    assert (await mcp.call("sync_pieces")).text == "loop of test"
    assert (await mcp.call("pieces")).text.startswith("thread mcp-tool")


async def test_resources_and_prompts_have_dependencies(mcp: Client, register: Register) -> None:
    @resource("dep://{code}")
    def shelf(code: str, loop: Loop) -> str:
        return f"{code}, {loop}"

    @prompt
    async def greeting(name: str, thread: Thread) -> str:
        return f"{name}, {thread}"

    assert (await mcp.read("dep://7")).text == "7, loop of test"
    assert (await mcp.prompt("greeting", name="Ada")).text.startswith("Ada, thread")


async def test_completions_have_dependencies(mcp: Client, register: Register) -> None:
    def suggest(value: str, loop: Loop) -> list[str]:
        return [loop]

    @prompt(completions={"name": suggest})
    def greeting(name: str) -> str:
        return name

    assert await mcp.complete("greeting", "name", "x") == ["loop of test"]


async def test_a_client_cannot_send_what_is_made(mcp: Client, register: Register) -> None:
    @register(input_schema={"type": "object"})
    def anything(loop: Loop, **others: Any) -> str:
        return loop

    assert (await mcp.call("anything", loop="mine", other=1)).text == "loop of test"
    assert "loop" not in (await mcp.tools())["anything"]["inputSchema"].get("properties", {})


async def test_a_dependency_refuses_in_words_for_the_model(mcp: Client, register: Register) -> None:
    @register
    async def mine(user: CurrentUser[User]) -> str:
        return user.username

    with pytest.raises(ToolError, match="who asks"):
        await mcp.call("mine")
    ada = await User.objects.acreate(username="ada")
    assert (await mcp.as_user(ada).call("mine")).text == "ada"


async def test_a_dependency_that_breaks_reveals_nothing(mcp: Client, register: Register) -> None:
    @register
    async def use(value: Annotated[str, Depends(broken)]) -> str:
        return value

    with pytest.raises(ToolError) as caught:
        await mcp.call("use")
    assert "hunter2" not in caught.value.message


@BOTH_ERAS
async def test_progress_is_reported_without_a_context(mcp: Client, register: Register) -> None:
    @register
    async def steps(progress: Progress) -> str:
        progress.total = 2
        await progress.step("one")
        await progress.step("two")
        return "done"

    @register
    def sync_steps(progress: SyncProgress) -> str:
        progress.report(1, 2, "half")
        progress.step()
        return "done"

    told = (await mcp.call("steps")).progress
    assert [(one.done, one.total, one.message) for one in told] == [(1, 2, "one"), (2, 2, "two")]
    assert [one.done for one in (await mcp.call("sync_steps")).progress] == [1, 2]


async def ask_first(ctx: Context) -> int:
    return int((await ctx.elicit("first?", FORM)).content["n"])


def ask_second(ctx: SyncContext, first: Annotated[int, Depends(ask_first)]) -> int:
    return int(ctx.elicit(f"second, after {first}?", FORM).content["n"])


def by_message(params: dict[str, Any]) -> dict[str, Any]:
    return {"n": {"first?": 1, "second, after 1?": 2}.get(params["message"], 3)}


@BOTH_ERAS
async def test_questions_of_dependencies_and_of_the_tool_are_told_apart(
    mcp: Client, register: Register
) -> None:
    @register
    async def ask(ctx: Context, second: Annotated[int, Depends(ask_second)]) -> int:
        return second * 10 + int((await ctx.elicit("third?", FORM)).content["n"])

    @register
    def sync_ask(ctx: SyncContext, second: Annotated[int, Depends(ask_second)]) -> int:
        return second * 10 + int(ctx.elicit("third?", FORM).content["n"])

    mcp.answer(elicitation=by_message)
    for name in ("ask", "sync_ask"):
        assert (await mcp.call(name)).text == "23"
    messages = [asked.message for asked in mcp.asked]
    assert messages == ["first?", "second, after 1?", "third?"] * 2


async def test_a_call_that_is_given_up_in_a_dependency_leaves_its_row(
    mcp_site: Site, register: Register, deadline: Deadline
) -> None:
    @register
    async def wait_held(held: Annotated[bool, Depends(hold)]) -> str:
        return str(held)

    entered.clear()
    leave.clear()
    calling = asyncio.create_task(mcp_site.client().try_call("wait_held", {}))
    assert await asyncio.to_thread(entered.wait, LIMIT)
    await asyncio.to_thread(deadline.pass_by)
    outcome = await calling
    leave.set()
    assert outcome.is_error
    assert (await Call.objects.aget()).outcome == "timeout"


async def test_a_hidden_argument_is_refused_by_name(mcp: Client, register: Register) -> None:
    @register
    def strict(word: str, loop: Loop) -> str:
        return word

    try:
        await mcp.call("strict", word="w", loop="mine")
    except (ToolError, Refusal) as error:
        assert "loop: is not an argument" in str(error)
    else:
        pytest.fail("A client has sent what it cannot send.")
