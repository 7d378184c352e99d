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

import msgspec

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.guard import Hold
from mcp_transport.engine.incoming import ENDED, Ended, Following, Incoming, Reply, Responder
from mcp_transport.engine.patrol import Guest
from mcp_transport.engine.services import Services
from mcp_transport.engine.tasks import may_see
from mcp_transport.engine.watching import look_of
from mcp_transport.protocol import jsonrpc, tasks
from mcp_transport.protocol.errors import Refused
from mcp_transport.protocol.routing import SERVER_INFO
from mcp_transport.protocol.subscriptions import (
    KINDS,
    SUBSCRIPTION_ID,
    Change,
    Filter,
    News,
    of_lists,
    read_filter,
)
from mcp_transport.sessions.store import SessionRecord
from mcp_transport.storage.writer import WriterFull
from mcp_transport.streams.hub import Listener
from mcp_transport.tasks.store import Owner

logger = logging.getLogger("mcp_transport.streams")

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
TAKEN = "This session has its stream open already; use that one."


def listen(exchange: Exchange, responder: Responder) -> Following:
    """
    subscriptions/listen: acknowledge, then tell of changes until somebody ends it.

    Raises InvalidParams for a malformed filter, MissingClientCapability for one
    of a client that does not know what it asks for, Refused for a client that
    takes no stream or holds too many.
    """
    wanted = read_filter(exchange.params, exchange.catalog.features)
    if watched := tasks.read_watched(exchange.params):
        tasks.require(exchange.capabilities)
        wanted = Filter(wanted.kinds, wanted.uris, watched)
    if not responder.accepts_stream:
        raise Refused(406, "subscriptions/listen needs Accept: text/event-stream.")
    wish = Wish(incoming=exchange.incoming, responder=responder, filter=wanted)
    return Subscription(exchange.services, wish, id_=exchange.request.id)


