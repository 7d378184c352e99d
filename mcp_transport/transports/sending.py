"""One HTTP response: JSON in one piece, or a stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from mcp_transport.engine.incoming import Responder
from mcp_transport.protocol import sse

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON_TYPE = (b"content-type", b"application/json")
STREAM_HEADERS: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
)


async def hand_over(send: Send, message: dict[str, Any]) -> None:
    """
    Give a message to the ASGI server. Raises OSError when the client has left.

    uvicorn raises nothing of its own for a connection that it has just closed
    itself, and uvloop a RuntimeError.
    """
    try:
        await send(message)
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
        raise ConnectionResetError("The client has left.") from error


class HttpResponder(Responder):
    """
    Answers one HTTP request.

    The status is committed when the stream is opened or the answer sent,
    whichever is first. While a stream is silent a comment keeps it alive.
    """

    body_type = JSON_TYPE
    headers: Headers = ()  # sent with whatever is answered
    _is_gone = False
    _has_left = False  # as sending has shown
    _is_finished = False
    _is_sending = False
    _timer: asyncio.TimerHandle | None = None
    _comment: asyncio.Task[None] | None = None

    def __init__(
        self,
        send: Send,
        receive: Receive,
        *,
        accepts_json: bool,
        accepts_stream: bool,
        keep_alive: float,
    ) -> None:
        self.accepts_json = accepts_json
        self.accepts_stream = accepts_stream
        self._send = send
        self._receive = receive
        self._keep_alive = keep_alive

    async def open(self) -> None:
        """See Responder.open()."""
        if self.is_open:
            return
        self.is_open = True
        await self._put(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [*STREAM_HEADERS, *self.headers],
            }
        )
        await self._chunk(b"")  # the client knows at once that a stream has begun
        self._arm()

    async def write(
        self, message: bytes, event_id: str | None = None, *, name: bytes = b"message"
    ) -> None:
        """See Responder.write(); an event of another name is none of the protocol's messages."""
        if not self.is_open:
            await self.open()
        await self._chunk(sse.event(message, event_id, name=name))

    async def retry(self, milliseconds: int) -> None:
        """See Responder.retry()."""
        await self._chunk(sse.retry(milliseconds))

    async def gone(self) -> None:
        """See Responder.gone()."""
        while not self._is_gone:
            message = await self._receive()
            self._is_gone = message["type"] == "http.disconnect"

    async def finish(self, status: int, body: bytes, headers: Headers = ()) -> None:
        """Send what is left, once: the last event of a stream, or the whole answer."""
        if self._is_finished:
            return
        self._is_finished = True
        if self.is_open:
            await self._end(sse.event(body) if body else b"")
            return
        sent = [*self.headers, *headers]
        if status != 204:
            sent.append((b"content-length", b"%d" % len(body)))
        if body:
            sent.append(self.body_type)
        await self._put({"type": "http.response.start", "status": status, "headers": sent})
        await self._put({"type": "http.response.body", "body": body})

    def close(self) -> None:
        """Stop keeping the stream alive."""
        if self._timer is not None:
            self._timer.cancel()
        if self._comment is not None:
            self._comment.cancel()

    async def _put(self, message: dict[str, Any]) -> None:
        """Send; to a client that has left nothing more, and gone() tells of it."""
        if self._has_left:
            return
        try:
            await hand_over(self._send, message)
        except OSError:
            self._has_left = True

    async def _end(self, data: bytes) -> None:
        self.close()
        await self._put({"type": "http.response.body", "body": data})

    async def _chunk(self, data: bytes) -> None:
        self._is_sending = True
        try:
            await self._put({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            self._is_sending = False

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._keep_alive, self._keep)

    def _keep(self) -> None:
        if not self._is_sending:  # a client that does not read needs no comment
            self._comment = asyncio.ensure_future(self._remark())
        self._arm()

    async def _remark(self) -> None:
        await self._chunk(sse.KEEP_ALIVE)
