"""What keeps a server that is in trouble from being asked more, and others from its trouble."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from mcp_transport.sources.foreign.errors import Away

MOST_FAILURES = 5  # in a row, within this time, and it is left alone:
WITHIN = 60.0  # seconds
FIRST_PAUSE = 1.0  # seconds in which it is, which double with each attempt that fails
LONGEST_PAUSE = 30.0
PROBE_PATIENCE = 15.0  # seconds after which another may try, if the one who does has not said
MOST_WAITING = 200  # calls


class Breaker:
    """
    Says whether a server may be asked.

    After some failures it is left alone for a while, then one request is let
    through: on how that goes depends what becomes of the others.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed_at: deque[float] = deque(maxlen=MOST_FAILURES)
        self._pause = 0.0  # none while the server may be asked
        self._open_until = 0.0
        self._probe_until = 0.0

    @property
    def wait(self) -> float:
        """Seconds until somebody may ask; 0 for now."""
        if not self._pause:
            return 0.0
        return max(0.0, max(self._open_until, self._probe_until) - self._clock())

    @property
    def words(self) -> str:
        """That time as a message says it."""
        seconds = math.ceil(self.wait)
        return f"{seconds} seconds" if seconds > 1 else "a second"

    def enter(self) -> bool:
        """Begin a request, if one may be made."""
        if self.wait:
            return False
        if self._pause:
            self._probe_until = self._clock() + PROBE_PATIENCE
        return True

    def succeed(self) -> None:
        """Say that the server has answered."""
        self._failed_at.clear()
        self._pause = self._open_until = self._probe_until = 0.0

    def fail(self) -> None:
        """Say that it has not, or with a failure of its own."""
        now = self._clock()
        self._failed_at.append(now)
        self._probe_until = 0.0
        if self._pause and now >= self._open_until:
            self._open(min(LONGEST_PAUSE, 2 * self._pause))
        elif not self._pause and self._has_failed_enough(now):
            self._open(FIRST_PAUSE)

    def leave(self) -> None:
        """Say that nobody waited long enough to know."""
        self._probe_until = 0.0

    def _has_failed_enough(self, now: float) -> bool:
        return len(self._failed_at) == MOST_FAILURES and now - self._failed_at[0] <= WITHIN

    def _open(self, pause: float) -> None:
        self._pause = pause
        self._open_until = self._clock() + pause


class Bulkhead:
    """So many calls of one server at once; a few more wait a little, others are refused."""

    def __init__(self, size: int, *, patience: float, name: str) -> None:
        self.running = 0
        self._size = size
        self._patience = patience
        self._name = name
        self._waiting: deque[asyncio.Future[None]] = deque()

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """A place for one call. Raises Away when there is none in time."""
        if self.running >= self._size:
            await self._wait()
        else:
            self.running += 1
        try:
            yield
        finally:
            self._release()

    async def _wait(self) -> None:
        """Return with the place of somebody who has left."""
        if len(self._waiting) >= MOST_WAITING:
            raise self._refusal()
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(given)
        try:
            async with asyncio.timeout(self._patience):
                await given
        except BaseException as left:
            if given.done() and not given.cancelled():
                self._release()  # it came in the moment in which nobody waited any more
            with contextlib.suppress(ValueError):
                self._waiting.remove(given)
            if isinstance(left, TimeoutError):
                raise self._refusal() from None
            raise

    def _release(self) -> None:
        while self._waiting:
            given = self._waiting.popleft()
            if not given.done():
                given.set_result(None)
                return
        self.running -= 1

    def _refusal(self) -> Away:
        return Away(f"{self._name} works for as many as it may; call again in a moment.")
