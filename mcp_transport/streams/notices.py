"""
What worker processes tell each other over the bus.

A notice only wakes: whoever misses one finds out from the tables a little
later. One of a kind that a process does not know is from a newer release, and
ignored.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mcp_transport.limits.limiter import Report
from mcp_transport.protocol.subscriptions import Change


class Changed(msgspec.Struct, frozen=True, tag="changed"):
    """Something clients may want to read again, and on which server; None for every one."""

    change: Change
    server_id: int | None = None


class Mail(msgspec.Struct, frozen=True, tag="mail"):
    """There are rows in the inboxes of some worker processes."""

    workers: tuple[str, ...]


class Stale(msgspec.Struct, frozen=True, tag="stale"):
    """
    Rows have changed that processes keep.

    The id is that of the one session that is meant, or of the announcement
    that waits to hear who was told. A worker process that asks for it is told
    when the notice was heeded.
    """

    what: Literal["servers", "tokens", "sessions"]
    id: str = ""
    asked_by: str = ""


class Heeded(msgspec.Struct, frozen=True, tag="heeded"):
    """What a worker process has asked about is forgotten in another one."""

    notice: Stale
    worker: str


class Used(msgspec.Struct, frozen=True, tag="used"):
    """What a worker process used of limits that it shares with the others."""

    worker: str
    report: Report


class Seen(msgspec.Struct, frozen=True, tag="seen"):
    """A client whose stream nginx holds has come there, or left."""

    channel: str
    is_there: bool


class Moved(msgspec.Struct, frozen=True, tag="moved"):
    """A task has another status."""

    task: str


Notice = Changed | Heeded | Mail | Moved | Seen | Stale | Used

_decoder: msgspec.json.Decoder[Notice] = msgspec.json.Decoder(Notice)


def read(message: bytes) -> Notice | None:
    """The notice in a message; None for what this release does not know."""
    try:
        return _decoder.decode(message)
    except msgspec.MsgspecError:
        return None
