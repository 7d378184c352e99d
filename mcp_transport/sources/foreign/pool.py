"""
The peers of one origin: who has which, how many there are, when they end.

A key names whose a peer is. There are never more than the origin's limit; one
that nobody uses makes room for another, and else who comes waits a little and
is refused. An origin with which none can be begun is left alone for a while
that doubles each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from mcp_transport.registry.errors import ToolError
from mcp_transport.sources.foreign.errors import Away, ForeignError, Gone
from mcp_transport.sources.foreign.origin import Origin
from mcp_transport.sources.foreign.peer import Peer

MAX_WAITING = 200  # calls that wait for a peer of one origin
FIRST_PAUSE = 1.0  # seconds in which an origin is left alone with which none could be begun
LONGEST_PAUSE = 60.0
MOST_DOUBLINGS = 10
NOTHING: Mapping[str, str] = {}

P = TypeVar("P", bound=Peer)
#: Makes the peer of a key, which has not been greeted, of what was prepared for its owner.
Make = Callable[[str, Mapping[str, str]], Awaitable[P]]
Prepare = Callable[[], Awaitable[Mapping[str, str]]]


class Place(Generic[P]):
    """A peer, or one that is being begun, and who uses it."""

    def __init__(self, starting: asyncio.Task[P]) -> None:
        self.starting = starting
        self.users = 0
        self.idle_since = 0.0
        self.is_dismissed = False  # whoever it was for is gone
        self.timer: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> P | None:
        """The peer, once it has begun."""
        task = self.starting
        is_there = task.done() and not task.cancelled() and task.exception() is None
        return task.result() if is_there else None

    @property
    def is_good(self) -> bool:
        """Whether it can be used, or will be."""
        if not self.starting.done():
            return True
        return self.peer is not None and not self.peer.is_over


class Pool(Generic[P]):
    """The peers of one origin in this worker process."""

    def __init__(
        self,
        origin: Origin,
        make: Make[P],
        begun: Callable[[P], None],
        *,
        lasting: frozenset[str] = frozenset(),
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.origin = origin
        self.trouble = ""  # why the last could not be begun; empty when it could
        self._make = make
        self._begun = begun
        self._lasting = lasting  # keys of peers that stay while nobody uses them
        self._places: dict[str, Place[P]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._looking: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._first_pause = first_pause
        self._failures = 0
        self._closed_until = 0.0  # of the loop's clock
        self._is_stopped = False

    @property
    def peers(self) -> list[P]:
        """Those that there are."""
        return [place.peer for place in self._places.values() if place.peer is not None]

    @property
    def keys(self) -> Collection[str]:
        """Whose they are."""
        return self._places.keys()

    def dismiss(self, key: str) -> None:
        """End the peer of a key, at the latest when nobody uses it any more."""
        place = self._places.get(key)
        if place is not None:
            place.is_dismissed = True
            self._expire(key, place)

    @contextlib.asynccontextmanager
    async def lend(
        self, key: str, *, is_kept: bool = True, prepare: Prepare | None = None
    ) -> AsyncIterator[P]:
        """
        The peer of a key, for as long as somebody uses it; one that is not kept ends then.

        ``prepare`` gives what one that has to be begun may know. Raises
        Away when there is none, and ToolError where that does.
        """
        place = await self._place(key, prepare)
        place.users += 1
        try:
            yield await self._started(place)
        finally:
            place.users -= 1
            self._left(key, place, is_kept=is_kept)

    async def _started(self, place: Place[P]) -> P:
        try:
            # Shielded: who leaves does not stop what others wait for, too.
            return await asyncio.shield(place.starting)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling() or not place.starting.cancelled():
                raise
        raise Away(f"{self.origin.name} is stopped; call again.")

    async def stop(self) -> None:
        """End every peer, and return when all have ended."""
        self._is_stopped = True
        self._wake()
        for looking in self._looking:
            looking.cancel()
        for key in list(self._places):
            self._end(key)
        if self._ending:
            await asyncio.wait(self._ending)

    async def _place(self, key: str, prepare: Prepare | None) -> Place[P]:
        until = self._now() + self.origin.start_timeout
        while True:
            place = self._places.get(key)
            if place is not None and place.is_good:
                return place
            if place is not None:
                self._end(key)
            self._check()
            if self._has_room() or self._make_room():
                return self._begin(key, prepare)
            await self._wait(until)

    def _check(self) -> None:
        """Raise Away where none may be begun."""
        if self._is_stopped:
            raise Away(f"{self.origin.name} is stopped; call again.")
        left = self._closed_until - self._now()
        if left > 0:
            raise Away(
                f"{self.origin.name} {self.origin.complaint}; "
                f"it is tried again in {left:.0f} seconds."
            )

    def _has_room(self) -> bool:
        return len(self._places) + len(self._ending) < self.origin.most_units

    def _make_room(self) -> bool:
        """End the peer that was not used for longest; whether there is room at once."""
        idle = [(p.idle_since, key) for key, p in self._places.items() if not p.users]
        if idle and not self._ending:
            self._end(min(idle)[1])
        return self._has_room()

    async def _wait(self, until: float) -> None:
        """Return when there may be room. Raises Away when that takes too long."""
        if len(self._waiting) < MAX_WAITING:
            freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(freed)
            try:
                async with asyncio.timeout_at(until):
                    return await freed
            except TimeoutError:
                pass
            finally:
                self._waiting = [one for one in self._waiting if one is not freed]
        raise Away(
            f"All {self.origin.most_units} {self.origin.units} of the {self.origin.noun} "
            f"{self.origin.alias!r} are in use; call again in a moment."
        )

    def _begin(self, key: str, prepare: Prepare | None) -> Place[P]:
        place = self._places[key] = Place(asyncio.create_task(self._start(key, prepare)))
        place.starting.add_done_callback(_retrieve)
        return place

    async def _start(self, key: str, prepare: Prepare | None) -> P:
        peer: P | None = None
        added = await self._prepared(prepare)
        try:
            async with asyncio.timeout(self.origin.start_timeout):
                peer = await self._make(key, added)
                await peer.greet()
        except (ForeignError, OSError) as error:
            raise await self._failed(peer, error) from None
        except asyncio.CancelledError:
            if peer is not None:
                self._keep(peer.stop())
            raise
        self._failures, self.trouble = 0, ""
        peer.when_over = partial(self._over, key, peer)
        self._begun(peer)
        return peer

    async def _prepared(self, prepare: Prepare | None) -> Mapping[str, str]:
        """What one may know; what is wrong with that is no fault of the origin's."""
        if prepare is None:
            return NOTHING
        try:
            async with asyncio.timeout(self.origin.start_timeout):
                return await prepare()
        except ToolError:
            raise
        except Exception:
            self.origin.logger.exception("%s has no environment", self.origin.place)
        raise Away(f"{self.origin.name} could not be prepared for you.")

    async def _failed(self, peer: P | None, error: Exception) -> Away:
        """What a start that failed is to its callers; the log has the details, once."""
        self._failures += 1
        doublings = min(self._failures - 1, MOST_DOUBLINGS)
        pause = min(LONGEST_PAUSE, self._first_pause * 2**doublings)
        self._closed_until = self._now() + pause
        why = error.detail if isinstance(error, ForeignError) else str(error)
        why = "It ended." if isinstance(error, Gone) and why == str(error) else why
        why = why or "It took too long."
        if peer is not None:
            self._keep(peer.stop())
            why = f"{why} {peer.last_words}".strip()
        level = logging.ERROR if not self.trouble else logging.DEBUG
        self.trouble = why
        self.origin.logger.log(level, "%s %s: %s", self.origin.place, self.origin.complaint, why)
        return Away(f"{self.origin.name} {self.origin.complaint}; the site's log says why.")

    def _left(self, key: str, place: Place[P], *, is_kept: bool) -> None:
        place.idle_since = self._now()
        if place.users or self._places.get(key) is not place:
            return
        is_kept = is_kept and not place.is_dismissed
        if is_kept and place.is_good and not self._waiting:
            loop = asyncio.get_running_loop()
            _cancel(place.timer)
            if key not in self._lasting:
                place.timer = loop.call_later(self.origin.idle_timeout, self._expire, key, place)
            if place.peer is not None and place.peer.is_doubtful:
                self._look(key, place, place.peer)
        else:
            self._end(key)

    def _look(self, key: str, place: Place[P], peer: P) -> None:
        """End a peer that hangs, once nobody waits for it."""

        async def probe() -> None:
            if not await peer.lives():
                self.origin.logger.warning("%s hangs, and is ended", self.origin.place)
                self._expire(key, place)

        task = asyncio.create_task(probe())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    def _over(self, key: str, peer: P) -> None:
        """Take away a peer that has ended by itself; whoever uses it does so when they leave."""
        place = self._places.get(key)
        if place is not None and place.peer is peer and not place.users:
            self._end(key)

    def _expire(self, key: str, place: Place[P]) -> None:
        if self._places.get(key) is place and not place.users:
            self._end(key)

    def _end(self, key: str) -> None:
        place = self._places.pop(key)
        _cancel(place.timer)
        if place.peer is not None:
            self._keep(place.peer.stop())
        else:
            place.starting.cancel()
        self._wake()

    def _keep(self, work: Any) -> None:
        """Own a task until it is done; its place is free then."""
        task = asyncio.create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.origin.logger.error("One could not be stopped", exc_info=task.exception())
        self._wake()

    def _wake(self) -> None:
        """Let those look again who wait for room."""
        waiting, self._waiting = self._waiting, []
        for freed in waiting:
            if not freed.done():
                freed.set_result(None)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _retrieve(starting: asyncio.Task[P]) -> None:
    """Look at a start that failed, should everybody have left who would."""
    if not starting.cancelled():
        starting.exception()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
