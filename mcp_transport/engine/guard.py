"""
Work under a deadline, watched for a client that leaves.

A coroutine is stepped inside its caller's task. Most tools never suspend, and
then nothing is armed: no timer, no watcher task. Work that does suspend gets
its guards a moment later, together.

What is sent to many at once is begun in the same way, without a task for each.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")

GRACE = 0.02  # seconds of suspension before the guards are armed

Hook = Callable[[], Awaitable[None]]


class Overdue(Exception):
    """The work took longer than it may."""


class Abandoned(Exception):
    """Nobody waits for the work any more."""


class Guarded(Generic[T]):
    """
    An awaitable that runs a coroutine and ends it when it should end.

    ``timeout`` tells the seconds, asked once the work has begun; ``gone``
    returns when the client has left; ``unheard`` is awaited once when the
    client has heard nothing for ``unheard_after`` seconds. Raises Overdue or
    Abandoned.
    """

    # What is only needed once the work has suspended is not made before.
    _reason: Exception | None = None
    _task: asyncio.Task[Any] | None = None
    _timers: list[asyncio.TimerHandle]
    _helpers: list[asyncio.Task[None]]

    def __init__(
        self,
        work: Coroutine[Any, Any, T],
        *,
        timeout: Callable[[], float],
        gone: Hook | None = None,
        unheard: Hook | None = None,
        unheard_after: float = 0.0,
    ) -> None:
        self._work = work
        self._timeout = timeout
        self._gone = gone
        self._unheard = unheard
        self._unheard_after = unheard_after

    def __await__(self) -> Generator[Any, Any, T]:
        work = self._work
        # Stepped by hand and not in a task: a tool that never waits costs neither a task nor a
        # turn of the loop, and this is the first step that ``await`` would make.
        try:
            waiting = work.send(None)
        except StopIteration as done:
            result: T = done.value
            return result
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        # Only now: which entry it is, and so its limit, is found out by the first step.
        limit = self._timeout()
        self._timers = [self._loop.call_later(min(GRACE, limit), self._arm, limit)]
        self._helpers = []
        try:
            value: T = yield from _go_on(work, waiting)
        except asyncio.CancelledError:
            raise self._verdict() from None
        finally:
            self._disarm()
        if self._reason is not None:  # the work came to its end all the same
            self._verdict()  # for the count of cancellations; the result stands
        return value

    def end(self, reason: Exception) -> None:
        """Stop the work; awaiting it raises the reason."""
        if self._reason is None and self._task is not None:
            self._reason = reason
            self._task.cancel()

    def _verdict(self) -> BaseException:
        if self._reason is None:
            return asyncio.CancelledError()
        if self._task is not None:
            # It was cancelled from here: a timeout() around this must not take it for its own.
            self._task.uncancel()
        return self._reason

    def _arm(self, limit: float) -> None:
        # All at once, and late: most that waits at all has come back within the grace, and
        # what watches for a client that leaves is a task of its own.
        call_later = self._loop.call_later
        left = max(0.0, limit - GRACE)
        self._timers.append(call_later(left, self.end, Overdue()))
        if self._gone is not None:
            self._help(self._watch(self._gone))
        if self._unheard is not None:
            delay = max(0.0, self._unheard_after - GRACE)
            self._timers.append(call_later(delay, self._speak))

    def _speak(self) -> None:
        if self._unheard is not None:
            self._help(_await(self._unheard))

    async def _watch(self, gone: Hook) -> None:
        await gone()
        self.end(Abandoned())

    def _help(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._helpers.append(self._loop.create_task(coroutine))

    def _disarm(self) -> None:
        for timer in self._timers:
            timer.cancel()
        for helper in self._helpers:
            helper.cancel()


class Rest:
    """What is left to do of something that was begun outside of a task; to be awaited once."""

    __slots__ = ("_waiting", "_work")

    def __init__(self, work: Generator[Any, Any, None], waiting: Any) -> None:
        self._work = work
        self._waiting = waiting

    def __await__(self) -> Generator[Any, Any, None]:
        yield from _go_on(self._work, self._waiting)


def attempt(awaitable: Awaitable[None]) -> Rest | None:
    """
    Do something as far as it goes without waiting; None when it is done.

    Costs no task, where there is nothing to wait for. Raises what it raises.
    """
    work = awaitable.__await__()
    try:
        waiting = next(work)
    except StopIteration:
        return None
    return Rest(work, waiting)


class Flag:
    """What asyncio.Event does, at a tenth of its size: most are waited for by one, if by any."""

    __slots__ = ("_waiting", "is_set")

    def __init__(self) -> None:
        self.is_set = False
        self._waiting: tuple[asyncio.Future[None], ...] = ()

    def set(self) -> None:
        """Let everybody go who waits, and who comes later."""
        self.is_set = True
        waiting, self._waiting = self._waiting, ()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def wait(self) -> None:
        """Return once it is set."""
        if self.is_set:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting = (*self._waiting, future)
        try:
            await future
        finally:
            self._waiting = tuple(one for one in self._waiting if one is not future)


class Hold:
    """
    Something that is awaited for hours in its caller's own task.

    Somebody else may end it, without a task that waits for them.
    """

    __slots__ = ("_is_released", "_task", "is_cut")

    def __init__(self) -> None:
        self.is_cut = False  # whether it came to its end by release()
        self._is_released = False
        self._task: asyncio.Task[Any] | None = None

    async def wait(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work gives, or None when it was cut."""
        self.is_cut = self._is_released
        if self.is_cut:
            work.close()
            return None
        task = self._task = asyncio.current_task()
        try:
            return await work
        except asyncio.CancelledError:
            self.is_cut = self._is_released
            # uncancel() says how many others want the task to end: then it does.
            if task is None or not self.is_cut or task.uncancel():
                raise  # the task itself is to end
            return None
        finally:
            self._task = None

    def release(self) -> None:
        """End what is awaited, now or as soon as it begins."""
        if not self._is_released:
            self._is_released = True
            if self._task is not None:
                self._task.cancel()


async def _await(hook: Hook) -> None:
    with contextlib.suppress(Exception):  # the exchange itself meets the same trouble
        await hook()


def _go_on(
    work: Coroutine[Any, Any, T] | Generator[Any, Any, T], waiting: Any
) -> Generator[Any, Any, T]:
    """Drive a coroutine that has suspended, as ``await`` would."""
    step: Callable[[Any], Any]
    while True:
        # What PEP 380 says of ``yield from``: it cannot be used, for the first step was made.
        try:
            value = yield waiting
        except BaseException as error:  # noqa: BLE001 - it is the coroutine's to handle
            step, value = work.throw, error
        else:
            step = work.send
        try:
            waiting = step(value)
        except StopIteration as done:
            result: T = done.value
            return result
