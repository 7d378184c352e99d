"""
Streams that stay open and tell of changes.

``subscriptions/listen`` for clients without sessions, the standalone GET stream
for those with one. Nothing on them is logged: a change is a hint to read again.

A stream waits in the task of its request, for the client to leave, and has no
other. Whoever publishes a change hands it to the server right then; a task is
only made for a client that reads too slowly, and tells it the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import abstractmethod
from collections.abc import AsyncIterator

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.guard import Hold
from mcp_transport.engine.incoming import ENDED, Ended, Following, Incoming, Reply, Responder
from mcp_transport.engine.patrol import Guest
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

logger = logging.getLogger("mcp_transport.streams")

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"


def listen(exchange: Exchange, responder: Responder) -> Following:
    """
    subscriptions/listen: acknowledge, then tell of changes until somebody ends it.

    Raises InvalidParams for a malformed filter, Refused for a client that takes
    no stream or holds too many.
    """
    wanted = read_filter(exchange.params, exchange.catalog.features)
    if not responder.accepts_stream:
        raise Refused(406, "subscriptions/listen needs Accept: text/event-stream.")
    offer = exchange.incoming.offer
    listener = Listener(
        offer.server.slug, offer.server.id, exchange.principal, wanted, basis=offer.catalog
    )
    listener.filter = readable(listener, wanted)
    return Subscription(
        exchange.services, exchange.incoming, listener, responder, exchange.request.id
    )


def follow_session(
    services: Services, incoming: Incoming, session: SessionRecord, responder: Responder
) -> Following:
    """
    The standalone stream of a session (2025-11-25, basic/transports, Listening).

    Raises Refused when the session has one already in this process.
    """
    if services.hub.of_session(session.id) is not None:
        raise Refused(409, "This session has its stream open already; use that one.")
    features = incoming.offer.catalog.features
    kinds = frozenset(kind for kind in KINDS if kind in features)
    listener = Listener(
        incoming.offer.server.slug,
        session.server_id,
        incoming.principal,
        Filter(kinds, frozenset(session.subscriptions)),
        basis=incoming.offer.catalog,
        session_id=session.id,
    )
    return SessionStream(services, incoming, listener, responder)


class Stay(Guest):
    """A listener on the hub, until it ends or its client is no longer welcome."""

    __slots__ = ("_is_still_welcome", "_key", "_responder", "_services", "listener")

    def __init__(
        self, services: Services, incoming: Incoming, listener: Listener, responder: Responder
    ) -> None:
        """Count the stream until leave() is called. Raises LimitExceeded."""
        self.listener = listener
        self._services = services
        self._responder = responder
        self._is_still_welcome = incoming.is_still_welcome
        listener.admits = _admits
        # The stream of a connection is part of what was counted when that was opened.
        is_counted = incoming.is_bound and listener.session_id is not None
        self._key = "" if is_counted else services.limiting.hold_stream(incoming.principal)
        services.hub.add(listener)
        services.patrol.add(self)

    def glance(self, now: float) -> None:
        """See Guest.glance()."""
        since = self._responder.sending_since
        if since is not None and now - since > self._services.limits.stalled_after:
            self._responder.give_up()
            self.listener.end()

    async def look(self) -> None:
        """Rights that were taken away end a stream, not only the next request."""
        session_id = self.listener.session_id
        is_open = session_id is None or await self._services.sessions.find(session_id)
        if not is_open or not await self._is_still_welcome():
            self.listener.end()

    def leave(self) -> None:
        """Listen no more."""
        self._services.hub.remove(self.listener)
        self._services.patrol.discard(self)
        if self._key:
            self._services.limiting.limiter.leave(self._key)


@contextlib.asynccontextmanager
async def listening(
    services: Services, incoming: Incoming, listener: Listener, responder: Responder
) -> AsyncIterator[None]:
    """Keep a listener on the hub until it ends, its client leaves or is no longer welcome."""
    stay = Stay(services, incoming, listener, responder)
    watcher = asyncio.create_task(_end_when_gone(listener, responder))
    try:
        yield
    finally:
        stay.leave()
        watcher.cancel()


async def _end_when_gone(listener: Listener, responder: Responder) -> None:
    await responder.gone()
    listener.end()


class ChangeStream(Following, Stay):
    """What one client is told of changes; subclasses word it."""

    __slots__ = ("_hold", "_is_bound", "_pump")

    def __init__(
        self, services: Services, incoming: Incoming, listener: Listener, responder: Responder
    ) -> None:
        """See Stay."""
        super().__init__(services, incoming, listener, responder)
        self._is_bound = incoming.is_bound
        self._hold = Hold()  # while it waits for the client to leave
        self._pump: asyncio.Task[None] | None = None  # while the client is slow

    @abstractmethod
    async def begin(self) -> None:
        """Send what comes first."""

    @abstractmethod
    def encode(self, change: Change) -> bytes:
        """A change as this stream tells of it."""

    async def conclude(self) -> Reply | Ended:
        """What comes last, where the client is still there."""
        return ENDED

    async def follow(self) -> Reply | Ended:
        """See Following.follow()."""
        listener = self.listener
        try:
            await self.begin()
            listener.sink = self._send
            listener.woken = self._hold.release
            self._tell_the_rest()
            if listener.is_ended:
                self._hold.release()
            await self._hold.wait(self._responder.gone())
            if not self._hold.is_cut:
                return ENDED
            if self._pump is not None:
                await asyncio.wait([self._pump])
        finally:
            self.leave()
        return await self.conclude()

    def leave(self) -> None:
        """See Stay.leave()."""
        self.listener.sink = self.listener.woken = None
        super().leave()
        if self._pump is not None:
            self._pump.cancel()

    def _send(self, change: Change) -> bool:
        """Tell of a change at once; False when it has to wait for the client."""
        if self._pump is None and self._responder.offer(self.encode(change)):
            return True
        if self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._write())
            self._pump.add_done_callback(self._written)
        return False

    def _tell_the_rest(self) -> None:
        """Tell of what has waited until now."""
        for change in self.listener.take():
            self.listener.offer(change)

    async def _write(self) -> None:
        try:
            while changes := self.listener.take():
                for change in changes:
                    await self._responder.write(self.encode(change))
        finally:
            self._pump = None  # at once: what comes from here on finds the sink free

    def _written(self, pump: asyncio.Task[None]) -> None:
        if not pump.cancelled() and (error := pump.exception()) is not None:
            logger.error("A stream could not be written", exc_info=error)
            self.listener.end()


class Subscription(ChangeStream):
    """The stream of a listen request."""

    __slots__ = ("_id", "_identity", "_subscription")

    def __init__(
        self,
        services: Services,
        incoming: Incoming,
        listener: Listener,
        responder: Responder,
        subscription: jsonrpc.Id,
    ) -> None:
        """See ChangeStream."""
        super().__init__(services, incoming, listener, responder)
        self._subscription = subscription
        self._id = jsonrpc.encode(subscription)
        self._identity = incoming.offer.identity

    async def begin(self) -> None:
        """See ChangeStream.begin()."""
        meta = {SUBSCRIPTION_ID: self._subscription}
        params = {"notifications": self.listener.filter.as_params(), "_meta": meta}
        await self._responder.write(jsonrpc.notification(ACKNOWLEDGED, params))

    def encode(self, change: Change) -> bytes:
        """See ChangeStream.encode()."""
        return change.encode_for(self._id)

    async def conclude(self) -> Reply | Ended:
        """See ChangeStream.conclude()."""
        meta = {SUBSCRIPTION_ID: self._subscription, SERVER_INFO: self._identity}
        body = jsonrpc.result(self._subscription, {"resultType": "complete", "_meta": meta})
        if not self._is_bound:
            return Reply(200, body)
        # One of many on a connection is not seen to end, so it is said (basic/patterns/cancellation).
        await self._responder.write(body)
        await self._responder.write(
            jsonrpc.notification("notifications/cancelled", {"requestId": self._subscription})
        )
        return ENDED


class SessionStream(ChangeStream):
    """The standalone stream of a session."""

    __slots__ = ()

    async def begin(self) -> None:
        """See ChangeStream.begin(); what was missed without a stream comes first."""
        await self._responder.open()
        if self.listener.session_id in self._services.hub.detached:
            for kind in self.listener.filter.kinds:
                self.listener.offer(Change(kind))

    def encode(self, change: Change) -> bytes:
        """See ChangeStream.encode()."""
        return change.encode()


def may_know(listener: Listener, uri: str) -> bool:
    """Whether a listener may hear of a resource: what nobody serves is no secret."""
    found = listener.basis.match(uri)
    return found is None or bool(found[0].is_visible(listener.principal))


def readable(listener: Listener, wanted: Filter) -> Filter:
    """The part of a filter that the listener may hear of."""
    if not wanted.uris:
        return wanted
    return Filter(wanted.kinds, frozenset(u for u in wanted.uris if may_know(listener, u)))


def _admits(listener: Listener, change: Change) -> bool:
    return change.uri is None or may_know(listener, change.uri)
