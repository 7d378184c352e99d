"""
tools/list, resources/list, resources/templates/list and prompts/list.

What is listed depends on who asks, never on the connection, and stands in the
same order each time (2026-07-28, server/tools, Capabilities).
"""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.protocol.pagination import page


async def tools(exchange: Exchange) -> dict[str, Any]:
    """The tools this principal may call."""
    return _list(exchange, "tool", "tools")


async def resources(exchange: Exchange) -> dict[str, Any]:
    """The resources this principal may read."""
    return _list(exchange, "resource", "resources")


async def templates(exchange: Exchange) -> dict[str, Any]:
    """The families of resources this principal may read."""
    return _list(exchange, "template", "resourceTemplates")


async def prompts(exchange: Exchange) -> dict[str, Any]:
    """The prompts this principal may use."""
    return _list(exchange, "prompt", "prompts")


def _list(exchange: Exchange, kind: str, member: str) -> dict[str, Any]:
    entries = exchange.catalog.visible(kind, exchange.principal)
    size = exchange.services.page_size
    items, cursor = page(entries, exchange.params.get("cursor"), size=size, of=member)
    result: dict[str, Any] = {member: [entry.shaped(exchange.revision) for entry in items]}
    if cursor is not None:
        result["nextCursor"] = cursor
    return result
