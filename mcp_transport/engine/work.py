"""
Work for clients with sessions: it goes on when its client leaves.

A lost connection is not a cancellation (2025-11-25, basic/transports, Sending
Messages to the Server, 6); the result waits in the event log. What ends work is
its time limit, a ``notifications/cancelled`` (basic/utilities/cancellation) and
the end of its session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from mcp_transport.audit.record import as_columns
from mcp_transport.engine import access, recording, stateless, tools
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.guard import Abandoned, Guarded, Hook, Overdue
from mcp_transport.engine.handlers import HANDLERS
from mcp_transport.engine.observing import Observer
from mcp_transport.engine.session_channel import SessionChannel
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, ProtocolError, Refused
from mcp_transport.protocol.jsonrpc import Id
from mcp_transport.storage.rows import DatabaseAway, is_unavailable
from mcp_transport.streams.live import LiveStream
from mcp_transport.streams.log import Opening

logger = logging.getLogger("mcp_transport.work")

INTERRUPTED = "The request was interrupted: its worker process stopped."

Key = tuple[str, type, Id]  # 1 and "1" are different requests


class Work:
    """
    One request of a session, served in a task of its own.

    ``gone`` returns when a client has left that cannot come back for the result;
    ``opens_first`` says that the answer is a stream before anything is done.
    """

    def __init__(
        self, exchange: Exchange, *, gone: Hook | None = None, opens_first: bool = False
    ) -> None:
        self.exchange = exchange
        session, request_id = exchange.session, exchange.request.id
        #: What a cancellation names it by.
        self.key: Key = (session.id if session else "", type(request_id), request_id)
        self._gone = gone
        self._opens_first = opens_first
        self.body: bytes | None = None  # the response; None if it is withheld
        self.refusal: Refused | None = None  # the same, where HTTP can still say it
        self.stream: LiveStream | None = None  # once something was said before the result
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._farewell: bytes | None = None
        self._has_begun = False
        self._is_cancelled = False
        self._is_decided = False  # how it ends, so that nothing can end it otherwise

    def describe(self, stream_id: str) -> Opening:
        """What is kept when the answer becomes a stream."""
        exchange = self.exchange
        call = recording.describe(exchange, "interrupted", None, 0, 0)
        return Opening(
            id=stream_id,
            session_id=self.key[0],
            request_id=exchange.request.id,
            method=exchange.method.name,
            entry=call.entry,
            call=as_columns(call),
        )

    def follow(self, stream: LiveStream) -> None:
        """Answer on a stream from now on."""
        self.stream = stream
        self.settle()

    def settle(self) -> None:
        """Tell the transport that there is something to send."""
        if not self.settled.done():
            self.settled.set_result(None)

    def start(self) -> asyncio.Task[None]:
        """Begin."""
        self._task = self.settled.get_loop().create_task(self._run())
        return self._task

    def cancel(self, error: ProtocolError | None = None) -> None:
        """End the work, once; nothing is answered, or an error if one is given."""
        if self._is_cancelled or self._is_decided:
            return
        self._is_cancelled = self.exchange.is_abandoned = True
        if error is not None:
            self._farewell = jsonrpc.error(self.exchange.request.id, error)
        # A task that never began would not come to the end of its stream and its record.
        if self._task is not None and self._has_begun:
            self._task.cancel()

    async def _run(self) -> None:
        self._has_begun = True
        try:
            if self._opens_first and not self._is_cancelled:
                access.look_up(self.exchange)
                await self.exchange.channel.open()
            self.body = await self._responding()
        except ProtocolError as error:  # the call cannot be recorded
            self.body = self._error(error)
        except Exception as error:
            if is_unavailable(error):
                self.body = self._error(DatabaseAway())
            else:
                logger.exception("A request of session work failed")
                self.body = self._error(InternalError())
        await self._finish()
        self.settle()

    def _responding(self) -> Awaitable[bytes | None]:
        observer = self.exchange.services.observer
        return self._respond() if observer is None else self._observed(observer)

    async def _observed(self, observer: Observer) -> bytes | None:
        with observer.observe(self.exchange):
            return await self._respond()

    async def _finish(self) -> None:
        """Put the result on the stream, if there is one."""
        channel = self.exchange.channel
        stream = await channel.end() if isinstance(channel, SessionChannel) else None
        if stream is None:
            return
        try:
            # A request that was cancelled has no response: its stream ends without one.
            if self.body is not None:
                await stream.append(self.body, is_last=True)
        finally:
            stream.close()
            self.exchange.services.streams.discard(stream)

    async def _respond(self) -> bytes | None:
        """The response, or None if the request was cancelled."""
        exchange = self.exchange
        recording.require(exchange)
        try:
            result = await self._perform()
        except ProtocolError as error:
            self._is_decided = True
            await recording.record(exchange, recording.failure_of(exchange), error=error)
            return self._error(error)
        except Abandoned:
            self._is_cancelled = exchange.is_abandoned = True
        except asyncio.CancelledError:
            if not self._is_cancelled:
                raise  # the loop comes to its end
        # From here on a cancellation comes too late, and is passed over in silence (2025-11-25,
        # basic/utilities/cancellation, Behavior Requirements).
        self._is_decided = True
        if self._is_cancelled:  # also when the function went on to its end all the same
            await recording.record(exchange, "interrupted" if self._farewell else "cancelled")
            return self._farewell
        body = self._encoded(result)
        outcome = recording.outcome_of(exchange, result)
        await recording.record(exchange, outcome, result_bytes=len(body))
        return body

    def _encoded(self, result: dict[str, Any]) -> bytes:
        return jsonrpc.result(self.exchange.request.id, result)

    def _error(self, error: ProtocolError) -> bytes:
        self.refusal = error if isinstance(error, Refused) else None
        return jsonrpc.error(self.exchange.request.id, error)

    async def _perform(self) -> dict[str, Any]:
        exchange = self.exchange
        if self._is_cancelled:  # before it began
            raise Abandoned
        try:
            return await Guarded(
                HANDLERS[exchange.method.name](exchange),
                timeout=lambda: tools.time_limit(exchange),
                gone=self._gone,
                unheard=exchange.channel.open,
                unheard_after=exchange.services.stream_after,
            )
        except Overdue:
            result = stateless.overdue(exchange)
            if result is None:
                raise stateless.took_too_long(exchange) from None
            return result


class Works:
    """The work of this process."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[None], Work] = {}
        # The newest of an id: a client is not kept from using one twice.
        self._by_key: dict[Key, Work] = {}

    def start(self, work: Work) -> None:
        """Run work to its end."""
        task = work.start()
        self._running[task] = self._by_key[work.key] = work
        task.add_done_callback(lambda done: self._ended(work, done))

    def __len__(self) -> int:
        return len(self._running)

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs."""
        return not self._running

    def cancel(self, session_id: str, request_id: Any) -> bool:
        """Cancel a request that runs here; False when it does not."""
        work = self._by_key.get((session_id, type(request_id), request_id))
        if work is not None:
            work.cancel()
        return work is not None

    def cancel_session(self, session_id: str) -> None:
        """Cancel everything a session has running here."""
        for work in tuple(self._running.values()):
            if work.key[0] == session_id:
                work.cancel()

    def sessions(self) -> set[str]:
        """The sessions for which something runs here."""
        return {work.key[0] for work in self._running.values()}

    async def drain(self, seconds: float) -> None:
        """Wait for what runs, and cancel what is left."""
        if self._running:
            # tuple(): what ends takes itself out of the dictionary.
            await asyncio.wait(tuple(self._running), timeout=seconds)
        for work in tuple(self._running.values()):
            work.cancel(InternalError(INTERRUPTED))
        if self._running:
            await asyncio.wait(tuple(self._running), timeout=1.0)

    def _ended(self, work: Work, task: asyncio.Task[None]) -> None:
        del self._running[task]
        work.exchange.services.limiting.end(work.exchange)
        work.settle()
        if self._by_key.get(work.key) is work:
            del self._by_key[work.key]
        if not task.cancelled() and task.exception() is not None:
            logger.error("Work ended with an error", exc_info=task.exception())
