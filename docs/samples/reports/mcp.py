"""Tools that take longer than a client waits."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from mcp_transport import Context, SyncContext, tool

PAGES = 3


@tool(task="optional")
def sales(year: int, ctx: SyncContext) -> str:
    """Write a report on a year's sales."""
    for page in range(PAGES):
        if ctx.cancelled:
            break
        write_page(year, page)
        ctx.progress(page + 1, PAGES, f"Page {page + 1}")
    return f"The report on {year} has {PAGES} pages."


class Confirmation(BaseModel):
    """Whether to go on."""

    sure: bool


@tool(task="required", timeout=7200, task_lifetime=3 * 86_400, poll_interval=10)
async def archive(year: int, ctx: Context) -> str:
    """Move a year's orders into the archive."""
    answer = await ctx.elicit(f"Move all orders of {year}?", Confirmation)
    if not (answer.is_accepted and answer.content["sure"]):
        return "Nothing was moved."
    await asyncio.to_thread(move_orders, year)
    return f"The orders of {year} are in the archive."


@tool(task="optional")
async def export(ctx: Context) -> str:
    """Ask for a name while the client waits, then write the export as a task."""
    answer = await ctx.elicit("What is the file called?", FileName)
    await ctx.close_stream()  # from here on it takes long
    await asyncio.to_thread(write_file, answer.content["name"])
    return f"{answer.content['name']} is written."


class FileName(BaseModel):
    """What a file is called."""

    name: str


def write_page(year: int, page: int) -> None:
    """Take a while."""


def move_orders(year: int) -> None:
    """Take long."""


def write_file(name: str) -> None:
    """Take long, too."""
