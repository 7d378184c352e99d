"""
A connection's writes of one turn of the event loop, sent as one.

An ASGI server writes the head and the body of a response separately, each
with a system call of its own, in the middle of everybody else's requests.
Held until the turn is over, a response leaves in one piece, and what is
computed for the other requests of the turn is computed without interruption.
"""

from __future__ import annotations

import asyncio
from typing import Any, TypeAlias

Data: TypeAlias = "bytes | bytearray | memoryview[Any]"

MOST_HELD = 64 * 1024  # bytes; more is left to the transport and its flow control at once


class JoinedWrites(asyncio.Transport):
    """
    A transport in front of the loop's own.

    It says itself what others ask it for: a ``__getattr__`` would cost every
    attribute of it, those on the way of each answer too, several times as much.
    """

    __slots__ = ("_held", "_loop", "_size", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[Data] | None = None
        self._size = 0

    def write(self, data: Data) -> None:
        """See asyncio.WriteTransport; the data leaves before the loop waits again."""
        if not self._held:
            if self._transport.is_closing():
                return self._transport.write(data)  # which knows what to raise
            self._loop.call_soon(self.flush)
            self._held = []
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD:
            self.flush()
        return None

    def offer(self, data: bytes) -> bool:
        """
        Send data at once, or behind what the turn has written before.

        False, and nothing is sent, while the client does not read or has left.
        """
        transport = self._transport
        # Bytes in the loop's own buffer: the client does not read, and more would only pile up.
        if transport.get_write_buffer_size() or transport.is_closing():
            return False
        if self._held:
            self.write(data)
        else:
            transport.write(data)
        return True

    def add(self, data: bytes) -> bool:
        """Like write(); False as offer() has it."""
        transport = self._transport
        if transport.is_closing() or transport.get_write_buffer_size():
            return False
        self.write(data)
        return True

    def flush(self) -> None:
        """Send what is held."""
        if held := self._held:
            self._held, self._size = None, 0
            if not self._transport.is_closing():
                self._transport.write(held[0] if len(held) == 1 else b"".join(held))

    def close(self) -> None:
        """See asyncio.BaseTransport; what is held is sent before."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """See asyncio.WriteTransport; what is held is lost with the rest."""
        self._held = None
        self._transport.abort()

    def is_closing(self) -> bool:
        """See asyncio.BaseTransport."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio.BaseTransport."""
        return self._transport.get_extra_info(name, default)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """See asyncio.BaseTransport."""
        return self._transport.get_protocol()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """See asyncio.BaseTransport."""
        self._transport.set_protocol(protocol)

    def is_reading(self) -> bool:
        """See asyncio.ReadTransport."""
        return self._transport.is_reading()

    def pause_reading(self) -> None:
        """See asyncio.ReadTransport."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See asyncio.ReadTransport."""
        self._transport.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """See asyncio.WriteTransport."""
        self._transport.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """See asyncio.WriteTransport; what is held for a moment counts, too."""
        return self._size + self._transport.get_write_buffer_size()

    def can_write_eof(self) -> bool:
        """See asyncio.WriteTransport."""
        return self._transport.can_write_eof()

    def write_eof(self) -> None:
        """See asyncio.WriteTransport."""
        self.flush()
        self._transport.write_eof()
