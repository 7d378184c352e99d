"""tools/call."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from mcp_transport.engine import access
from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.rounds import enter
from mcp_transport.protocol import headers, shaping
from mcp_transport.protocol.content import Text
from mcp_transport.protocol.errors import UNEXPECTED, InvalidParams, ProtocolError
from mcp_transport.registry.errors import NotFinite, ToolError
from mcp_transport.registry.records import ToolDefinition
from mcp_transport.registry.results import ToolResult
from mcp_transport.threads import PoolExhausted

logger = logging.getLogger("mcp_transport.tools")

NO_ARGUMENTS: dict[str, Any] = {}


async def call(exchange: Exchange) -> dict[str, Any]:
    """
    Call a tool.

    Whatever goes wrong inside it is an in-band result that the model can
    read (2025-11-25, server/tools, Error Handling).
    """
    entry = access.find(exchange, "tool", exchange.catalog.tools)
    tool = entry.definition
    arguments = exchange.params.get("arguments")
    if arguments is None:
        arguments = NO_ARGUMENTS
    elif type(arguments) is not dict:
        raise InvalidParams("params.arguments is a JSON object.", status=400)
    if tool.headers and exchange.revision.is_modern and exchange.incoming.has_routing_headers:
        _check_headers(exchange, tool, arguments)
    enter(exchange)
    if tool.task is not None and tool.task.is_required:
        await exchange.channel.outlast()
    context = RequestContext(exchange)
    try:
        result = await entry.source.call(tool, arguments, context)
    except ToolError as error:
        result = ToolResult(content=(Text(str(error)), *error.content), is_error=True)
    except ProtocolError:
        raise
    except NotFinite as error:
        logger.error("Tool %r of server %r: %s", entry.name, exchange.server.slug, error)
        result = ToolResult(content=(Text(str(error)),), is_error=True)
    except PoolExhausted as error:
        result = ToolResult(content=(Text(str(error)),), is_error=True)
    except Exception:
        logger.exception("Tool %r of server %r failed", entry.name, exchange.server.slug)
        result = ToolResult(content=(Text(UNEXPECTED),), is_error=True)
    return shape(result, exchange, is_wrapped=entry.is_wrapped)


def overdue(exchange: Exchange) -> dict[str, Any]:
    """The result of a tool that was stopped."""
    seconds = time_limit(exchange)
    text = f"The tool was stopped: it may take {seconds:g} seconds."
    return shape(ToolResult(content=(Text(text),), is_error=True), exchange, is_wrapped=False)


def time_limit(exchange: Exchange) -> float:
    """The seconds an entry may take."""
    limit = exchange.entry.definition.timeout if exchange.entry else None
    if limit is None:
        limit = exchange.channel.time_limit
    return exchange.services.tool_timeout if limit is None else limit


def shape(result: ToolResult, exchange: Exchange, *, is_wrapped: bool) -> dict[str, Any]:
    """A tool's result as the revision knows it."""
    revision = exchange.revision
    shaped: dict[str, Any] = {"content": shaping.contents(result.content, revision)}
    if result.structured is not msgspec.UNSET and revision.has_structured_content:
        is_bare = is_wrapped or not isinstance(result.structured, dict)
        shaped["structuredContent"] = shaping.structured(
            result.structured, revision, is_wrapped=is_bare
        )
    if result.is_error:
        shaped["isError"] = True
    if result.meta:
        shaped["_meta"] = result.meta
    return shaped


def _check_headers(exchange: Exchange, tool: ToolDefinition, arguments: dict[str, Any]) -> None:
    for parameter in tool.headers:
        value = parameter.value_in(arguments)
        headers.require_parameter(exchange.incoming.headers, parameter.header, value)
