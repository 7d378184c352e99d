"""
The children of one program: who has which, how many there are, when they end.

A key names whose a child is. There are never more than the program's limit;
one that nobody uses makes room for another, and else who comes waits a little
and is refused. A program that does not start is left alone for a while that
doubles each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from mcp_transport.protocol.jsonrpc import Notification
from mcp_transport.registry.errors import ToolError
from mcp_transport.sources.stdio.child import Child
from mcp_transport.sources.stdio.errors import Away, ChildError, Gone
from mcp_transport.sources.stdio.process import NOTHING, Process
from mcp_transport.sources.stdio.programs import Program

logger = logging.getLogger("mcp_transport.stdio")

MAX_WAITING = 200  # calls that wait for a child of one program
FIRST_PAUSE = 1.0  # seconds in which a program that did not start is left alone
LONGEST_PAUSE = 60.0

Prepare = Callable[[], Awaitable[Mapping[str, str]]]
Heed = Callable[[Child, Notification], None]


class Place:
    """A child, or one that is being started, and who uses it."""

    def __init__(self, starting: asyncio.Task[Child]) -> None:
        self.starting = starting
        self.users = 0
        self.idle_since = 0.0
        self.timer: asyncio.TimerHandle | None = None

    @property
    def child(self) -> Child | None:
        """The child, once it has started."""
        task = self.starting
        is_there = task.done() and not task.cancelled() and task.exception() is None
        return task.result() if is_there else None

    @property
    def is_good(self) -> bool:
        """Whether it can be used, or will be."""
        if not self.starting.done():
            return True
        return self.child is not None and not self.child.is_over


class Pool:
    """The children of one program in this worker process."""

    def __init__(self, program: Program, heed: Heed, begun: Callable[[Child], None]) -> None:
        self.program = program
        self._begun = begun
        self.trouble = ""  # why the last start failed; empty when it did not
        self._heed = heed
        self._places: dict[str, Place] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._looking: set[asyncio.Task[None]] = set()
        self._waiting: list[asyncio.Future[None]] = []
        self._failures = 0
        self._closed_until = 0.0  # of the loop's clock
        self._is_stopped = False

    @property
    def children(self) -> list[Child]:
        """Those that run."""
        return [place.child for place in self._places.values() if place.child is not None]

    @contextlib.asynccontextmanager
    async def lend(
        self, key: str, *, is_kept: bool = True, prepare: Prepare | None = None
    ) -> AsyncIterator[Child]:
        """
        The child of a key, for as long as somebody uses it; one that is not kept ends then.

        ``prepare`` gives the variables of one that has to be started. Raises
        Away when there is none, and ToolError where that does.
        """
        place = await self._place(key, prepare)
        place.users += 1
        try:
            yield await self._started(place)
        finally:
            place.users -= 1
            self._left(key, place, is_kept=is_kept)

    async def _started(self, place: Place) -> Child:
        try:
            # Shielded: who leaves does not stop what others wait for, too.
            return await asyncio.shield(place.starting)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling() or not place.starting.cancelled():
                raise
        raise Away(f"The program {self.program.alias!r} is stopped; call again.")

    async def stop(self) -> None:
        """End every child, and return when all have ended."""
        self._is_stopped = True
        self._wake()
        for looking in self._looking:
            looking.cancel()
        for key in list(self._places):
            self._end(key)
        if self._ending:
            await asyncio.wait(self._ending)

    async def _place(self, key: str, prepare: Prepare | None) -> Place:
        until = self._now() + self.program.start_timeout
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
        """Raise Away where no child may be started."""
        if self._is_stopped:
            raise Away(f"The program {self.program.alias!r} is stopped; call again.")
        left = self._closed_until - self._now()
        if left > 0:
            raise Away(
                f"The program {self.program.alias!r} does not start; "
                f"it is tried again in {left:.0f} seconds."
            )

    def _has_room(self) -> bool:
        return len(self._places) + len(self._ending) < self.program.max_children

    def _make_room(self) -> bool:
        """End the child that was not used for longest; whether there is room at once."""
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
            f"All {self.program.max_children} processes of the program "
            f"{self.program.alias!r} are in use; call again in a moment."
        )

    def _begin(self, key: str, prepare: Prepare | None) -> Place:
        place = self._places[key] = Place(asyncio.create_task(self._start(key, prepare)))
        place.starting.add_done_callback(_retrieve)
        return place

    async def _start(self, key: str, prepare: Prepare | None) -> Child:
        child: Child | None = None
        added = await self._prepared(prepare)
        try:
            async with asyncio.timeout(self.program.start_timeout):
                child = Child(await Process.start(self.program, added), self._heed)
                await child.greet()
        except (ChildError, OSError) as error:
            raise await self._failed(child, error) from None
        except asyncio.CancelledError:
            if child is not None:
                self._keep(child.stop())
            raise
        self._failures, self.trouble = 0, ""
        child.when_over = partial(self._over, key, child)
        self._begun(child)
        return child

    async def _prepared(self, prepare: Prepare | None) -> Mapping[str, str]:
        """The variables of one child; what is wrong with them is no fault of the program."""
        if prepare is None:
            return NOTHING
        try:
            async with asyncio.timeout(self.program.start_timeout):
                return await prepare()
        except ToolError:
            raise
        except Exception:
            logger.exception("MCP_STDIO[%r] has no environment", self.program.alias)
        raise Away(f"The program {self.program.alias!r} could not be prepared for you.")

    async def _failed(self, child: Child | None, error: Exception) -> Away:
        """What a start that failed is to its callers; the log has the details, once."""
        self._failures += 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._failures - 1))
        self._closed_until = self._now() + pause
        why = "It ended." if isinstance(error, Gone) else str(error) or "It took too long."
        if child is not None:
            self._keep(child.stop())
            why = f"{why} {child.last_words}".strip()
        level = logging.ERROR if not self.trouble else logging.DEBUG
        self.trouble = why
        logger.log(level, "MCP_STDIO[%r] does not start: %s", self.program.alias, why)
        return Away(f"The program {self.program.alias!r} does not start; the site's log says why.")

    def _left(self, key: str, place: Place, *, is_kept: bool) -> None:
        place.idle_since = self._now()
        if place.users or self._places.get(key) is not place:
            return
        if is_kept and place.is_good and not self._waiting:
            loop = asyncio.get_running_loop()
            _cancel(place.timer)
            place.timer = loop.call_later(self.program.idle_timeout, self._expire, key, place)
            if place.child is not None and place.child.is_doubtful:
                self._look(key, place, place.child)
        else:
            self._end(key)

    def _look(self, key: str, place: Place, child: Child) -> None:
        """End a child that hangs, once nobody waits for it."""

        async def probe() -> None:
            if not await child.lives():
                logger.warning("MCP_STDIO[%r] hangs, and is ended", self.program.alias)
                self._expire(key, place)

        task = asyncio.create_task(probe())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    def _over(self, key: str, child: Child) -> None:
        """Take away a child that has ended by itself; whoever uses it does so when they leave."""
        place = self._places.get(key)
        if place is not None and place.child is child and not place.users:
            self._end(key)

    def _expire(self, key: str, place: Place) -> None:
        if self._places.get(key) is place and not place.users:
            self._end(key)

    def _end(self, key: str) -> None:
        place = self._places.pop(key)
        _cancel(place.timer)
        if place.child is not None:
            self._keep(place.child.stop())
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
            logger.error("A child could not be stopped", exc_info=task.exception())
        self._wake()

    def _wake(self) -> None:
        """Let those look again who wait for room."""
        waiting, self._waiting = self._waiting, []
        for freed in waiting:
            if not freed.done():
                freed.set_result(None)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _retrieve(starting: asyncio.Task[Child]) -> None:
    """Look at a start that failed, should everybody have left who would."""
    if not starting.cancelled():
        starting.exception()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
