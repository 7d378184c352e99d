"""
A connection that both sides write to for as long as it lasts.

Each message is for itself and says its own era; requests run side by side and
end with the connection. Two rules are the connection's own: of the requests in
flight no two have the same id (2026-07-28, basic/index, Requests), and
``notifications/cancelled`` ends the one it names, whatever its era (2026-07-28,
basic/transports/stdio, Cancellation, where one channel is shared in the same
way).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.bodies import Key, expects_answer, is_handshake, keys_of
from mcp_transport.engine.flight import Flight
from mcp_transport.engine.guard import Rest, attempt
from mcp_transport.engine.incoming import Direct, Following, Incoming, Outcome, Reply, Responder
from mcp_transport.engine.patrol import Guest
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, InvalidRequest, ProtocolError, Refused

logger = logging.getLogger("mcp_transport.connection")

PATIENCE = 1.0  # seconds a request waits for another one to end where too many run
LEAVE_TIMEOUT = 5.0  # seconds that cancelled work may take to end
CANCELLED = "notifications/cancelled"
INITIALIZED = "notifications/initialized"

Admit = Callable[[Any, str | None], Awaitable[Incoming]]
Write = Callable[[bytes], Awaitable[None]]


class Ending(Enum):
    """Why a connection comes to its end."""

    LEFT = auto()  # the client closed it, or is out of reach
    IDLE = auto()  # nothing was said for too long
    UNWELCOME = auto()  # the credentials have ended
    CLOSED = auto()  # its session was closed, or its server switched off
    OVERLOADED = auto()  # too many requests, or too much that is not read
    STALLED = auto()  # the client has stopped reading
    RESTART = auto()  # the worker process stops


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection may hold."""

    requests: int  # running at the same time
    messages: int  # waiting for the client to read
    bytes: int  # the same, unless it is one message
    stalled_after: float  # seconds in which nothing is read
    idle_after: float  # seconds without a session in which nothing is said


class Door(Protocol):
    """What a connection needs of the engine."""

    async def receive(self, incoming: Incoming, responder: Responder) -> Outcome:
        """Serve one message."""

    async def open_stream(self, incoming: Incoming, responder: Responder) -> Outcome:
        """Tell a session of changes until its client leaves."""

    async def is_session_open(self, session_id: str) -> bool:
        """Whether a session goes on."""

    async def end_session(self, session_id: str, reason: str) -> None:
        """End a session and everything that runs in it."""

    def note_session(self, connection: Connection) -> None:
        """Find a connection by its session from now on."""


