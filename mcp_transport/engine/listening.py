"""
Streams that stay open and tell of changes.

``subscriptions/listen`` for clients without sessions, the standalone GET stream
for those with one. Nothing on them is logged: a change is a hint to read again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply, Responder
from mcp_transport.engine.services import Services
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import Refused
from mcp_transport.protocol.routing import SERVER_INFO
from mcp_transport.protocol.subscriptions import (
    KINDS,
    SUBSCRIPTION_ID,
    Change,
    Filter,
    read_filter,
)
from mcp_transport.sessions.store import SessionRecord
from mcp_transport.streams.hub import Listener

RECHECK_INTERVAL = 15.0  # seconds between two looks at whether the listener is still welcome
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


async def listen(exchange: Exchange, responder: Responder) -> Outcome:
    """
    subscriptions/listen: acknowledge, then tell of changes until somebody ends it.

    Raises InvalidParams for a malformed filter, Refused for a client that takes
    no stream or holds too many.
    """
    wanted = read_filter(exchange.params, exchange.catalog.features)
    subscription = exchange.request.id
    if not responder.accepts_stream:
        raise Refused(406, "subscriptions/listen needs Accept: text/event-stream.")
    offer = exchange.incoming.offer
    listener = Listener(
        offer.server.slug, offer.server.id, exchange.principal, wanted, basis=offer.catalog
    )
    listener.filter = wanted = readable(listener, wanted)
    async with listening(exchange.services, exchange.incoming, listener, responder):
        meta = {SUBSCRIPTION_ID: subscription}
        params = {"notifications": wanted.as_params(), "_meta": meta}
        await responder.write(jsonrpc.notification(ACKNOWLEDGED, params))
        while changes := await listener.changes():
            for change in changes:
                await responder.write(change.encode_for(subscription))
    result = {
        "resultType": "complete",
        "_meta": {**meta, SERVER_INFO: exchange.incoming.offer.identity},
    }
    if not exchange.incoming.is_bound:
        return Reply(200, jsonrpc.result(subscription, result))
    # One of many on a connection is not seen to end, so it is said (basic/patterns/cancellation).
    await responder.write(jsonrpc.result(subscription, result))
    await responder.write(
        jsonrpc.notification("notifications/cancelled", {"requestId": subscription})
    )
    return ENDED


async def follow_session(
    services: Services, incoming: Incoming, session: SessionRecord, responder: Responder
) -> Outcome:
    """
    The standalone stream of a session (2025-11-25, basic/transports, Listening).

    Raises Refused when the session has one already in this process.
    """
    if services.hub.of_session(session.id) is not None:
        raise Refused(409, "This session has its stream open already; use that one.")
    features = incoming.offer.catalog.features
    kinds = frozenset(kind for kind in KINDS if kind in features)
    wanted = Filter(kinds, frozenset(session.subscriptions))
    listener = Listener(
        incoming.offer.server.slug,
        session.server_id,
        incoming.principal,
        wanted,
        basis=incoming.offer.catalog,
        session_id=session.id,
    )
    async with listening(services, incoming, listener, responder):
        await responder.open()
        if session.id in services.hub.detached:  # what was missed meanwhile
            for kind in kinds:
                listener.offer(Change(kind))
        while changes := await listener.changes():
            for change in changes:
                await responder.write(change.encode())
    return ENDED


def may_know(listener: Listener, uri: str) -> bool:
    """Whether a listener may hear of a resource: what nobody serves is no secret."""
    found = listener.basis.match(uri)
    return found is None or bool(found[0].is_visible(listener.principal))


def readable(listener: Listener, wanted: Filter) -> Filter:
    """The part of a filter that the listener may hear of."""
    return Filter(wanted.kinds, frozenset(u for u in wanted.uris if may_know(listener, u)))


def _held(services: Services, incoming: Incoming, listener: Listener) -> Any:
    """Count the stream, unless it is the one of a connection that was counted."""
    if incoming.is_bound and listener.session_id is not None:
        return contextlib.nullcontext()
    return services.limiting.holding_stream(incoming.principal)


@contextlib.asynccontextmanager
async def listening(
    services: Services, incoming: Incoming, listener: Listener, responder: Responder
) -> AsyncIterator[None]:
    """Keep a listener on the hub until it ends, its client leaves or is no longer welcome."""
    listener.admits = lambda change: change.uri is None or may_know(listener, change.uri)
    with _held(services, incoming, listener):
        services.hub.add(listener)
        watchers = [
            asyncio.create_task(_end_when_gone(listener, responder)),
            asyncio.create_task(_end_when_unwelcome(services, incoming, listener)),
        ]
        try:
            yield
        finally:
            services.hub.remove(listener)
            for watcher in watchers:
                watcher.cancel()


async def _end_when_gone(listener: Listener, responder: Responder) -> None:
    await responder.gone()
    listener.end()


async def _end_when_unwelcome(services: Services, incoming: Incoming, listener: Listener) -> None:
    """Rights that were taken away end a stream, not only the next request."""
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECHECK_INTERVAL):
                await listener.doubted.wait()
        listener.doubted.clear()
        is_open = listener.session_id is None or await services.sessions.find(listener.session_id)
        if not is_open or not await incoming.is_still_welcome():
            return listener.end()
