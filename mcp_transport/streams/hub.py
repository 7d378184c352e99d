"""
Tells listening streams what has changed.

One subscription to the bus for the whole process, then a fan-out to those who
listen here. A change is a hint and not an event: it is not logged, and one that
waits already is not added again, which bounds what a listener can hold.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

import msgspec

from mcp_transport.bus.base import Bus
from mcp_transport.protocol.subscriptions import Change, Filter, Kind, News
from mcp_transport.streams.notices import Changed, Notice, read

logger = logging.getLogger("mcp_transport.streams")

# Servers and kinds of lists whose last change is remembered.
HINT_LIMIT = 10_000
# Changes that a listener keeps while its filter is being found out.
KEPT_LIMIT = 1000
AT_ONCE = 500  # listeners that are told before anything else may run


class Listener:
    """
    One open stream that waits for changes.

    Subclasses may take them the moment that they are told; what they do not
    take waits, for changes() or for whoever calls take().
    """

    __slots__ = (
        "_kept",
        "_pending",
        "_waiting",
        "basis",
        "filter",
        "hints_taken",
        "is_ended",
        "principal",
        "server",
        "server_id",
        "session_id",
        "since",
        "told_at",
    )

    def __init__(
        self,
        server: str,
        server_id: int,
        principal: Any,
        wanted: Filter,
        *,
        basis: Any = None,
        session_id: str | None = None,
    ) -> None:
        self.server = server
        self.server_id = server_id
        self.basis = basis  # what the client's lists were last made of
        self.principal = principal
        self.filter = wanted
        self.session_id = session_id
        self.is_ended = False
        self.since = time.monotonic()
        self.told_at = -math.inf  # monotonic seconds: of a list that may look different
        # Made when they are needed: there are many listeners, and little to tell.
        self.hints_taken: dict[Kind, float] | None = None
        self._pending: dict[News, None] | None = None
        self._kept: dict[Change, None] | None = None
        self._waiting: asyncio.Future[None] | None = None

    def may_know(self, uri: str) -> bool:
        """Whether the listener may hear of a resource that it asked for."""
        return True

    def tell(self, change: News) -> bool:
        """Tell of a change then and there; False leaves it waiting."""
        return False

    def pass_on(self, change: News) -> None:
        """Tell of a change that the client is to hear of."""
        # Behind what waits already: a client hears of changes in their order.
        if self._pending or not self.tell(change):
            self._add(change)

    def offer(self, change: Change) -> None:
        """Put a change before the listener, if it asked for such and may know of it."""
        self.offer_at(change, time.monotonic())

    def offer_at(self, change: Change, now: float) -> None:
        """Do as offer() does, for one who knows what time it is."""
        # While a session's new filter is being read, what it would let through comes already.
        if self._kept is not None and len(self._kept) < KEPT_LIMIT:
            self._kept[change] = None
        if not self.filter.wants(change):
            return
        if change.uri is None:
            self.told_at = now
        elif not self.may_know(change.uri):
            return
        self.pass_on(change)

    def keep_for_filter(self) -> None:
        """Keep what comes from now on for another filter, which is being found out."""
        if self._kept is None:
            self._kept = {}

    def settle(self, wanted: Filter) -> None:
        """Take that filter, and offer what only it lets through of what came meanwhile."""
        kept, self._kept = self._kept or {}, None
        before = self.filter
        if wanted != before:  # else many go on to share one
            self.filter = wanted
        for change in kept:
            if not before.wants(change):
                self.offer(change)

    def end(self) -> None:
        """Make changes() come to its end."""
        self.is_ended = True
        self._wake()

    def take(self) -> list[News]:
        """What waits to be told."""
        pending, self._pending = self._pending, None
        return list(pending or ())

    async def changes(self) -> list[News]:
        """What has changed, once something has; an empty list at the end."""
        while not self._pending and not self.is_ended:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self.take()

    def _add(self, change: News) -> None:
        if self._pending is None:
            self._pending = {}
        # A dictionary keeps the order and takes each once: this is the bound of what a client
        # that does not read can hold, as many as it has lists and subscriptions.
        self._pending[change] = None
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


class Hub:
    """The listeners of this process."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._by_server: dict[int, set[Listener]] = {}
        self._by_session: dict[str, Listener] = {}
        self._heed: Callable[[Notice], None] | None = None
        self._is_over = False
        self._hinted_at: dict[tuple[int | None, Kind], float] = {}  # monotonic seconds

    @property
    def is_deaf(self) -> bool:
        """Whether notices do not reach the other processes at the moment."""
        return self._bus.is_away

    @property
    def wakes_others(self) -> bool:
        """Whether what is announced arrives in the other processes, as far as is known."""
        return self._bus.reaches_other_processes and not self._bus.is_away

    async def start(self) -> None:
        """Listen to the other processes."""
        await self._bus.start(self._receive)

    async def stop(self) -> None:
        """Let go of the bus."""
        await self._bus.stop()

    def heed(self, function: Callable[[Notice], None]) -> None:
        """Have a function called with each notice of another process, before listeners are told."""
        self._heed = function

    def add(self, listener: Listener) -> None:
        """Begin to tell a listener of changes."""
        self._by_server.setdefault(listener.server_id, set()).add(listener)
        if listener.session_id is not None:
            self._by_session[listener.session_id] = listener
        if self._is_over:
            listener.end()

    def remove(self, listener: Listener) -> None:
        """Stop telling a listener."""
        here = self._by_server.get(listener.server_id, set())
        here.discard(listener)
        if not here:
            self._by_server.pop(listener.server_id, None)
        session_id = listener.session_id
        # A newer stream of the session may stand there by now.
        if session_id is not None and self._by_session.get(session_id) is listener:
            del self._by_session[session_id]

    def listeners(self, server_id: int | None = None) -> list[Listener]:
        """Who listens now, to one server or to any."""
        if server_id is not None:
            return list(self._by_server.get(server_id, ()))
        return list(chain.from_iterable(self._by_server.values()))

    def of_session(self, session_id: str) -> Listener | None:
        """The standalone stream of a session, if it is open in this process."""
        return self._by_session.get(session_id)

    def take_hint(self, listener: Listener, kind: Kind, *, within: float) -> bool:
        """
        Whether a listener was told of a list in the last seconds, before anybody had
        looked at what is in it; true once for each time.
        """
        places = (listener.server_id, kind), (None, kind)
        # A change is told as a hint first, and found out by comparing lists later: the second
        # time would be a notification of nothing new.
        hinted_at = max(self._hinted_at.get(place, -math.inf) for place in places)
        taken = listener.hints_taken or {}
        if hinted_at <= max(listener.since, taken.get(kind, -math.inf)):
            return False
        listener.hints_taken = {**taken, kind: time.monotonic()}
        return time.monotonic() - hinted_at < within

    async def publish(self, change: Change, *, server_id: int | None = None) -> None:
        """Tell every listener of this process, then wake the other processes."""
        notice = Changed(change, server_id)
        # Here first: whoever made the change may listen in this process, and a bus may be away.
        self._tell(notice)
        await self.announce(notice)

    async def announce(self, notice: Notice) -> None:
        """Wake the other processes, and do nothing here."""
        await self._bus.publish(msgspec.json.encode(notice))

    def end_all(self) -> None:
        """Bring every listener to its end, also those that still come, as before a shutdown."""
        self._is_over = True
        for listener in self.listeners():
            listener.end()

    def _receive(self, message: bytes) -> None:
        notice = read(message)
        if notice is not None and self._heed is not None:
            self._heed(notice)
        if isinstance(notice, Changed):
            self._tell(notice)

    def _tell(self, notice: Changed) -> None:
        server_id, change = notice.server_id, notice.change
        if change.uri is None:
            self._note_hint(server_id, change.kind)
        self._go_round(change, self.listeners(server_id))

    def _note_hint(self, server_id: int | None, kind: Kind) -> None:
        if len(self._hinted_at) >= HINT_LIMIT:
            self._hinted_at.clear()  # at worst a change is told twice
        self._hinted_at[server_id, kind] = time.monotonic()

    def _go_round(self, change: Change, listeners: list[Listener], begin: int = 0) -> None:
        """Tell some of them, then the others when requests that wait have had their turn."""
        now, end = time.monotonic(), begin + AT_ONCE
        for listener in listeners[begin:end]:
            try:
                listener.offer_at(change, now)
            except Exception:  # none of the others' affair
                logger.exception("A listener could not be told of a change")
                listener.end()
        if end < len(listeners):
            asyncio.get_running_loop().call_soon(self._go_round, change, listeners, end)
