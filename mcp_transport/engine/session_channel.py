"""The back channel of a client with a session: a stream that is logged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from mcp_transport.engine.asking import AskingChannel
from mcp_transport.engine.back_channel import Pending
from mcp_transport.models.stream import new_stream_id
from mcp_transport.registry.errors import ToolError
from mcp_transport.sessions.store import SessionRecord
from mcp_transport.streams.live import LiveStream, LiveStreams
from mcp_transport.streams.log import Opening

ENDED = "The request has been answered, so its client cannot be asked any more."


class SessionChannel(AskingChannel):
    """
    Opens the answer's stream when something has to be said before the result.

    Everything on it is logged before it is sent, so a client whose connection
    breaks reads on where it was.
    """

    def __init__(
        self,
        streams: LiveStreams,
        pending: Pending,
        session: SessionRecord,
        *,
        describe: Callable[[str], Opening],
        opened: Callable[[LiveStream], None],
        answer_timeout: float,
    ) -> None:
        super().__init__(pending, session, answer_timeout=answer_timeout)
        self.stream: LiveStream | None = None
        self._streams = streams
        self._describe = describe
        self._opened = opened
        self._is_ended = False
        self._lock: asyncio.Lock | None = None  # once somebody opens

    async def open(self) -> None:
        """Keep the stream's row, prime the client, and let the transport follow."""
        self._lock = self._lock or asyncio.Lock()
        # Held over the commit of the first event: end() may not pass between it and the stream.
        async with self._lock:
            if self.stream is None and not self._is_ended:
                self.stream = await self._primed()
                self._opened(self.stream)

    async def end(self) -> LiveStream | None:
        """
        Say no more: what a thread or a task left behind reports is dropped.

        The stream takes the result alone; None when nothing was said on one.
        """
        if self._lock is None:
            self._close()
        else:
            async with self._lock:  # somebody may just be opening it
                self._close()
        return self.stream

    def _close(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            del self._describe, self._opened  # they refer back to the work that refers to this

    async def notify(self, message: bytes) -> None:
        """See BackChannel.notify()."""
        await self.open()
        # Nothing may follow the response on its stream (2025-11-25, basic/transports, Sending
        # Messages to the Server, 6).
        if self.stream is not None and not self._is_ended:
            await self.stream.append(message)

    async def release(self) -> None:
        """Close the connection where the revision lets the client come back for more."""
        await self.open()
        # A client without an event's id could not come back (2025-11-25, basic/transports, Sending
        # Messages to the Server, 6).
        if self.stream is not None and self._session.revision.has_priming_events:
            self.stream.release()

    async def name_question(self) -> str:
        """See AskingChannel.name_question()."""
        await self.open()
        if self.stream is None or self._is_ended:
            raise ToolError(ENDED)
        self._asked += 1
        return f"{self.stream.id}.{self._asked}"

    async def _primed(self) -> LiveStream:
        stream = self._streams.create(new_stream_id())
        try:
            self._streams.log.open(self._describe(stream.id))
            # Without data, for a client that loses its connection before the first message to
            # come back with (2025-11-25, basic/transports, Sending Messages to the Server, 6).
            if self._session.revision.has_priming_events:
                await stream.append(b"")
        except BaseException:  # the work may end just now, and nobody will close it then
            self._streams.discard(stream)
            stream.close()
            raise
        return stream