class Connection(Guest):
    """
    What runs on one connection.

    ``admit`` makes a message of a session an Incoming, with the rights of that
    moment, and raises Refused; ``write`` sends a message and raises OSError
    when the client has left. The transport waits for ``ending``, then calls
    close().
    """

    __slots__ = (
        "_admit",
        "_door",
        "_flight",
        "_flights",
        "_follower",
        "_has_handshake",
        "_heard_at",
        "_is_draining",
        "_landing",
        "_limits",
        "_lock",
        "_posted",
        "_sending_since",
        "_shortage",
        "_tasks",
        "_waiting",
        "_waiting_bytes",
        "_write",
        "direct",
        "ending",
        "has_post",
        "principal",
        "session_id",
    )

    def __init__(
        self,
        door: Door,
        admit: Admit,
        write: Write,
        *,
        principal: Principal,
        limits: Limits,
        has_post: bool = False,
        flight: type[Flight] = Flight,
    ) -> None:
        self.principal = principal  # under whom it counts
        self.direct: Direct | None = None  # where the transport has such, until the end
        self.has_post = has_post  # its client sends by another way
        self.session_id: str | None = None
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._door = door
        self._admit = admit
        self._write = write
        self._limits = limits
        self._flight = flight
        self._flights: dict[Key, Flight] = {}
        self._follower: Flight | None = None  # what tells a session of changes
        self._tasks: set[asyncio.Task[None]] = set()
        self._posted: asyncio.Queue[Any] | None = None
        self._has_handshake = self._is_draining = False
        self._lock = asyncio.Lock()
        self._waiting = self._waiting_bytes = 0
        # Made while somebody waits for them: there are many connections, and most are idle.
        self._landing: asyncio.Event | None = None  # a request has come to its end
        self._shortage: asyncio.Event | None = None  # set: the client reads what was left unread
        self._sending_since: float | None = None
        self._heard_at = time.monotonic()

    async def receive(self, body: Any) -> None:
        """
        Take one decoded message, in the order they came.

        Returns before a request is answered; answers are written when there are any.
        """
        self._heard_at = time.monotonic()
        incoming = await self._admitted(body)
        if incoming is None or self._leave(body):
            return
        keys = keys_of(body)
        if not keys or is_handshake(body):
            await self._take(incoming, body)
        elif problem := self._refusal(keys):
            await self._refuse(body, problem)
        elif not await self._may_run(len(keys)):
            self.end(Ending.OVERLOADED)
        else:
            flight = self._flight(self, body)
            self._flights.update(dict.fromkeys(keys, flight))
            self._start(self._serve(incoming, keys, flight))
            if self._shortage is not None:
                await self._shortage.wait()  # nothing more is taken from who does not read

    def post(self, body: Any) -> None:
        """Take a message that came by another way than the connection itself."""
        if self._posted is None:
            self._posted = asyncio.Queue(self._limits.messages)
            self._start(self._receive_posted(self._posted))
        try:
            self._posted.put_nowait(body)
        except asyncio.QueueFull:
            self.end(Ending.OVERLOADED)

    async def refuse(self, error: ProtocolError, body: Any = None) -> None:
        """Answer what could not be read, or only so far that it has an id."""
        await self._refuse(body, error)

    async def send(self, message: bytes) -> None:
        """Send a message; waits while the client is slow, and ends one that is too slow."""
        limits, size = self._limits, len(message)
        is_full = self._waiting and self._waiting_bytes + size > limits.bytes
        if is_full or self._waiting >= limits.messages:
            self.end(Ending.OVERLOADED)
        if self.ending.done() or self._is_added(message):
            return
        self._wait_for_turn(1, size)
        try:
            await self._send_in_turn(message)
        except OSError:
            self.end(Ending.LEFT)
        finally:
            self._wait_for_turn(-1, -size)

    def offer(self, message: bytes) -> bool:
        """Send a message if nothing else waits, without waiting; False leaves it to send()."""
        if self._waiting:
            return False
        if self.direct is not None and self.direct.offer(message):
            return True
        if self.ending.done():
            return True
        try:
            rest = attempt(self._write(message))
        except OSError:
            self.end(Ending.LEFT)
            return True
        if rest is not None:
            self._wait_for_turn(1, len(message))
            self._sending_since = time.monotonic()
            self._start(self._send_rest(rest, len(message)))
        return True

    def _is_added(self, message: bytes) -> bool:
        """Whether nothing waits before a message, and it leaves with the others of the turn."""
        return not self._waiting and self.direct is not None and self.direct.add(message)

    def end(self, why: Ending) -> None:
        """Tell the transport to close; the first reason holds."""
        if not self.ending.done():
            self.ending.set_result(why)
        self.direct = None
        self._end_shortage()
        self._land()

    async def drain(self, seconds: float) -> None:
        """Take nothing new, let what runs come to its end, then close."""
        self._is_draining = True
        running = dict.fromkeys(self._flights.values())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for flight in running:
                    await flight.gone()
        self.end(Ending.RESTART)

    async def close(self) -> None:
        """End everything that runs here; nothing of it can be resumed."""
        self.end(Ending.LEFT)
        for flight in (*self._flights.values(), self._follower):
            if flight is not None:
                flight.leave()
        why = self.ending.result()
        if self.session_id is not None and why is not Ending.CLOSED:
            await self._door.end_session(self.session_id, f"connection: {why.name.lower()}")
        if self._tasks:
            _done, left = await asyncio.wait(self._tasks, timeout=LEAVE_TIMEOUT)
            for task in left:
                task.cancel()

    async def _receive_posted(self, posted: asyncio.Queue[Any]) -> None:
        while not self.ending.done():
            getting = asyncio.ensure_future(posted.get())
            await asyncio.wait({getting, self.ending}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                await self._receive_next(getting.result())
            else:
                getting.cancel()

    async def _receive_next(self, body: Any) -> None:
        try:
            await self.receive(body)
        except Exception:  # those behind it are served all the same
            logger.exception("A message that was posted to a connection failed")
            await self.refuse(InternalError(), body)

    async def _admitted(self, body: Any) -> Incoming | None:
        """The message with its sender's rights, or None when it is not taken."""
        try:
            incoming = await self._admit(body, self.session_id)
        except Refused as error:
            self._turn_away(error)
            await self._refuse(body, error)
            return None
        return None if self.ending.done() else incoming

    def _turn_away(self, error: Refused) -> None:
        if error.status in (401, 403):
            self.end(Ending.UNWELCOME)
        elif error.status == 404:
            self.end(Ending.CLOSED)

    def _leave(self, body: Any) -> bool:
        """Cancel the request in flight that a message names; False for any other message."""
        if type(body) is not dict or body.get("method") != CANCELLED or "id" in body:
            return False
        params = body.get("params")
        request_id = params.get("requestId") if type(params) is dict else None
        key: Any = (type(request_id), request_id)
        flight = self._flights.get(key) if jsonrpc.is_id(request_id) else None
        if flight is not None:
            flight.leave()
        return flight is not None

    def _refusal(self, keys: Collection[Key]) -> ProtocolError | None:
        if not self._flights.keys().isdisjoint(keys):
            return InvalidRequest("A request with this id is in flight; use another id.")
        if self._is_draining:
            return Refused(503, "This worker process stops; connect again.")
        return None

    async def _may_run(self, more: int) -> bool:
        """Whether so many more may run, after a moment for others to come to their end."""
        most = self._limits.requests - more
        if len(self._flights) <= most:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while len(self._flights) > most and not self.ending.done():
                    self._landing = asyncio.Event()
                    await self._landing.wait()
        return len(self._flights) <= most

    async def _take(self, incoming: Incoming, body: Any) -> None:
        """Serve what the messages behind it build on."""
        if is_handshake(body) and self._has_handshake:
            await self._refuse(body, InvalidRequest("initialize was answered on this connection."))
            return
        outcome = await self._outcome(incoming, Flight(self))
        if is_handshake(body):
            self._note_session(outcome)
        if isinstance(outcome, Reply) and outcome.body and expects_answer(body):
            await self.send(outcome.body)
        # Not before: 2025-11-25, basic/lifecycle, Initialization.
        if type(body) is dict and body.get("method") == INITIALIZED:
            await self._follow(incoming)

    def _note_session(self, outcome: Outcome) -> None:
        if isinstance(outcome, Reply) and outcome.session_id is not None:
            self.session_id = outcome.session_id
            self._has_handshake = True
            self._door.note_session(self)

    async def _follow(self, incoming: Incoming) -> None:
        """Listen for the session before anything else that its client asks for is served."""
        if self._follower is not None or not self._has_handshake or self.ending.done():
            return
        self._follower = Flight(self)
        try:
            outcome = await self._door.open_stream(incoming, self._follower)
        except ProtocolError as error:
            logger.warning("A connection hears of no changes: %s", error)
        except Exception:
            logger.exception("A connection hears of no changes")
        else:
            if isinstance(outcome, Following):
                self._start(outcome.follow())

    async def _serve(self, incoming: Incoming, keys: Collection[Key], flight: Flight) -> None:
        await flight.begin()
        coming = self._outcome(incoming, flight)
        del incoming
        outcome = await coming
        for key in keys:
            del self._flights[key]
        if isinstance(outcome, Reply):
            await flight.answer(outcome)
        flight.leave()
        self._land()

    async def _outcome(self, incoming: Incoming, flight: Flight) -> Outcome:
        """What comes of a message, which is not kept while a stream is followed."""
        request_id = jsonrpc.read_id(incoming.body)
        try:
            coming = self._door.receive(incoming, flight)
            del incoming
            outcome = await coming
            return await outcome.follow() if isinstance(outcome, Following) else outcome
        except ProtocolError as error:
            return Reply(error.status, jsonrpc.error(request_id, error))
        except Exception:
            logger.exception("A message on a connection failed")
            return Reply(500, jsonrpc.error(request_id, InternalError()))

    async def _refuse(self, body: Any, error: ProtocolError) -> None:
        if expects_answer(body):
            await self.send(self._flight.refusal(body, error))

    def _wait_for_turn(self, messages: int, size: int) -> None:
        """Count what waits; well before it is too much, no more requests are taken."""
        self._waiting += messages
        self._waiting_bytes += size
        limits = self._limits
        is_short = self._waiting > limits.messages // 2 or self._waiting_bytes > limits.bytes // 8
        if not is_short or self.ending.done():
            self._end_shortage()
        elif self._shortage is None:
            self._shortage = asyncio.Event()

    def _end_shortage(self) -> None:
        shortage, self._shortage = self._shortage, None
        if shortage is not None:
            shortage.set()

    def _land(self) -> None:
        landing, self._landing = self._landing, None
        if landing is not None:
            landing.set()

    async def _send_in_turn(self, message: bytes) -> None:
        async with self._lock:
            if self.ending.done():
                return
            self._sending_since = time.monotonic()
            try:
                await self._write(message)
            finally:  # also where a request ends that waits in here
                self._sending_since = None

    async def _send_rest(self, rest: Rest, size: int) -> None:
        try:
            await rest
        except OSError:
            self.end(Ending.LEFT)
        finally:
            self._sending_since = None
            self._wait_for_turn(-1, -size)

    def glance(self, now: float) -> None:
        """See Guest.glance(): whether the connection has a reason to go on."""
        # A server with a way past send sees to it by itself, and knows who reads slowly.
        since = self._sending_since if self.direct is None else None
        if since is not None and now - since > self._limits.stalled_after:
            self.end(Ending.STALLED)
        is_used = self._flights or self.session_id is not None
        if not is_used and now - self._heard_at > self._limits.idle_after:
            self.end(Ending.IDLE)

    async def look(self) -> None:
        """See Guest.look()."""
        try:
            await self._admit(None, self.session_id)
            if self.session_id and not await self._door.is_session_open(self.session_id):
                self.end(Ending.CLOSED)
        except Refused as error:
            self._turn_away(error)
        except Exception:
            logger.exception("Whether a connection may go on could not be found out")

    def _start(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