async def follow_session(
    services: Services, incoming: Incoming, session: SessionRecord, responder: Responder
) -> Following:
    """
    The standalone stream of a session (2025-11-25, basic/transports,
    Listening for Messages from the Server).

    Raises Refused when the session has one already, in whichever process.
    """
    if services.hub.of_session(session.id) is not None:
        raise Refused(409, TAKEN)
    features = incoming.offer.catalog.features
    wanted = of_lists(tuple(kind for kind in KINDS if kind in features))
    if session.subscriptions:
        wanted = Filter(wanted.kinds, frozenset(session.subscriptions))
    wish = Wish(incoming=incoming, responder=responder, filter=wanted, session_id=session.id)
    stream = SessionStream(services, wish)
    if not session.is_bound:  # no other process has a stream for a connection of this one
        await stream.claim()
    return stream


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to hear of, and how it reaches them."""

    incoming: Incoming
    responder: Responder
    filter: Filter = Filter()
    session_id: str | None = None  # whose standalone stream it is to be


class Stay(Listener, Guest):
    """A listener on the hub, until it ends or its client is no longer welcome."""

    __slots__ = ("_is_counted", "_responder", "_services", "_who_now")

    def __init__(self, services: Services, wish: Wish) -> None:
        """Count the stream until leave() is called. Raises LimitExceeded."""
        incoming = wish.incoming
        offer = incoming.offer
        super().__init__(
            offer.server.slug,
            offer.server.id,
            incoming.principal,
            wish.filter,
            basis=offer.catalog,
            session_id=wish.session_id,
        )
        self._services = services
        self._responder = wish.responder
        self._who_now = incoming.who_now
        # The stream of a connection is part of what was counted when that was opened.
        self._is_counted = not (incoming.is_bound and wish.session_id is not None)
        if self._is_counted:
            services.limiting.hold_stream(incoming.principal)
        services.hub.add(self)
        services.patrol.add(self)

    def may_know(self, uri: str) -> bool:
        """See Listener.may_know(): what nobody serves is no secret."""
        found = self.basis.match(uri)
        return found is None or bool(found[0].is_visible(self.principal))

    def glance(self, now: float) -> None:
        """See Guest.glance()."""
        since = self._responder.sending_since
        if since is not None and now - since > self._services.limits.stalled_after:
            self._responder.give_up()
            self.end()

    async def look(self) -> None:
        """Rights that were taken away end a stream, or what it tells of."""
        before = self.principal
        principal = before if self._who_now is None else await self._who_now(before)
        if principal is None or principal.key != before.key:
            self.end()
        elif principal != before:
            self._take_rights(principal)

    def _take_rights(self, principal: Principal) -> None:
        """Know what the client may know now; of lists that look different to it, it is told."""
        before, self.principal = self.principal, principal
        for kind in KINDS:
            if look_of(self.basis, kind, before) != look_of(self.basis, kind, principal):
                self.offer(Change(kind))

    def leave(self) -> None:
        """Listen no more."""
        self._services.hub.remove(self)
        self._services.patrol.discard(self)
        if self._is_counted:
            self._services.limiting.leave_stream(self.principal)


@contextlib.asynccontextmanager
async def listening(
    services: Services, incoming: Incoming, responder: Responder
) -> AsyncIterator[Listener]:
    """Give a listener that is on the hub until it ends, its client leaves or is no longer welcome."""
    stay = Stay(services, Wish(incoming=incoming, responder=responder))
    watcher = asyncio.create_task(_end_when_gone(stay, responder))
    try:
        yield stay
    finally:
        stay.leave()
        watcher.cancel()


async def _end_when_gone(listener: Listener, responder: Responder) -> None:
    await responder.gone()
    listener.end()


class ChangeStream(Following, Stay):
    """What one client is told of changes; subclasses word it."""

    __slots__ = ("_has_begun", "_hold", "_is_bound", "_pump")

    def __init__(self, services: Services, wish: Wish) -> None:
        """See Stay."""
        self._is_bound = wish.incoming.is_bound
        self._has_begun = False
        self._hold = Hold()  # while it waits for the client to leave
        self._pump: asyncio.Task[None] | None = None  # while the client is slow
        # Last: one that comes too late is ended as soon as the hub knows it.
        super().__init__(services, wish)

    @abstractmethod
    async def begin(self) -> None:
        """Send what comes first."""

    @abstractmethod
    def encode(self, change: News) -> bytes:
        """A change as this stream tells of it."""

    async def conclude(self) -> Reply | Ended:
        """What comes last, where the client is still there."""
        return ENDED

    async def follow(self) -> Reply | Ended:
        """See Following.follow()."""
        try:
            await self.begin()
            self._has_begun = True
            for change in self.take():  # what has waited until now
                self.pass_on(change)
            if self.is_ended:
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
        self._has_begun = False
        super().leave()
        if self._pump is not None:
            self._pump.cancel()

    def end(self) -> None:
        """See Listener.end()."""
        super().end()
        if self._has_begun:
            self._hold.release()

    def tell(self, change: News) -> bool:
        """See Listener.tell(); a task is made for a client that does not read."""
        if self._pump is not None or not self._has_begun:
            return False
        if self._responder.offer(self.encode(change)):
            return True
        self._pump = asyncio.get_running_loop().create_task(self._write())
        self._pump.add_done_callback(self._written)
        return False

    async def _write(self) -> None:
        try:
            while changes := self.take():
                for change in changes:
                    await self._responder.write(self.encode(change))
        finally:
            self._pump = None  # at once: what comes from here on is told at once

    def _written(self, pump: asyncio.Task[None]) -> None:
        if not pump.cancelled() and (error := pump.exception()) is not None:
            logger.error("A stream could not be written", exc_info=error)
            self.end()


class Subscription(ChangeStream):
    """The stream of a listen request."""

    __slots__ = ("_id", "_identity")

    def __init__(self, services: Services, wish: Wish, *, id_: jsonrpc.Id) -> None:
        """See ChangeStream."""
        super().__init__(services, wish)
        self._id = jsonrpc.encode(id_)
        self._identity = wish.incoming.offer.identity
        self.filter = self._readable(wish.filter)

    def _readable(self, wanted: Filter) -> Filter:
        """The part of a filter that the client may hear of."""
        if not wanted.uris:
            return wanted
        return Filter(wanted.kinds, frozenset(filter(self.may_know, wanted.uris)), wanted.tasks)

    async def _watch(self, task_ids: frozenset[str]) -> None:
        """Hear of those of some tasks that are the client's own."""
        every = self._services.tasks
        owner = Owner(self.principal.key, self.server_id)
        found = (await every.store.find_all(task_ids, owner)).values()
        seen = [state for state in found if may_see(state, self.basis, self.principal)]
        wanted = self.filter
        self.filter = Filter(wanted.kinds, wanted.uris, frozenset(state.id for state in seen))
        every.watch(seen, self)

    def leave(self) -> None:
        """See ChangeStream.leave()."""
        super().leave()
        if self.filter.tasks:
            self._services.tasks.unwatch(self.filter.tasks, self)

    async def begin(self) -> None:
        """See ChangeStream.begin()."""
        if self.filter.tasks:
            await self._watch(self.filter.tasks)
        meta = {SUBSCRIPTION_ID: jsonrpc.decode(self._id)}
        params = {"notifications": self.filter.as_params(), "_meta": meta}
        await self._responder.write(jsonrpc.notification(ACKNOWLEDGED, params))

    def encode(self, change: News) -> bytes:
        """See ChangeStream.encode()."""
        return change.encode_for(self._id)

    async def conclude(self) -> Reply | Ended:
        """See ChangeStream.conclude()."""
        id_: jsonrpc.Id = jsonrpc.decode(self._id)
        meta = {SUBSCRIPTION_ID: id_, SERVER_INFO: self._identity}
        body = jsonrpc.result(id_, {"resultType": "complete", "_meta": meta})
        if not self._is_bound:
            return Reply(200, body)
        # One of many on a connection is not seen to end, so it is said (2026-07-28, basic/patterns/cancellation).
        await self._responder.write(body)
        await self._responder.write(
            jsonrpc.notification("notifications/cancelled", {"requestId": id_})
        )
        return ENDED


