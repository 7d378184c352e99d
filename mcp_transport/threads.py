"""
A bounded pool of threads for synchronous work, and the way back to a loop.

``sync_to_async`` and ``ThreadPoolExecutor`` wake the event loop once for every
result; here the results that are ready together come back together.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any, TypeVar, TypeVarTuple

from django.db import close_old_connections, connections
from django.db.backends.signals import connection_created

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]
Job = tuple[
    "Delivery", "asyncio.Future[Any]", contextvars.Context, Callable[..., Any], tuple[Any, ...]
]


class PoolExhausted(Exception):
    """Every thread is busy and the queue is full, or the pool was stopped."""


class Delivery:
    """
    Brings outcomes from threads to the futures of one event loop.

    The loop is woken once for all outcomes that arrive before it looks. What
    is handed back to a loop that has closed is dropped: nobody waits there.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._outcomes: deque[Outcome] = deque()
        self._is_scheduled = False

    def hand_back(self, outcomes: Iterable[Outcome]) -> None:
        """Settle the futures of these outcomes; callable from any thread."""
        self._outcomes.extend(outcomes)
        if not self._is_scheduled:
            self._is_scheduled = True
            self._schedule()

    def _schedule(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the loop is closed
            self._outcomes.clear()

    def _deliver(self) -> None:
        # First, so that an outcome that arrives from here on schedules again.
        self._is_scheduled = False
        outcomes = self._outcomes
        while outcomes:
            future, result, error = outcomes.popleft()
            if future.done():  # its waiter was cancelled
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


class ThreadPool:
    """
    Daemon threads, started when they are first needed, that run functions.

    A function sees the caller's context variables. Afterwards its thread's
    database connections are closed if they are broken or too old. The pool
    may be used from several event loops, and from a new one when the last
    has closed.

    A sleeping thread is roused for the first of the waiting jobs and rouses the
    next one if there are more when it takes its own: as many wake as have
    something to do, and short jobs are done by few.
    """

    def __init__(self, size: int, queue_limit: int, name: str) -> None:
        self.size = size
        self.queue_limit = queue_limit
        self.name = name
        self._jobs: deque[Job] = deque()
        self._calls: SimpleQueue[None] = SimpleQueue()  # each rouses one thread
        self._asleep = 0
        self._is_rousing = False  # one is on its way to the jobs
        self._lock = threading.Lock()
        self._unfinished = 0  # running or queued
        self._threads: list[threading.Thread] = []
        self._is_stopped = False
        self._delivery: Delivery | None = None

    @property
    def unfinished(self) -> int:
        """How many functions run or wait for a thread."""
        return self._unfinished

    async def run(
        self, function: Callable[[*Arguments], Result], /, *arguments: *Arguments
    ) -> Result:
        """
        Return what the function returns, or raise what it raises.

        A waiter that is cancelled leaves a running function to its end and
        its result unread; a function that has not begun is not called.

        Raises: PoolExhausted, at once.
        """
        loop = asyncio.get_running_loop()
        delivery = self._delivery
        if delivery is None or delivery.loop is not loop:
            delivery = self._delivery = Delivery(loop)
        self._admit()
        future: asyncio.Future[Result] = loop.create_future()
        self._jobs.append((delivery, future, contextvars.copy_context(), function, arguments))
        self._rouse()
        return await future

    async def stop(self, wait: float) -> bool:
        """Like shutdown(), without blocking the loop."""
        return await asyncio.to_thread(self.shutdown, wait)

    def shutdown(self, wait: float) -> bool:
        """
        Refuse new work, run what is queued, and wait for the threads to end.

        Blocks; must not be called on an event loop that a function may be
        waiting for. False when some thread still runs after that many seconds.
        """
        with self._lock:
            threads, self._threads = self._threads, []
            self._is_stopped = True
        for _ in threads:
            self._calls.put(None)
        deadline = time.monotonic() + wait
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _admit(self) -> None:
        with self._lock:
            if self._is_stopped:
                raise PoolExhausted(f"The thread pool {self.name!r} has been stopped.")
            if self._unfinished >= self.size + self.queue_limit:
                raise PoolExhausted(
                    f"All {self.size} threads of the pool {self.name!r} are busy and "
                    f"{self.queue_limit} calls wait already; try again later."
                )
            if len(self._threads) < min(self._unfinished + 1, self.size):
                self._start_thread()
            self._unfinished += 1

    def _start_thread(self) -> None:
        name = f"{self.name}-{len(self._threads) + 1}"
        thread = threading.Thread(target=self._work, name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more of them; those there are go on
            if not self._threads:
                raise PoolExhausted(f"The pool {self.name!r} gets no thread: {error}.") from error
        else:
            self._threads.append(thread)

    def _rouse(self) -> None:
        with self._lock:
            if self._asleep and not self._is_rousing:
                self._is_rousing = True
                self._asleep -= 1
                self._calls.put(None)

    def _work(self) -> None:
        try:
            while (job := self._next_job()) is not None:
                self._finish(job)
                del job  # or an idle thread would keep the last call's arguments
        finally:
            connections.close_all()

    def _next_job(self) -> Job | None:
        """Wait for something to do; None when nothing comes any more."""
        while True:
            try:
                job = self._jobs.popleft()
            except IndexError:
                if not self._sleep():
                    return None
            else:
                if self._jobs:
                    self._rouse()
                return job

    def _sleep(self) -> bool:
        """Return when there may be a job; False when the pool has stopped."""
        with self._lock:
            if self._jobs:
                return True
            if self._is_stopped:
                return False
            self._asleep += 1
        self._calls.get()
        # Before it looks for jobs: one that is added from here on rouses another thread.
        self._is_rousing = False
        return True

    def _finish(self, job: Job) -> None:
        delivery, future, context, function, arguments = job
        outcome = None if future.done() else _call(future, context, function, arguments)
        with self._lock:
            # Before the result is out: whoever gets it may come again, and finds the place free.
            self._unfinished -= 1
        if outcome is not None:
            delivery.hand_back((outcome,))


def _call(
    future: asyncio.Future[Any],
    context: contextvars.Context,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
) -> Outcome:
    try:
        return future, context.run(_with_fresh_connections, function, arguments), None
    except BaseException as error:  # noqa: BLE001 - the waiter raises it
        return future, None, _raisable(error)


def _with_fresh_connections(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    # Before as well as after: a connection ages while its thread is idle.
    _close_old_connections()
    try:
        return function(*arguments)
    finally:
        _close_old_connections()


class Connected(threading.local):
    """Whether the thread ever had a connection to a database; most functions need none."""

    is_true = False


_connected = Connected()


def _note_connection(**_signal: Any) -> None:
    _connected.is_true = True


connection_created.connect(_note_connection)


def _close_old_connections() -> None:
    if _connected.is_true:
        close_old_connections()


def _raisable(error: BaseException) -> BaseException:
    """Return what a future may carry: neither StopIteration nor the end of the loop."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    replacement = RuntimeError(f"A function in a thread raised {type(error).__name__}.")
    replacement.__cause__ = error
    return replacement
