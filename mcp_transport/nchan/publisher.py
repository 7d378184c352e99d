"""
The way to the location of an nginx where Nchan takes messages.

One connection, on which requests follow each other without waiting for the
answers before: these come in the same order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from mcp_transport.nchan.answers import Answer

logger = logging.getLogger("mcp_transport.nchan")

PATIENCE = 2.0  # seconds for an answer, and until one that was away is tried again
MOST_UNANSWERED = 4096  # requests
MOST_BYTES = 8 * 1024 * 1024  # of requests that are not answered
UNIX = "unix:"
MOST_ATTEMPTS = 2  # for one request
GET, POST, DELETE = b"GET", b"POST", b"DELETE"
NO_CHANNEL = 404  # which POST makes

_read_counts = msgspec.json.Decoder(dict[str, Any]).decode


class NotPublished(Exception):
    """Nchan is away, or did not take a message."""


class Request(msgspec.Struct):
    """What was asked, and who waits for the number of clients that it reached."""

    method: bytes
    data: bytes
    answered: asyncio.Future[int]
    since: float = 0.0  # monotonic seconds, when it was sent
    attempts: int = 0


class Publisher:
    """
    Publishes to the channels of one nginx, ``http://host:port`` or ``unix:/path``.

    A connection that ends with requests on the way is made anew, once, and they
    are sent again: nginx closes one that was idle without a word.
    """

    def __init__(self, address: str, *, patience: float = PATIENCE) -> None:
        self._address = address
        self._patience = patience
        self._unanswered: deque[Request] = deque()
        self._size = 0  # bytes of them
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._away_until = 0.0
        self._is_known_away = False  # it stands in the log
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_closed = False

    @property
    def is_away(self) -> bool:
        """Whether it did not answer a moment ago."""
        return time.monotonic() < self._away_until

    @property
    def is_crowded(self) -> bool:
        """Whether so much is on the way that more should wait."""
        return len(self._unanswered) >= MOST_UNANSWERED or self._size >= MOST_BYTES

    async def room(self) -> None:
        """Return when it is no longer crowded."""
        await self._has_room.wait()

    def ask(self, channel: str) -> asyncio.Future[int]:
        """How many clients a channel has. The future raises NotPublished."""
        return self._request(GET, [channel], b"")

    def publish(self, channels: Sequence[str], data: bytes) -> asyncio.Future[int]:
        """
        Send one message to several channels; how many clients had it at once.

        The future raises NotPublished; nobody has to look at it.
        """
        return self._request(POST, channels, data)

    def delete(self, channels: Sequence[str]) -> asyncio.Future[int]:
        """End the streams of several channels. The future raises NotPublished."""
        return self._request(DELETE, channels, b"")

    async def close(self) -> None:
        """Wait a moment for the last answers, then let go."""
        if self._unanswered:
            waiting = [request.answered for request in self._unanswered]
            await asyncio.wait(waiting, timeout=self._patience)
        self._is_closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        self._give_up("The worker process stops.")

    def _request(self, method: bytes, channels: Sequence[str], data: bytes) -> asyncio.Future[int]:
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        answered.add_done_callback(_looked_at)
        if self.is_away or self._is_closed:
            answered.set_exception(NotPublished(f"{self._address} is away."))
            return answered
        head = (
            b"%b /p/%b HTTP/1.1\r\nHost: nchan\r\nAccept: text/json\r\nContent-Length: %d\r\n\r\n"
        )
        request = Request(
            method, head % (method, ",".join(channels).encode(), len(data)) + data, answered
        )
        self._unanswered.append(request)
        self._size += len(request.data)
        if self.is_crowded:
            self._has_room.clear()
        if self._transport is not None:
            self._send(request)
        else:
            self._begin()
        return answered

    def _send(self, request: Request) -> None:
        request.since = time.monotonic()
        request.attempts += 1
        if self._transport is not None:
            self._transport.write(request.data)
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._patience, self._look)

    async def _connect(self) -> None:
        from mcp_transport.nchan.answers import Answers  # here, as it needs httptools

        try:
            async with asyncio.timeout(self._patience):
                await _connect(self._address, lambda: Answers(self._made, self._take, self._lost))
        except OSError as error:  # TimeoutError is one
            self._give_up(f"{self._address} cannot be reached: {error!r}")
        finally:
            self._connecting = None

    def _made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        for request in tuple(self._unanswered):
            self._send(request)

    def _take(self, answer: Answer) -> None:
        if not self._unanswered:
            return  # as when nginx says why it closes the connection
        if self._is_known_away:
            self._is_known_away = False
            logger.warning("%s is back.", self._address)
        request = self._unanswered.popleft()
        self._size -= len(request.data)
        if not self.is_crowded:
            self._has_room.set()
        if request.answered.done():
            return
        if answer.status < 300 or (answer.status == NO_CHANNEL and request.method != POST):
            request.answered.set_result(_count(answer.body))
        else:
            refused = NotPublished(f"{self._address} answered {answer.status}.")
            request.answered.set_exception(refused)

    def _lost(self, transport: asyncio.Transport) -> None:
        """The connection has ended; what was on the way is sent once more."""
        if transport is not self._transport:
            return  # it was given up before
        self._transport = None
        if any(request.attempts >= MOST_ATTEMPTS for request in self._unanswered):
            self._give_up(f"{self._address} closed the connection twice.")
        elif self._unanswered:
            self._begin()

    def _begin(self) -> None:
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())

    def _look(self) -> None:
        """See whether the oldest request has waited for too long."""
        self._timer = None
        if not self._unanswered:
            return
        left = self._unanswered[0].since + self._patience - time.monotonic()
        if left <= 0:
            self._give_up(f"{self._address} has not answered for {self._patience:g} seconds.")
        else:
            self._timer = asyncio.get_running_loop().call_later(left, self._look)

    def _give_up(self, reason: str) -> None:
        """Fail everything that is on the way, and leave the nginx alone for a moment."""
        self._away_until = time.monotonic() + self._patience
        if not self._is_known_away and not self._is_closed:
            self._is_known_away = True
            logger.warning("Streams go past an nginx for now: %s", reason)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        failed = tuple(self._unanswered)
        self._unanswered.clear()
        self._size = 0
        self._has_room.set()
        for request in failed:
            if not request.answered.done():
                request.answered.set_exception(NotPublished(reason))
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()


async def _connect(address: str, protocol: Callable[[], asyncio.Protocol]) -> None:
    loop = asyncio.get_running_loop()
    if address.startswith(UNIX):
        await loop.create_unix_connection(protocol, address.removeprefix(UNIX))
    else:
        at = urlsplit(address)
        await loop.create_connection(protocol, at.hostname or "", at.port or 80)


def _count(body: bytes) -> int:
    """The clients that a message has reached, as Nchan says in JSON."""
    with contextlib.suppress(msgspec.DecodeError):
        subscribers = _read_counts(body).get("subscribers")
        return subscribers if isinstance(subscribers, int) else 0
    return 0


def _looked_at(answered: asyncio.Future[int]) -> None:
    """An exception that nobody asks for is none that was forgotten."""
    if not answered.cancelled():
        answered.exception()
