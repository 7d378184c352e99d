"""
Ways past uvicorn's ``send``; what they promise says mcp_transport.transports.direct.

uvicorn calls an application with a bound method for ``send``: its owner is the
request, or the WebSocket, whose connection is written to.
"""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle
from websockets.server import ServerProtocol

from mcp_transport.serving.joined_writes import JoinedWrites
from mcp_transport.transports.direct import ANSWER, FIND, Headers

if TYPE_CHECKING:  # a server's worker processes load this before Django is ready
    from mcp_transport.engine.incoming import Direct

TEXT = 0x81  # the first byte of a frame that is a whole message


def answer(send: Any, status: int, headers: Headers, body: bytes) -> bool:
    """Answer a request; see mcp_transport.transports.direct."""
    cycle = getattr(send, "__self__", None)
    if type(cycle) is not RequestResponseCycle or not _takes_whole(cycle):
        return False
    sent = [*cycle.default_headers, *headers]
    if not cycle.keep_alive:
        sent.append((b"connection", b"close"))
    lines = [b"%b: %b\r\n" % header for header in sent]
    head = b"".join((STATUS_LINE[status], *lines, b"\r\n"))
    if not head.count(b"\r") == head.count(b"\n") == len(lines) + 2:
        return False  # uvicorn refuses a header with a line break
    cycle.transport.write(head + body)
    _complete(cycle)
    return True


def _takes_whole(cycle: RequestResponseCycle) -> bool:
    """Whether nothing but the bytes matters to uvicorn, and the client reads."""
    return not (
        cycle.response_started
        or cycle.disconnected
        or cycle.transport.is_closing()
        or cycle.flow.write_paused
        or cycle.access_log
        or cycle.scope["method"] == "HEAD"
    )


def _complete(cycle: RequestResponseCycle) -> None:
    """What uvicorn does at the end of an answer."""
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def direct_of_request(send: Any) -> Direct | None:
    """What writes pieces of an answer; see mcp_transport.transports.direct."""
    cycle = getattr(send, "__self__", None)
    transport = _transport_of(cycle)
    is_chunked = getattr(cycle, "chunked_encoding", False)
    return Chunks(transport) if transport is not None and is_chunked else None


def direct_of_socket(send: Any) -> Direct | None:
    """What writes frames of text, unless frames are compressed."""
    socket = getattr(send, "__self__", None)
    connection = getattr(socket, "conn", None)
    is_plain = isinstance(connection, ServerProtocol) and not connection.extensions
    transport = _transport_of(socket)
    return Frames(socket, transport) if transport is not None and is_plain else None


def _transport_of(owner: Any) -> JoinedWrites | None:
    """What the owner of a ``send`` writes to, if it is one of ours."""
    transport = getattr(owner, "transport", None)
    return transport if isinstance(transport, JoinedWrites) else None


class Chunks:
    """The answer to a request, piece by piece; see mcp_transport.engine.incoming.Direct."""

    __slots__ = ("_transport",)  # there are thousands

    def __init__(self, transport: JoinedWrites) -> None:
        self._transport = transport

    def offer(self, data: bytes) -> bool:
        """See Direct.offer()."""
        return self._transport.offer(b"%x\r\n%b\r\n" % (len(data), data))

    def add(self, data: bytes) -> bool:
        """See Direct.add()."""
        return self._transport.add(b"%x\r\n%b\r\n" % (len(data), data))


class Frames:
    """What is said on a WebSocket; see mcp_transport.engine.incoming.Direct."""

    __slots__ = ("_socket", "_transport")

    def __init__(self, socket: Any, transport: JoinedWrites) -> None:
        self._socket = socket
        self._transport = transport

    def offer(self, data: bytes) -> bool:
        """See Direct.offer()."""
        return not self._socket.close_sent and self._transport.offer(_frame(data))

    def add(self, data: bytes) -> bool:
        """See Direct.add()."""
        return not self._socket.close_sent and self._transport.add(_frame(data))


def _frame(text: bytes) -> bytes:
    """A frame of a server, which masks nothing (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return pack("!BB", TEXT, size) + text
    if size < 65_536:
        return pack("!BBH", TEXT, 126, size) + text
    return pack("!BBQ", TEXT, 127, size) + text


OF_REQUEST: dict[object, object] = {FIND: direct_of_request, ANSWER: answer}
OF_SOCKET: dict[object, object] = {FIND: direct_of_socket}
