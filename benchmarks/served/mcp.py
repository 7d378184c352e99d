"""What is called while the site is measured."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from mcp_transport import Context, tool


@tool
async def echo(text: str) -> str:
    """Say the same thing again."""
    return text


@tool
def echo_in_thread(text: str) -> str:
    """Say the same thing again, from a thread of the pool."""
    return text


@tool
def owner(text: str) -> str:
    """Say the same thing again after one query."""
    get_user_model().objects.get(username="benchmark")
    return text


@tool
async def announce(ctx: Context) -> str:
    """Tell who listens that the tools have changed."""
    await ctx.list_changed("tools")
    return "announced"
