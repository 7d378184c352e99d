"""completion/complete."""

from __future__ import annotations

import logging
from typing import Any

from mcp_transport.engine.catalog import Offered
from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.guard import Guarded, Overdue
from mcp_transport.engine.questions import InputRequired
from mcp_transport.protocol.errors import InternalError, InvalidParams
from mcp_transport.protocol.shortening import shown
from mcp_transport.registry.records import PromptDefinition, TemplateDefinition
from mcp_transport.registry.uri_template import UriTemplate

logger = logging.getLogger("mcp_transport.completion")

KINDS = {"ref/prompt": "name", "ref/resource": "uri"}  # and what names the entry
MAX_VALUES = 100  # 2025-11-25, server/utilities/completion, Completion Results


async def complete(exchange: Exchange) -> dict[str, Any]:
    """
    The values an argument of a prompt or resource template may take.

    Raises InvalidParams for a reference or argument that does not exist
    (2025-11-25, server/utilities/completion, Error Handling).
    """
    entry = _referred(exchange)
    name, value = _argument(exchange)
    definition = entry.definition
    if not isinstance(definition, (PromptDefinition, TemplateDefinition)):
        return _completion([])  # a resource without variables has nothing to complete
    _check(definition, name)
    context = RequestContext(exchange)
    limit = exchange.services.tool_timeout
    completing = entry.source.complete(definition, name, value, context, _known(exchange))
    try:
        values = await Guarded(completing, timeout=lambda: limit)
    except Overdue:
        exchange.is_abandoned = exchange.is_overdue = True
        raise InternalError(f"This took longer than {limit:g} seconds.") from None
    except InputRequired:  # no failure to a tool, but here nobody can be asked
        logger.error("Completion of %r asks its user something", entry.name)
        raise InternalError from None
    except Exception:
        logger.exception("Completion of %r of server %r failed", entry.name, exchange.server.slug)
        raise InternalError from None
    return _completion(list(values))


def _completion(values: list[str]) -> dict[str, Any]:
    shown = values[:MAX_VALUES]
    has_more = len(values) > len(shown)
    return {"completion": {"values": shown, "total": len(values), "hasMore": has_more}}


def _referred(exchange: Exchange) -> Offered:
    ref = exchange.params.get("ref")
    kind = ref.get("type") if isinstance(ref, dict) else None
    if not isinstance(ref, dict) or type(kind) is not str or kind not in KINDS:
        raise InvalidParams(f"params.ref is an object whose type is {' or '.join(KINDS)}.")
    named = ref.get(KINDS[kind])
    entry: Offered | None = None
    if kind == "ref/resource":
        entry = _resource(exchange, named)
    elif type(named) is str:
        entry = exchange.catalog.prompts.get(named)
    # One answer for what is not there and for what this principal may not see.
    if entry is None or not entry.is_visible(exchange.principal):
        raise InvalidParams(f"params.ref names {shown(named)}, and there is no such entry.")
    return entry


def _resource(exchange: Exchange, uri: Any) -> Offered | None:
    if type(uri) is not str:
        return None
    template = exchange.catalog.templates.get(uri)
    if template is not None:
        return template
    found = exchange.catalog.match(uri)
    return found[0] if found else None


def _argument(exchange: Exchange) -> tuple[str, str]:
    argument = exchange.params.get("argument")
    if isinstance(argument, dict):
        name, value = argument.get("name"), argument.get("value")
        if isinstance(name, str) and isinstance(value, str):
            return name, value
    raise InvalidParams("completion/complete needs params.argument with name and value, strings.")


def _check(definition: PromptDefinition | TemplateDefinition, name: str) -> None:
    if isinstance(definition, PromptDefinition):
        if name not in {argument.name for argument in definition.arguments}:
            raise InvalidParams(f"The prompt {definition.name!r} has no argument {shown(name)}.")
    elif name not in UriTemplate(definition.uri_template).variables:
        raise InvalidParams(f"{definition.uri_template!r} has no variable {shown(name)}.")


def _known(exchange: Exchange) -> dict[str, str]:
    context = exchange.params.get("context")
    arguments = context.get("arguments") if isinstance(context, dict) else None
    if not isinstance(arguments, dict):
        return {}
    return {str(key): value for key, value in arguments.items() if isinstance(value, str)}
