"""Tools whose calls outlive their connection, for clients that know tasks."""

from __future__ import annotations

import asyncio

from mcp_transport import Context, ToolError, tool
from mcp_transport.protocol.errors import InternalError
from tools.conformance.questions import form
from tools.conformance.rounds import NAME_FORM, form_question

CONFIRM_FORM = form("confirm", confirm={"type": "boolean"})


@tool
async def greet(name: str) -> str:
    """Greet at once, which never takes long."""
    return f"Hello, {name}!"


@tool(task="optional", poll_interval=0.2)
async def slow_compute(ctx: Context, seconds: float, label: str = "") -> str:
    """Work for some seconds."""
    if seconds:
        await ctx.close_stream()
        await asyncio.sleep(seconds)
    return f"Computed {label} in {seconds:g} seconds."


@tool(task="required", poll_interval=0.2)
async def failing_job() -> str:
    """Fail after a second in a way the model can read."""
    await asyncio.sleep(1)
    raise ToolError("This job intentionally fails for testing")


@tool(task="required", poll_interval=0.2)
async def protocol_error_job() -> str:
    """Fail in a way that is no result."""
    raise InternalError("This job intentionally ends with a protocol error for testing")


@tool(task="required", poll_interval=0.2)
async def confirm_delete(ctx: Context, filename: str) -> str:
    """Ask before a file is deleted."""
    answer = await ctx.elicit(f"Delete {filename}?", CONFIRM_FORM)
    return f"Deleted {filename}." if answer.action == "accept" else f"Kept {filename}."


@tool(task="required", poll_interval=0.2)
async def multi_input(ctx: Context) -> str:
    """Ask two things at once."""
    answers = await ctx.ask(
        {
            "first": form_question("What is your name?", NAME_FORM),
            "second": form_question("Shall I go on?", CONFIRM_FORM),
        }
    )
    return f"Received {len(answers)} answers."


@tool(task="optional", poll_interval=0.2)
async def test_tool_with_task(ctx: Context) -> str:
    """Ask for a name while the client waits, then greet as a task."""
    answer = await ctx.elicit("What is your name?", NAME_FORM, key="user_name")
    await ctx.close_stream()
    await asyncio.sleep(0.1)
    return f"Hello, {answer.content.get('name', 'stranger')}!"
