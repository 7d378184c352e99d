"""
A connection's writes of one turn of the event loop, sent as one.

An ASGI server writes the head and the body of a response separately, each
with a system call of its own, in the middle of everybody else's requests.
Held until the turn is over, a response leaves in one piece, and what is
computed for the other requests of the turn is computed without interruption.
"""

from __future__ import annotations

import asyncio
from typing import Any

MOST_HELD = 64 * 1024  # bytes; more is left to the transport and its flow control at once


class JoinedWrites:
    """A transport in front of the loop's own; what it does not say itself is that one's."""

    __slots__ = (
        "_held",
        "_loop",
        "_size",
        "_transport",
        "is_closing",
    )

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] | None = None
        self._size = 0
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """See asyncio.WriteTransport; the data leaves before the loop waits again."""
        if not self._held:
            if self.is_closing():
                return self._transport.write(data)  # which knows what to raise
            self._loop.call_soon(self.flush)
            self._held = []
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD:
            self.flush()
        return None

    def offer(self, data: bytes) -> bool:
        """Send data at once; False, and nothing is sent, where something waits before it."""
        transport = self._transport
        if self._held or self.is_closing() or transport.get_write_buffer_size():
            return False
        transport.write(data)
        return True

    def flush(self) -> None:
        """Send what is held."""
        if held := self._held:
            self._held, self._size = None, 0
            if not self.is_closing():
                self._transport.write(held[0] if len(held) == 1 else b"".join(held))

    def close(self) -> None:
        """See asyncio.BaseTransport; what is held is sent before."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """See asyncio.WriteTransport; what is held is lost with the rest."""
        self._held = None
        self._transport.abort()
