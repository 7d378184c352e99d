"""
Server-sent events as text. Pure: no I/O, no Django.

Messages are one line of JSON, so an event is one ``data`` line.
"""

from __future__ import annotations

from typing import Final

KEEP_ALIVE: Final = b": keep-alive\n\n"


def event(data: bytes, event_id: str | None = None, *, name: bytes = b"message") -> bytes:
    """One event; an empty one primes a client with an id it can resume from."""
    if event_id is None:
        return b"event: %b\ndata: %b\n\n" % (name, data)
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), name, data)


def retry(milliseconds: int) -> bytes:
    """How long a client waits before it connects again."""
    return b"retry: %d\n\n" % milliseconds
