"""prompts/get."""

from __future__ import annotations

import logging
from typing import Any

from mcp_transport.engine import access
from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.rounds import enter
from mcp_transport.protocol import shaping
from mcp_transport.protocol.errors import InternalError, InvalidParams, ProtocolError
from mcp_transport.protocol.shortening import shortened, shown
from mcp_transport.registry.errors import ToolError
from mcp_transport.registry.records import PromptDefinition

logger = logging.getLogger("mcp_transport.prompts")


async def get(exchange: Exchange) -> dict[str, Any]:
    """
    Write a prompt from its arguments.

    Raises InvalidParams for arguments that are missing, unknown or no strings
    (2025-11-25, server/prompts, Error Handling).
    """
    entry = access.find(exchange, "prompt", exchange.catalog.prompts)
    prompt = entry.definition
    arguments = _arguments(exchange, prompt)
    enter(exchange)
    context = RequestContext(exchange)
    try:
        messages = await entry.source.get(prompt, arguments, context)
    except ToolError as error:
        raise InvalidParams(str(error)) from None
    except ProtocolError:
        raise
    except Exception:
        logger.exception("Prompt %r of server %r failed", entry.name, exchange.server.slug)
        raise InternalError from None
    result: dict[str, Any] = {"messages": shaping.messages(messages, exchange.revision)}
    if entry.wire.get("description"):
        result["description"] = entry.wire["description"]
    return result


def _arguments(exchange: Exchange, prompt: PromptDefinition) -> dict[str, str]:
    arguments = exchange.params.get("arguments")
    if arguments is None:
        arguments = {}
    if type(arguments) is not dict:
        raise InvalidParams("A prompt's arguments are an object of strings.")
    if wrong := [name for name, value in arguments.items() if not isinstance(value, str)]:
        raise InvalidParams(f"A prompt's arguments are strings, and {shown(wrong[0])} is none.")
    known = [argument.name for argument in prompt.arguments]
    if unknown := sorted(set(arguments).difference(known)):
        raise InvalidParams(
            f"The prompt {prompt.name!r} has no argument {shortened(', '.join(unknown))};"
            f" it has {', '.join(known) or 'none'}."
        )
    missing = [a.name for a in prompt.arguments if a.required and a.name not in arguments]
    if missing:
        raise InvalidParams(f"The prompt {prompt.name!r} needs {', '.join(missing)}.")
    return arguments
