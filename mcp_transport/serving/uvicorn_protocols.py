"""
uvicorn's protocols with the limits that they do not have, and ways past send.

A client may neither take its time over the headers of a request, nor send
headers without end, nor stop reading an answer for as long as it likes. Whole
answers, and what is told to many clients at once, are written directly (see
mcp_transport.serving.uvicorn_direct). Given to uvicorn as classes, which its options
``http`` and ``ws`` take.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from uvicorn.protocols.websockets.websockets_sansio_impl import (
        WebSocketsSansIOProtocol as WebSocketProtocol,
    )
else:
    from uvicorn.protocols.websockets.auto import AutoWebSocketsProtocol as WebSocketProtocol

from mcp_transport.conf import settings
from mcp_transport.serving.joined_writes import JoinedWrites
from mcp_transport.serving.uvicorn_direct import OF_REQUEST, OF_SOCKET
from mcp_transport.transports.direct import EXTENSION

HEADER_TIMEOUT = 10.0  # seconds for the headers of a request
# httptools itself takes headers of any length.
HEADER_BYTES = 64 * 1024
LINGER = 2.0  # seconds in which a client that is refused may finish what it sends
LEAST_READ = 32 * 1024  # bytes in MCP_STALL_TIMEOUT; less is taken for nothing
SPARED = 1.0  # seconds in which a client may not know yet that its connection ends
REFUSAL = (
    "HTTP/1.1 {}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n{}"
)
TOO_LARGE = f"The headers are larger than {HEADER_BYTES} bytes."


class Stalling(asyncio.Protocol):
    """Lets go of a client that has stopped reading, and of what it was to read."""

    __slots__ = ("_stalled", "_unread")

    transport: Any
    _stalled: asyncio.TimerHandle | None
    _unread: int  # bytes, when it was last looked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.BaseProtocol."""
        self._stalled = None
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        super().pause_writing()
        if self._stalled is None:
            self._watch()

    def resume_writing(self) -> None:
        """See asyncio.BaseProtocol."""
        super().resume_writing()
        self._forget()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._unread = self.transport.get_write_buffer_size()
        loop = asyncio.get_running_loop()
        self._stalled = loop.call_later(settings.MCP_STALL_TIMEOUT, self._see)

    def _see(self) -> None:
        """Give more time to whoever has read; a long answer takes a slow client a while."""
        before = self._unread
        self._watch()
        if before - self._unread < LEAST_READ:
            self._cut()

    def _forget(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _cut(self) -> None:
        self.transport.abort()


class LimitedSocket(Stalling, WebSocketProtocol):
    """A WebSocket; no timer is set while its client reads."""

    def handle_connect(self, event: Any) -> None:
        """See uvicorn's protocols, of which those that have this know of extensions."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None and "extensions" in scope:
            scope["extensions"][EXTENSION] = OF_SOCKET


class LimitedHttp(Stalling, HttpToolsProtocol):
    """One connection; no timer is set while requests come whole and answers are read."""

    # More attributes than uvicorn's own would cost each connection a dict of 1.5 kB.
    __slots__ = (
        "_header_bytes",
        "_idle_since",
        "_is_ending",
        "_is_in_headers",
        "_is_refused",
        "_waiting",
    )

    timeout_keep_alive: float  # type: ignore[assignment]  # uvicorn has whole seconds
    _idle_since: float | None  # nothing has come since the last answer
    _waiting: asyncio.TimerHandle | None  # for the end of the headers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        self._is_in_headers = self._is_refused = self._is_ending = False
        self._header_bytes = 0
        self._idle_since = self._waiting = None
        super().connection_made(JoinedWrites(transport, asyncio.get_running_loop()))
        self._wait()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._is_refused:
            return  # what is not read would reset the connection, and take the answer with it
        super().data_received(data)
        if self._waiting is not None or self._is_in_headers or not self._is_busy():
            self._look(len(data))

    def on_message_begin(self) -> None:
        """See httptools.HttpRequestParser."""
        self._is_in_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """See httptools.HttpRequestParser."""
        self._is_in_headers = False
        self.scope["extensions"] = {EXTENSION: OF_REQUEST}
        super().on_headers_complete()
        if self._is_ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def handle_websocket_upgrade(self) -> None:
        """See uvicorn; one that came now would hear nothing of the end."""
        if self._is_ending:
            self.transport.close()
        else:
            super().handle_websocket_upgrade()

    def shutdown(self) -> None:
        """
        Close, unless a request may be on its way: the next one is the last then.

        That is so on a connection that is new, and on one that was in use until
        a moment ago; no client sends a request again because it met an end.
        """
        cycle: Any = self.cycle  # None before the first request
        self._is_ending = True
        if cycle is not None and not cycle.response_complete:
            self.timeout_keep_alive = SPARED
            cycle.keep_alive = cycle.keep_alive and cycle.response_started  # told by its headers
        elif self._idle_since is not None:
            self.timeout_keep_alive = SPARED
            self._stop_timer()
            self.timeout_keep_alive_handler()
        elif not self._is_refused:
            self._have_come()
            self._waiting = self.loop.call_later(SPARED, self._cut)

    def on_response_complete(self) -> None:
        """See uvicorn, which sets a timer for every answer; here one lasts for many."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._set_timer(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that has been idle for long enough; look again if it was not."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # the next answer sets the timer
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._set_timer(left)
        else:
            self.transport.close()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def _set_timer(self, seconds: float) -> None:
        handler = self.timeout_keep_alive_handler
        self.timeout_keep_alive_task = self.loop.call_later(seconds, handler)

    def _stop_timer(self) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse("400 Bad Request", msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.BaseProtocol."""
        self._have_come()
        self._stop_timer()
        super().connection_lost(exc)

    def _is_busy(self) -> bool:
        """Whether a request is being answered, which is the ordinary state after data."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def _look(self, size: int) -> None:
        if self._is_refused:
            return
        if self._lacks_headers():
            self._count(size)
        elif self._waiting is not None:
            self._have_come()

    def _lacks_headers(self) -> bool:
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            return False  # refused, or a WebSocket by now
        has_begun = not self._is_busy() and self._idle_since is None
        return self._is_in_headers or has_begun

    def _count(self, size: int) -> None:
        if self._is_in_headers:
            self._header_bytes += size
        if self._header_bytes > HEADER_BYTES:
            self._refuse("431 Request Header Fields Too Large", TOO_LARGE)
        elif self._waiting is None:
            self._wait()

    def _refuse(self, status: str, text: str) -> None:
        self._is_refused = True
        self.transport.write(REFUSAL.format(status, len(text), text).encode("ascii"))
        self._have_come()
        self._waiting = self.loop.call_later(LINGER, self._cut)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEADER_TIMEOUT, self._cut)

    def _have_come(self) -> None:
        self._header_bytes = 0
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
