"""One HTTP response: JSON in one piece, or a stream of events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from mcp_transport.engine.guard import Rest, attempt
from mcp_transport.engine.incoming import Direct, Responder
from mcp_transport.protocol import sse
from mcp_transport.transports.direct import answered, direct
from mcp_transport.transports.pulse import Pulse, Silent

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Headers = tuple[tuple[bytes, bytes], ...]

JSON_TYPE = (b"content-type", b"application/json")
STREAM_HEADERS: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # nginx would hold events back
)


async def hand_over(send: Send, *messages: dict[str, Any]) -> None:
    """
    Give messages to the ASGI server. Raises OSError when the client has left.

    uvicorn raises nothing of its own for a connection that it has just closed
    itself, and uvloop a RuntimeError.
    """
    try:
        for message in messages:
            await send(message)
    except RuntimeError as error:
        if not _tells_of_leaving(error):
            raise
        raise ConnectionResetError("The client has left.") from error


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


async def _all_of(rest: Rest) -> None:
    await rest


def _tells_of_leaving(error: Exception) -> bool:
    return isinstance(error, OSError) or "closed" in str(error)


class Surroundings(Protocol):
    """What an answer needs of the worker process."""

    pulse: Pulse
    #: Counts an answer by its status, where somebody fetches figures.
    count_response: Callable[[int], None] | None


class HttpResponder(Responder, Silent):
    """
    Answers one HTTP request.

    The status is committed when the stream is opened or the answer sent,
    whichever is first. While a stream is silent a comment keeps it alive.
    """

    # There may be thousands of them, each on an open stream.
    __slots__ = (
        "_direct",
        "_has_left",
        "_is_finished",
        "_is_gone",
        "_opening",
        "_receive",
        "_rest",
        "_scope",
        "_send",
        "_sending_since",
        "_slot",
        "_worker",
        "accepts_json",
        "accepts_stream",
        "body_type",
        "headers",
        "is_open",
    )

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Receive,
        send: Send,
        *,
        accepts_json: bool,
        accepts_stream: bool,
        worker: Surroundings,
    ) -> None:
        self.accepts_json = accepts_json
        self.accepts_stream = accepts_stream
        self.body_type = JSON_TYPE
        self.headers: Headers = ()  # sent with whatever is answered
        self.is_open = False
        self._scope = scope
        self._receive = receive
        self._send = send
        self._worker = worker
        self._is_gone = self._is_finished = False
        self._has_left = False  # as sending has shown
        self._sending_since: float | None = None
        self._slot: int | None = None  # of the pulse
        self._direct: Direct | None = None  # past send, once the stream is open
        self._rest: asyncio.Task[None] | None = None  # sends what was not taken at once
        self._opening: asyncio.Task[None] | None = None  # the same of the head

    async def open(self) -> None:
        """See Responder.open()."""
        if self.is_open:
            return
        self.is_open = True
        self._count(200)
        rest = attempt(self._begin())
        if rest is not None:
            # Whoever waits in here may be ended, but a head that is half sent is not taken back.
            self._opening = asyncio.get_running_loop().create_task(_all_of(rest))
            await asyncio.shield(self._opening)
        self._direct = direct(self._scope, self._send)
        if self._slot is None:
            self._slot = self._worker.pulse.add(self)

    async def write(
        self, message: bytes, event_id: str | None = None, *, name: bytes = b"message"
    ) -> None:
        """See Responder.write(); an event of another name is none of the protocol's messages."""
        if not self.is_open:
            await self.open()
        data = sse.event(message, event_id, name=name)
        # What waits in send is not passed by.
        if self._sending_since is not None or self._direct is None or not self._direct.add(data):
            await self._chunk(data)

    def offer(self, message: bytes) -> bool:
        """See Responder.offer(); false, too, while something else is on its way."""
        if self._sending_since is not None or not self.is_open:
            return False
        data = sse.event(message)
        if self._direct is None or not self._direct.offer(data):  # written out: thousands are told
            self._push(data)
        return True

    @property
    def sending_since(self) -> float | None:
        """See Responder.sending_since; unknown where the server itself sees to it."""
        return self._sending_since if self._direct is None else None

    def give_up(self) -> None:
        """See Responder.give_up()."""
        self._has_left = True
        self.close()

    def keep(self) -> None:
        """See Silent.keep(); a client that does not read needs no comment."""
        if self._sending_since is not None:
            return
        if self._direct is None or not self._direct.offer(sse.KEEP_ALIVE):
            self._push(sse.KEEP_ALIVE)

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
        if self._opening is not None:
            await asyncio.wait([self._opening])
        if self.is_open:
            await self._end(sse.event(body) if body else b"")
            return
        sent = [*self.headers, *headers]
        if status != 204:
            sent.append((b"content-length", b"%d" % len(body)))
        if body:
            sent.append(self.body_type)
        self._count(status)
        if not answered(self._scope, self._send, status, sent, body):
            await self._put(_start(status, sent), {"type": "http.response.body", "body": body})

    def close(self) -> None:
        """Stop keeping the stream alive."""
        self._direct = None
        if self._slot is not None:
            self._worker.pulse.discard(self, self._slot)
            self._slot = None
        for task in (self._rest, self._opening):
            if task is not None:
                task.cancel()

    def _count(self, status: int) -> None:
        if self._worker.count_response is not None:
            self._worker.count_response(status)

    async def _put(self, *messages: dict[str, Any]) -> None:
        """Send; to a client that has left nothing more, and gone() tells of it."""
        if self._has_left:
            return
        try:
            await hand_over(self._send, *messages)
        except OSError:
            self._has_left = True

    async def _begin(self) -> None:
        self._sending_since = time.monotonic()
        try:
            head = _start(200, [*STREAM_HEADERS, *self.headers])
            # With an empty piece the client knows at once that a stream has begun.
            await self._put(head, {"type": "http.response.body", "body": b"", "more_body": True})
        finally:
            self._sending_since = None

    async def _end(self, data: bytes) -> None:
        self.close()
        await self._put({"type": "http.response.body", "body": data})

    async def _chunk(self, data: bytes) -> None:
        self._sending_since = time.monotonic()
        try:
            await self._put({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            self._sending_since = None

    def _push(self, data: bytes) -> None:
        """Send without waiting; what the client does not take at once goes on by itself."""
        if self._has_left or self._is_finished:
            return
        try:
            rest = attempt(
                self._send({"type": "http.response.body", "body": data, "more_body": True})
            )
        except (OSError, RuntimeError) as error:
            if not _tells_of_leaving(error):
                raise
            self._has_left = True
            return
        if rest is not None:
            self._sending_since = time.monotonic()
            self._rest = asyncio.get_running_loop().create_task(self._send_rest(rest))

    async def _send_rest(self, rest: Rest) -> None:
        try:
            await rest
        except (OSError, RuntimeError) as error:
            if not _tells_of_leaving(error):
                raise
            self._has_left = True
        finally:
            self._sending_since = self._rest = None
