"""What the tests of whole server processes call."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mcp_transport import Context, tool
from mcp_transport.models import Server

LIMIT = 300.0  # seconds after which nobody is testing any more


@tool(name="work")
async def work(ctx: Context, reports: int, until: str, started: str = "") -> str:
    """Make a file if asked to, report progress, then go on until another file is there."""
    if started:
        Path(started).touch()  # noqa: ASYNC240
    for number in range(reports):
        await ctx.progress(number + 1, reports)
    async with asyncio.timeout(LIMIT):
        while not Path(until).exists():  # noqa: ASYNC110, ASYNC240 - the test is another process
            await asyncio.sleep(0.02)
    return "worked"


@tool(name="hold")
async def hold(ctx: Context, started: str, cancelled: str) -> str:
    """Say in a file that work goes on, and in another that it was cancelled."""
    await ctx.progress(1)
    Path(started).touch()  # noqa: ASYNC240
    try:
        await asyncio.sleep(LIMIT)
    except asyncio.CancelledError:
        Path(cancelled).touch()  # noqa: ASYNC240
        raise
    return "held"


@tool(name="query")
def query(asked: str) -> int:
    """Ask the database something, in a thread."""
    return Server.objects.count()


@tool(name="flood")
async def flood(ctx: Context, pieces: int, size: int) -> str:
    """Say more than a client that does not read can be told."""
    for _ in range(pieces):
        await ctx.log("info", "x" * size)
    return "flooded"
