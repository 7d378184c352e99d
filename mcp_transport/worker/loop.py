"""
The way from a thread, such as a view's, to the event loop of its worker process.

Where a server of ASGI runs the site, its loop serves, and views have threads
beside it. Under WSGI there is no loop: the first who asks for one starts it in
a thread of its own, and the process is a worker process like any other then.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asgiref.sync import async_to_sync

from mcp_transport.conf import settings
from mcp_transport.worker.lifespan import Runtime, current, runtime

Result = TypeVar("Result")

START_LIMIT = 10.0  # seconds a worker process may take to begin


def perform(act: Callable[[Runtime], Coroutine[Any, Any, Result]], *, within: float) -> Result:
    """
    Run something on the loop of this worker process; its result.

    Called from a thread without a loop of its own. Raises what ``act`` does,
    and TimeoutError after so many seconds.
    """
    run, loop = _started()
    return _wait(act(run), loop, within)


def _started() -> tuple[Runtime, asyncio.AbstractEventLoop]:
    run = current()
    if run is not None and run.is_started and run.loop is not None and run.loop.is_running():
        return run, run.loop
    loop = async_to_sync(_here)()
    if not loop.is_running():  # it was made for this one question
        loop = resident.start()
    run = runtime()
    _wait(run.start(is_told_to_stop=loop is resident.loop), loop, START_LIMIT)
    return run, loop


async def _here() -> asyncio.AbstractEventLoop:
    """The loop that serves the request, if one does: asgiref goes back to it."""
    return asyncio.get_running_loop()


def _wait(
    coroutine: Coroutine[Any, Any, Result], loop: asyncio.AbstractEventLoop, within: float
) -> Result:
    # In a context of its own: what goes on after the caller has left may not go
    # back to the caller's thread, as sync_to_async would where it is inherited.
    future = contextvars.Context().run(asyncio.run_coroutine_threadsafe, coroutine, loop)
    try:
        return future.result(within)
    finally:
        future.cancel()


class Resident:
    """A loop in a thread of its own, for a process that has none."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self) -> asyncio.AbstractEventLoop:
        """The loop, which runs until the process ends."""
        with self._lock:
            if self.loop is None or not self.loop.is_running():
                ready = threading.Event()
                self.loop = loop = asyncio.new_event_loop()
                loop.call_soon(ready.set)
                self._thread = threading.Thread(
                    target=loop.run_forever, name="mcp-loop", daemon=True
                )
                self._thread.start()
                ready.wait(START_LIMIT)
            return self.loop

    def stop(self) -> None:
        """Stop what runs on the loop, in order, and end it."""
        with self._lock:
            loop, thread, self.loop = self.loop, self._thread, None
            if loop is None or thread is None or not thread.is_alive():
                return
            run = current()
            if run is not None and run.loop is loop:
                _wait(run.stop(), loop, 2 * settings.MCP_DRAIN_TIMEOUT + START_LIMIT)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(START_LIMIT)
            loop.close()


resident = Resident()
atexit.register(resident.stop)
