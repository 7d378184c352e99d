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
    if uri not in session.subscriptions:
        if len(session.subscriptions) >= MAX_URIS:
            raise InvalidParams(f"A session takes at most {MAX_URIS} subscriptions.")
        check_uri(uri)
        await _subscribed(exchange, session, (*session.subscriptions, uri))
    return {}


async def unsubscribe(exchange: Exchange) -> dict[str, Any]:
    """Tell this session no more."""
    uri = exchange.params.get("uri")
    if type(uri) is not str:
        raise InvalidParams("resources/unsubscribe needs params.uri, a string.", status=400)
    session = exchange.its_session()
    if uri in session.subscriptions:
        rest = tuple(other for other in session.subscriptions if other != uri)
        await _subscribed(exchange, session, rest)
    return {}


async def _subscribed(exchange: Exchange, session: SessionRecord, uris: tuple[str, ...]) -> None:
    services = exchange.services
    session = await services.sessions.change(session, subscriptions=uris)
    listener = services.hub.of_session(session.id)
    if listener is not None:
        listener.filter = Filter(listener.filter.kinds, frozenset(uris))
