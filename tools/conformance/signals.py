"""Tools that say something before they answer."""

from __future__ import annotations

import asyncio

from mcp_transport import Context, tool

STEP = 0.05  # the suite's documents ask for about 50 ms


@tool
async def test_tool_with_logging(ctx: Context) -> str:
    """Log three messages on the way."""
    for message in ("Tool execution started", "Tool processing data"):
        await ctx.log("info", message)
        await asyncio.sleep(STEP)
    await ctx.log("info", "Tool execution completed")
    return "Tool with logging executed successfully."


@tool
async def test_tool_with_progress(ctx: Context) -> str:
    """Report the start, the middle and the end."""
    for done in (0, 50, 100):
        await ctx.progress(done, 100)
        await asyncio.sleep(STEP)
    return "Tool with progress executed successfully."


@tool
async def test_logging_tool(ctx: Context) -> str:
    """Log one message, which a client that asked for no level must not get."""
    await ctx.log("info", "The logging tool ran")
    return "Logged."


@tool
async def test_reconnection(ctx: Context) -> str:
    """Let the client go, and finish while it is away."""
    await ctx.close_stream()
    await asyncio.sleep(2 * STEP)
    return "Reconnection test completed successfully."


@tool
async def test_trigger_tool_change(ctx: Context) -> str:
    """Tell every listener that the tools changed."""
    await ctx.list_changed("tools")
    return "Sent a change of the tools."


@tool
async def test_trigger_prompt_change(ctx: Context) -> str:
    """Tell every listener that the prompts changed."""
    await ctx.list_changed("prompts")
    return "Sent a change of the prompts."
