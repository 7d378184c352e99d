"""
The log of what was sent on resumable streams.

What answers a request is logged and then sent: the log is the truth, and a
client that lost its connection reads on from it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from typing import Any

import msgspec
from django.utils import timezone

from mcp_transport.digits import read_key
from mcp_transport.models import Event, Stream
from mcp_transport.protocol.jsonrpc import Id, encode
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.statements import Update, insert
from mcp_transport.storage.writer import Stage, Writer, WriterFull

logger = logging.getLogger("mcp_transport.streams")

# Events: a client that is far behind does not bring a whole stream into memory.
READ_AT_ONCE = 100
STREAM_ID = re.compile(r"[A-Za-z0-9_-]{1,22}")  # new_stream_id() makes such


class Logged(msgspec.Struct, frozen=True):
    """One event as it was logged."""

    sequence: int
    data: bytes


class Opening(msgspec.Struct, frozen=True):
    """What is known of a stream when it is opened."""

    id: str
    session_id: str
    request_id: Id
    method: str
    entry: str
    call: dict[str, Any]  # what the call's row needs if this process dies


class Progress(msgspec.Struct, frozen=True):
    """How far a stream is, read from its row."""

    session_id: str
    is_closed: bool


def event_id(stream_id: str, sequence: int) -> str:
    """
    Where a client resumes: unique in the whole site, and it names its stream.

    See 2025-11-25, basic/transports, Resumability and Redelivery, 1.
    """
    return f"{stream_id}-{sequence}"


def is_stream_id(text: str) -> bool:
    """Whether a text may be the id of a stream; what else is sent, a database may not take."""
    return STREAM_ID.fullmatch(text) is not None


def parse_event_id(value: str) -> tuple[str, int] | None:
    """The stream and the sequence of an event id, or None if it is none."""
    stream_id, _, digits = value.rpartition("-")
    sequence = read_key(digits)
    return None if sequence is None or not is_stream_id(stream_id) else (stream_id, sequence)


class EventLog:
    """Appends events through the writer and reads them in a thread."""

    def __init__(self, writer: Writer, pool: RowPool, *, worker_id: str) -> None:
        self._writer = writer
        self._pool = pool
        self._worker_id = worker_id
        self._open = insert(
            Stream, "id", "session_id", "request_id", "method", "entry", "call", "worker",
            "opened_at", "last_sequence",
        )  # fmt: skip
        self._append = insert(Event, "stream_id", "sequence", "data", "created_at")
        self._close = Update(Stream, "closed_at", "last_sequence")

    def open(self, opening: Opening) -> None:
        """Keep a new stream; its first event waits for the row's commit too."""
        row = (
            opening.id, opening.session_id, encode(opening.request_id).decode(), opening.method,
            opening.entry, opening.call, self._worker_id, timezone.now(), 0,
        )  # fmt: skip
        self._writer.post(self._open, row, stage=Stage.BEGUN)

    def append(
        self, stream_id: str, sequence: int, data: bytes, *, is_last: bool = False
    ) -> asyncio.Future[None]:
        """
        Hand an event over; the future is done when it is committed.

        Raises WriterFull, at once. The future raises what the database said.
        """
        row = (stream_id, sequence, data.decode(), timezone.now())
        stage = Stage.DONE if is_last else Stage.BEGUN
        return self._writer.write(self._append, row, stage=stage)

    def keep(self, stream_id: str, sequence: int, data: bytes) -> None:
        """Log an event once the database is back, if there is room for it."""
        with contextlib.suppress(WriterFull):
            row = (stream_id, sequence, data.decode(), timezone.now())
            self._writer.post(self._append, row, stage=Stage.DONE)

    def close(self, stream_id: str, last_sequence: int) -> None:
        """Mark a stream as ended: a reader that has read all of it is done."""
        try:
            row = (timezone.now(), last_sequence, stream_id)
            self._writer.post(self._close, row, stage=Stage.DONE)
        except WriterFull as problem:
            logger.error("A stream stays open in the log: %s", problem)

    async def read(self, stream_id: str, after: int) -> list[Logged]:
        """The next events of a stream, oldest first."""
        return await self._pool.read(_read, stream_id, after)

    async def progress(self, stream_id: str) -> Progress | None:
        """How far a stream is; None for one that does not exist."""
        return await self._pool.read(_progress, stream_id)


def _read(stream_id: str, after: int) -> list[Logged]:
    rows = Event.objects.filter(stream_id=stream_id, sequence__gt=after).order_by("sequence")
    values = rows.values_list("sequence", "data")[:READ_AT_ONCE]
    return [Logged(sequence, data.encode()) for sequence, data in values]


def _progress(stream_id: str) -> Progress | None:
    row = Stream.objects.filter(id=stream_id).values_list("session_id", "closed_at").first()
    return None if row is None else Progress(row[0], row[1] is not None)
