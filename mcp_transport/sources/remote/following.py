"""
What a remote server tells beside its answers, for as long as its session lasts.

In a session that is a stream of its own, which is asked for with GET. One that
is stateless is asked with a list of what is wanted; when that grows it is
asked again, and the stream before ends once the new one has begun.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import httpx

from mcp_transport.protocol.errors import ProtocolError
from mcp_transport.protocol.sse import Events
from mcp_transport.sources.foreign.errors import ForeignError
from mcp_transport.sources.remote.session import LONGEST_RETRY, Session, pause_of
from mcp_transport.sources.remote.way import MAX_MESSAGE, STREAM_TYPE, is_stream

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
LONGEST_SILENCE = 300.0  # seconds after which a stream may be dead, and is asked for again
PAUSE_TO_COLLECT = 0.05  # seconds in which more may be wanted


class NoStream(Exception):
    """The server has no such stream."""


class Follower:
    """Hears one session, and says when its lists may have changed unheard."""

    def __init__(self, session: Session, *, changed: Callable[[], None]) -> None:
        self.is_live = False  # whether changes are told, now
        self._session = session
        self._changed = changed
        self._begun = asyncio.Event()
        self._again = asyncio.Event()
        self._was_live = False
        self._ids = itertools.count(1)
        self._events = Events(MAX_MESSAGE)
        session.when_followed = self._again.set
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Hear no more."""
        await _ended(self._running)

    async def _run(self) -> None:
        hearing: asyncio.Task[None] | None = None
        failures = 0
        try:
            while not self._session.is_over:
                before, hearing = hearing, self._listen()
                await _first(hearing, self._begun, self._session.origin.start_timeout)
                await _ended(before)
                await _first(hearing, self._again)
                if not hearing.done():
                    await asyncio.sleep(PAUSE_TO_COLLECT)
                    continue
                failures = 0 if self.is_live else failures + 1
                self.is_live = False
                if _is_refused(hearing):
                    return
                pause = pause_of(self._events) * 2 ** min(failures, 10)
                await asyncio.sleep(min(LONGEST_RETRY, pause))
            self._changed()  # by a new session
        except Exception:
            self._session.origin.logger.exception(
                "%s is not heard any more", self._session.origin.place
            )
        finally:
            self.is_live = False
            await _ended(hearing)

    def _listen(self) -> asyncio.Task[None]:
        self._begun.clear()
        self._again.clear()
        return asyncio.create_task(self._hear())

    async def _hear(self) -> None:
        """Take what comes on one stream, until it ends. Raises NoStream, ForeignError."""
        session = self._session
        self._events = Events(MAX_MESSAGE)
        async with self._stream() as response:
            if session.headers.get("Mcp-Session-Id") and response.status_code == 404:
                session.retire()
                return
            if response.status_code >= 500:
                return
            if response.status_code != 200 or not is_stream(response):
                raise NoStream
            if not session.is_stateless:
                self._begin()
            async for value in session.way.messages(response, self._events):
                self._take(value)

    @contextlib.asynccontextmanager
    async def _stream(self) -> AsyncIterator[httpx.Response]:
        session = self._session
        method, body = "GET", b""
        headers: Mapping[str, str] = {"Accept": STREAM_TYPE, **session.headers}
        if session.is_stateless:
            body = session.listening(f"listen-{next(self._ids)}")
            if not body:
                raise NoStream
            method, headers = "POST", session.listen_headers()
        async with session.way.open(method, headers, body, silence=LONGEST_SILENCE) as response:
            yield response

    def _take(self, value: Any) -> None:
        if isinstance(value, dict) and value.get("method") == ACKNOWLEDGED:
            self._begin()
            return
        with contextlib.suppress(ProtocolError):
            self._session.take(value)

    def _begin(self) -> None:
        """Note that changes are told from now on; who was deaf for a while looks at all."""
        if self._was_live and not self.is_live:
            self._changed()
        self.is_live = self._was_live = True
        self._begun.set()


def _is_refused(hearing: asyncio.Task[None]) -> bool:
    """Whether there is nothing to be heard; what is unforeseen is raised."""
    error = hearing.exception()
    if error is None or isinstance(error, ForeignError):
        return False
    if isinstance(error, NoStream):
        return True
    raise error


async def _first(
    task: asyncio.Task[None], event: asyncio.Event, limit: float | None = None
) -> None:
    """Return when the one has ended, or the other is set, or it takes too long."""
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait([task, waiting], timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


async def _ended(task: asyncio.Task[None] | None) -> None:
    """Return when a task has ended, which is told to."""
    if task is not None:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