class SessionStream(ChangeStream):
    """The standalone stream of a session."""

    __slots__ = ("_has_missed", "_is_claimed")

    def __init__(self, services: Services, wish: Wish) -> None:
        """See ChangeStream."""
        super().__init__(services, wish)
        self._is_claimed = self._has_missed = False

    async def claim(self) -> None:
        """
        Have the session's stream to itself, until leave() is called.

        Raises Refused when another process has it.
        """
        session_id = self.session_id or ""
        self.keep_for_filter()
        try:
            self._is_claimed = True  # as far as leave() has to know
            found = await self._services.standalone.take(session_id)
            if found is None:
                raise Refused(409, TAKEN)
            # What is kept may be of before the session subscribed in another process.
            self._services.sessions.forget(session_id)
            if not await self._learn():
                self.end()
        except BaseException:
            self.leave()
            raise
        self._has_missed = found

    async def look(self) -> None:
        """See Stay.look(); it ends with its session, too."""
        if await self._learn():  # the notice of what was subscribed to elsewhere may be lost
            await super().look()
        else:
            self.end()

    async def _learn(self) -> bool:
        """Hear of what the session's row says; False when the session has ended."""
        before = self.filter
        session = await self._services.sessions.find(self.session_id or "")
        # Else somebody here has changed it meanwhile, who knows better.
        if session is not None and self.filter is before:
            self.settle(Filter(before.kinds, frozenset(session.subscriptions)))
        return session is not None

    def leave(self) -> None:
        """See ChangeStream.leave()."""
        super().leave()
        if self._is_claimed:
            self._is_claimed = False
            with contextlib.suppress(WriterFull):  # it is found out when nobody else may have it
                self._services.standalone.leave(self.session_id or "")

    async def begin(self) -> None:
        """See ChangeStream.begin(); what was missed without a stream comes first."""
        await self._responder.open()
        if self._has_missed:
            for kind in self.filter.kinds:
                self.offer(Change(kind))

    def encode(self, change: News) -> bytes:
        """See ChangeStream.encode()."""
        return change.encode()
