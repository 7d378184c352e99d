"""resources/read and, for sessions, resources/subscribe and resources/unsubscribe."""

from __future__ import annotations

import logging
from typing import Any

from mcp_transport.engine import access
from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.rounds import enter
from mcp_transport.protocol import shaping
from mcp_transport.protocol.errors import InternalError, InvalidParams, ProtocolError
from mcp_transport.protocol.subscriptions import MAX_URIS, Filter, check_uri
from mcp_transport.registry.errors import ToolError
from mcp_transport.sessions.store import SessionRecord

logger = logging.getLogger("mcp_transport.resources")


async def read(exchange: Exchange) -> dict[str, Any]:
    """
    Read a resource.

    Raises ResourceNotFound, as the revision says it, also where reading gives
    nothing: no contents may not stand for no resource (2026-07-28,
    server/resources, Error Handling).
    """
    entry, uri, variables = access.find_resource(exchange)
    resource = entry.definition
    enter(exchange)
    context = RequestContext(exchange)
    try:
        contents = await entry.source.read(resource, uri, variables, context)
    except ToolError as error:
        raise InternalError(str(error)) from None
    except ProtocolError:
        raise
    except Exception:
        logger.exception("Resource %r of server %r failed", uri, exchange.server.slug)
        raise InternalError from None
    if not contents:
        raise access.no_resource(exchange, uri)
    return {"contents": shaping.resource_contents(contents, exchange.revision)}


async def subscribe(exchange: Exchange) -> dict[str, Any]:
    """Tell this session of a resource's changes (2025-11-25, server/resources, Subscriptions)."""
    _entry, uri, _variables = access.find_resource(exchange)
    session = exchange.its_session()
    check_uri(uri)
    changed = await exchange.services.sessions.subscribe(session, uri, most=MAX_URIS)
    _tell_listener(exchange, changed)
    if changed is not None and uri not in changed.subscriptions:
        raise InvalidParams(f"A session takes at most {MAX_URIS} subscriptions.")
    return {}


async def unsubscribe(exchange: Exchange) -> dict[str, Any]:
    """Tell this session no more."""
    uri = exchange.params.get("uri")
    if type(uri) is not str:
        raise InvalidParams("resources/unsubscribe needs params.uri, a string.", status=400)
    session = exchange.its_session()
    _tell_listener(exchange, await exchange.services.sessions.unsubscribe(session, uri))
    return {}


def _tell_listener(exchange: Exchange, session: SessionRecord | None) -> None:
    """Let the session's stream, if it is open in this process, carry what is subscribed to."""
    listener = exchange.services.hub.of_session(session.id) if session else None
    if listener is not None and session is not None:
        listener.settle(Filter(listener.filter.kinds, frozenset(session.subscriptions)))
