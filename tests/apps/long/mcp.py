"""What the tests of tasks call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from pydantic import BaseModel

from mcp_transport import Context, SyncContext, ToolError, tool
from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.registry.context import Question
from tests.apps.good.probe import probe

LIMIT = 300.0  # seconds after which nobody is testing any more


class Name(BaseModel):
    """A form with one field."""

    name: str


class Count(BaseModel):
    """Another."""

    count: int


def question(message: str) -> Question:
    """A form as one of several questions."""
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    params = {"message": message, "requestedSchema": schema}
    return Question(method="elicitation/create", params=params, capability={"elicitation": {}})


@tool(task="optional")
async def long_brief(ctx: Context) -> str:
    """Answer at once."""
    await ctx.progress(1, 2)
    return "done"


@tool(task="optional", task_lifetime=7200, poll_interval=0.5)
async def long_report(ctx: Context) -> str:
    """Let the client go, and wait to be released."""
    await ctx.close_stream()
    await ctx.progress(1, 2, "Half")
    await ctx.log("info", "Nobody is told of this")
    probe.started.set()
    try:
        await probe.released.wait()
    except asyncio.CancelledError:
        probe.cancelled.set()
        raise
    await ctx.progress(2, 2)
    return "reported"


@tool(task="optional")
async def long_slow(ctx: Context) -> str:
    """Be slow, and say so."""
    await ctx.progress(1)
    await probe.released.wait()
    return "slow"


@tool(task="required", permission="auth.view_user")
async def long_secret() -> str:
    """Say something to those who may hear it."""
    return "secret"


@tool(task="required")
async def long_must() -> str:
    """Be a task from the beginning."""
    return "had to"


@tool(task="required")
def long_blocking(ctx: SyncContext) -> str:
    """Ask from a thread."""
    ctx.progress(1, 2, "Asking")
    answer = ctx.elicit("What is your name?", Name)
    return f"Hello, {answer.content['name']}!"


@tool(task="required")
async def long_pieces() -> AsyncIterator[str]:
    """Answer in pieces."""
    yield "one "
    yield "two"


@tool(task="optional")
async def long_asks_first(ctx: Context) -> str:
    """Ask while the client waits, then go on as a task, and ask again."""
    first = await ctx.elicit("First?", Name, key="who")
    await ctx.close_stream()
    second = await ctx.elicit("Second?", Count, key="how_many")
    return f"{first.content['name']} {second.content['count']}"


@tool(task="required")
async def long_asks_twice(ctx: Context) -> str:
    """Ask different things under one name."""
    name = await ctx.elicit("Your name?", Name, key="it")
    count = await ctx.elicit("How many?", Count, key="it")
    return f"{name.content['name']} {count.content['count']}"


@tool(task="required")
async def long_two(ctx: Context) -> str:
    """Ask two things at once."""
    answers = await ctx.ask({"a": question("A?"), "b": question("B?")})
    return " and ".join(answers[key]["content"]["name"] for key in "ab")


@tool(task="required")
async def long_breaks() -> str:
    """Fail in a way that the model can read."""
    raise ToolError("It broke.")


@tool(task="required")
async def long_refuses() -> str:
    """Fail in a way that is no result."""
    raise InvalidParams("Not like this.")


@tool(task="required")
async def long_large(size: int) -> str:
    """Answer with so many characters."""
    return "x" * size


@tool(task="required")
async def long_lasts(until: str) -> str:
    """Go on until a file is there."""
    async with asyncio.timeout(LIMIT):
        while not Path(until).exists():  # noqa: ASYNC110, ASYNC240 - the test is another process
            await asyncio.sleep(0.02)
    return "lasted"
