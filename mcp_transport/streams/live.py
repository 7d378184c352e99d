"""
Streams that are being written, and how they are followed.

One reader follows a stream at a time: each message reaches a client on exactly
one connection (2025-11-25, basic/transports, Multiple Connections), and the
newest connection is the one that lives.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from functools import partial

from django.db import InterfaceError, OperationalError

from mcp_transport.streams.log import EventLog, Logged

POLL_INTERVAL = 0.5  # seconds between two looks at a stream that another process writes


class LiveStream:
    """
    A stream that this process writes.

    The last events stay in memory for the reader; a reader that falls further
    behind reads the log, so a slow client costs no more than a fast one.
    """

    def __init__(self, stream_id: str, log: EventLog, *, keep: int) -> None:
        self.id = stream_id
        self.sequence = 0  # the newest event's
        self.is_closed = False
        self._log = log
        self._recent: deque[Logged] = deque(maxlen=keep)
        self._writing = 0  # events on their way into the log
        self._logged = 0  # the newest event in the log
        self._reader = 0
        self._released_at: int | None = None
        self._waiting: asyncio.Future[None] | None = None

    async def append(self, data: bytes, *, is_last: bool = False) -> None:
        """
        Log an event, then hand it to the reader.

        A waiter that is cancelled does not take its event back. Raises
        WriterFull or what the database said; the last event is kept for later
        then, and the stream ended all the same.
        """
        event = Logged(self.sequence + 1, data)
        try:
            written = self._log.append(self.id, event.sequence, data, is_last=is_last)
            # Taken only now: an event that was not handed over leaves no gap behind.
            self.sequence = event.sequence
            self._writing += 1
            written.add_done_callback(partial(self._written, event))
            await asyncio.shield(written)
        except (OperationalError, InterfaceError):
            if is_last:
                self._log.keep(self.id, event.sequence, data)
            raise
        finally:
            if is_last:
                self.close()

    def close(self) -> None:
        """End the stream: its reader gets what is left and is done."""
        if not self.is_closed:
            self.is_closed = True
            self._log.close(self.id, self.sequence)
            self._wake()

    def release(self) -> None:
        """Let the reader go once it has what was said so far; the stream goes on."""
        self._released_at = self.sequence
        self._wake()

    async def follow(self, after: int, *, is_resumed: bool = False) -> AsyncIterator[Logged]:
        """The events after a sequence; whoever followed before is let go."""
        # Whoever followed before sees the number change, and leaves.
        self._reader += 1
        reader = self._reader
        if is_resumed:
            self._released_at = None
        self._wake()
        while self._reader == reader:
            unseen = await self._unseen(after)
            for event in unseen:
                if self._reader != reader:
                    return
                yield event
                after = event.sequence
            is_lost = not unseen and self._has_unseen(after)  # the log is the truth, and has none
            if is_lost or self._is_over(after):
                return
            if self._reader == reader and not self._has_unseen(after):
                await self._change()

    def _is_over(self, after: int) -> bool:
        # It may be closed before what was said last is committed: the reader waits for that.
        if self.is_closed:
            return not self._writing and after >= self._logged
        return self._released_at is not None and after >= self._released_at

    def _has_unseen(self, after: int) -> bool:
        return bool(self._recent) and self._recent[-1].sequence > after

    async def _unseen(self, after: int) -> list[Logged]:
        # What the reader is too slow for has fallen out of memory; the log has all of it.
        unseen = [event for event in self._recent if event.sequence > after]
        if unseen and unseen[0].sequence == after + 1:
            return unseen
        return await self._log.read(self.id, after) if unseen else []

    def _written(self, event: Logged, written: asyncio.Future[None]) -> None:
        self._writing -= 1
        if not written.cancelled() and written.exception() is None:
            self._recent.append(event)
            self._logged = event.sequence
        self._wake()

    async def _change(self) -> None:
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        # Several may wait for this one: who leaves does not cancel it for the others.
        await asyncio.shield(self._waiting)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


class LiveStreams:
    """The streams that this process writes, by id."""

    def __init__(self, log: EventLog, *, keep: int) -> None:
        self.log = log
        self._keep = keep
        self._streams: dict[str, LiveStream] = {}

    def create(self, stream_id: str) -> LiveStream:
        """Start to write a stream."""
        stream = LiveStream(stream_id, self.log, keep=self._keep)
        self._streams[stream_id] = stream
        return stream

    def discard(self, stream: LiveStream) -> None:
        """Forget a stream that has ended."""
        self._streams.pop(stream.id, None)

    async def follow(self, stream_id: str, after: int) -> AsyncIterator[Logged]:
        """The events of a stream after a sequence, whichever process writes it."""
        live = self._streams.get(stream_id)
        followed = (
            live.follow(after, is_resumed=True)
            if live is not None
            else self._poll(stream_id, after)
        )
        async for event in followed:
            yield event

    async def _poll(self, stream_id: str, after: int) -> AsyncIterator[Logged]:
        while True:
            progress = await self.log.progress(stream_id)  # before the read: close comes last
            events = await self.log.read(stream_id, after)
            for event in events:
                yield event
                after = event.sequence
            if progress is None or (progress.is_closed and not events):
                return
            if not events:
                await asyncio.sleep(POLL_INTERVAL)
