"""What a transport hands to the engine, and what it gets back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import msgspec

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.directory import Offer
from mcp_transport.protocol.revisions import SUPPORTED

WhoNow = Callable[[Principal], Awaitable[Principal | None]]


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One decoded body, or a request for a stream, and where it came from."""

    offer: Offer  # the server that was called
    principal: Principal
    transport: str  # "streamable_http", "websocket"
    body: Any = None  # the decoded JSON value
    headers: Mapping[bytes, bytes]  # lower-case names
    has_routing_headers: bool = True  # whether the transport repeats the body in headers
    duplicates: frozenset[bytes] = frozenset()  # header names that stand twice
    protocol_version: str | None = None
    session_id: str | None = None
    last_event_id: str | None = None
    peer: Any = None  # host and port of the client, as the server knows them
    #: Whether it came over a connection that both sides write to: nothing of it
    #: can be resumed, and what runs there ends with the connection.
    is_bound: bool = False
    #: Revisions that may be spoken there, newest first: the server's, as far as
    #: the transport has them.
    revisions: tuple[str, ...] = SUPPORTED
    #: Who the sender is by now, given who it was, or None for one who would not be
    #: let in; asked from time to time on long streams. None where there are none.
    who_now: WhoNow | None = None


class Reply(msgspec.Struct, frozen=True):
    """An answer in one piece; the last event when the responder is open."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    session_id: str | None = None  # the one that a handshake has opened
    outcome: str = ""  # how a call ended, as its row says: "ok", "tool_error", "timeout"


class Ended(msgspec.Struct, frozen=True):
    """Everything was said on the stream, or nobody is there to hear it."""


class Following(ABC):
    """
    A stream that goes on for as long as its client listens.

    Whoever is given one awaits follow() at once, from as shallow a place as it
    can: what waits there waits for hours.
    """

    __slots__ = ()

    @abstractmethod
    async def follow(self) -> Reply | Ended:
        """Return when it has come to its end. Raises ProtocolError when it cannot begin."""


Outcome = Reply | Ended | Following
# What a notification or a response gets (2025-11-25, basic/transports, Sending Messages to the
# Server, 4).
ACCEPTED = Reply(202)
ENDED = Ended()


class Direct(Protocol):
    """
    A transport's way to one client that never waits.

    Returns whether the bytes are on their way: with False the client does not read
    at the moment, or has left. What is given first arrives first.
    """

    def offer(self, data: bytes) -> bool:
        """Send then and there, which is cheapest for what is told to many clients."""

    def add(self, data: bytes) -> bool:
        """Send with all else that the turn of the event loop has for the client."""


class Responder(ABC):
    """
    Where one exchange says what comes before its result.

    Opening commits to a stream. Writing waits while the client is slow.
    """

    __slots__ = ()

    accepts_stream: bool
    accepts_json: bool
    is_open: bool = False
    #: Whether the answer is a stream before anything is done, so that whoever
    #: comes later finds all of it in the log.
    opens_first: bool = False

    @abstractmethod
    async def open(self) -> None:
        """Commit to a stream; the second time does nothing."""

    @abstractmethod
    async def write(self, message: bytes, event_id: str | None = None) -> None:
        """Send one message on the stream, which is opened if it is not yet."""

    def offer(self, message: bytes) -> bool:
        """
        Send one message on the open stream if it can be taken at once.

        False leaves it to write(); never waits.
        """
        return False

    @property
    def sending_since(self) -> float | None:
        """Since when the client has been waited for to read; monotonic seconds."""
        return None

    def give_up(self) -> None:  # noqa: B027 - most have nothing to give up
        """Send nothing more to a client that does not read."""

    async def write_chunk(self, index: int, value: Any) -> bool:
        """Send one piece of a result by itself; False where it goes out as progress."""
        return False

    @abstractmethod
    async def retry(self, milliseconds: int) -> None:
        """Tell the client when to connect again."""

    @abstractmethod
    async def gone(self) -> None:
        """Return when the client has left."""
