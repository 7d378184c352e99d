"""
Server-sent events as text. Pure: no I/O, no Django.

Messages are one line of JSON, so an event is one ``data`` line.
"""

from __future__ import annotations

from typing import Final

from mcp_transport.protocol.framing import Lines

EVENT_LIMIT: Final = 64 * 1024 * 1024  # bytes of one line of a stream that is read
# A comment, which no client takes for an event (2026-07-28, basic/transports/streamable-http,
# Receiving Messages).
MESSAGE: Final = b"event: message\ndata: "
KEEP_ALIVE: Final = b": keep-alive\n\n"


def event(data: bytes, event_id: str | None = None, *, name: bytes = b"message") -> bytes:
    """
    One event; an empty one primes a client with an id it can resume from.

    See 2025-11-25, basic/transports, Sending Messages to the Server, 6.
    """
    if event_id is None:
        head = MESSAGE if name == b"message" else b"event: " + name + b"\ndata: "
        return head + data + b"\n\n"  # quicker than a format
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), name, data)


def retry(milliseconds: int) -> bytes:
    """How long a client waits before it connects again; told before a connection is closed."""
    return b"retry: %d\n\n" % milliseconds


class Events:
    """
    Reads the events of a stream from its bytes; lines end with LF or CR LF.

    An event above the limit is left out, and counted.
    """

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self.last_id: str | None = None
        self.retry_after: float | None = None  # seconds
        self.left_out = 0  # events that were too long
        self._limit = limit
        self._lines = Lines(limit)
        self._data: list[bytes] = []
        self._size = 0  # of the data of the event that arrives
        self._id: str | None = None

    def begin(self) -> None:
        """Forget what has come of an event: another stream takes up where this one broke off."""
        self._lines = Lines(self._limit)
        self._data.clear()
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that end in this piece; those without any are left out."""
        found = []
        for line in self._lines.feed(piece):
            if line is None:
                self._size = self._limit + 1
                continue
            field, _, value = line.removesuffix(b"\r").partition(b":")
            if field or value:
                self._note(field, value.removeprefix(b" "))
            elif data := self._dispatch():
                found.append(data)
        return found

    def _note(self, field: bytes, value: bytes) -> None:
        if field == b"data":
            self._size += len(value) + 1
            if self._size <= self._limit:
                self._data.append(value)
        elif field == b"id" and b"\0" not in value:
            self._id = value.decode(errors="replace")
        elif field == b"retry" and value.isdigit() and len(value) < 10:
            self.retry_after = int(value) / 1000

    def _dispatch(self) -> bytes:
        is_whole = self._size <= self._limit
        self.left_out += not is_whole
        data = b"\n".join(self._data) if is_whole else b""
        self._data.clear()
        self._size = 0
        self.last_id = self._id or self.last_id
        return data
