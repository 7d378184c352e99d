"""The streams of one worker process that nginx holds, each a channel of Nchan's with one client."""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence

from mcp_transport.nchan.publisher import NotPublished, Publisher

ID_BYTES = 24  # of chance: who knows a channel could listen
ATTACH_LIMIT = 10.0  # seconds in which a client has to come; Nchan keeps messages for longer
MOST_UNATTACHED = 100  # messages before; Nchan keeps 256
MOST_AT_ONCE = 100  # channels in one request, whose address nginx reads into 16 kB
COMMENT = b":\n\n"

Announce = Callable[[str, bool], Awaitable[None]]


class Channel:
    """
    One client's stream.

    What is said reaches the client in its order. A client that has left, or
    that nginx has lost, is found out from what is published, or told of by
    nginx; then nothing more is sent.
    """

    __slots__ = ("_attached", "_channels", "_left", "_sent", "_timer", "id", "shard")

    def __init__(self, channels: Channels, id_: str, shard: Shard) -> None:
        loop = asyncio.get_running_loop()
        self.id = id_
        self.shard = shard
        self._channels = channels
        self._attached: asyncio.Future[None] = loop.create_future()
        self._left: asyncio.Future[None] = loop.create_future()
        self._sent = 0  # while nobody was attached
        self._timer = loop.call_later(ATTACH_LIMIT, self.leave)

    @property
    def is_attached(self) -> bool:
        """Whether the client has come."""
        return self._attached.done()

    @property
    def has_left(self) -> bool:
        """Whether the client is there no more."""
        return self._left.done()

    def attach(self) -> None:
        """The client has come."""
        if not self._attached.done():
            self._timer.cancel()
            self._attached.set_result(None)

    def leave(self) -> None:
        """The client has left, or cannot be reached."""
        if not self._left.done():
            self._left.set_result(None)
            self.attach()  # whoever waits for that waits no longer
            self._channels.discard(self)

    async def left(self) -> None:
        """Return when the client has left."""
        await asyncio.shield(self._left)

    def offer(self, data: bytes) -> bool:
        """Send with what others are told in this turn of the loop; False when it has to wait."""
        if self.has_left or self.shard.is_crowded or not self._counts():
            return False
        self.shard.add(self, data)
        return True

    add = offer  # see mcp_transport.engine.incoming.Direct

    async def write(self, data: bytes) -> None:
        """Send, and wait while much is on the way."""
        # Nchan drops the oldest of what it keeps for a client to come, and says nothing.
        if not self.is_attached and self._sent >= MOST_UNATTACHED:
            await asyncio.shield(self._attached)
        await self.shard.room()
        if not self.has_left:
            self._counts()
            self.shard.add(self, data)

    async def end(self, data: bytes) -> None:
        """Send the last of it, and end the answer when the client has had it."""
        if data:
            await self.write(data)
        # A channel that is deleted before its client has come takes with it what was said.
        if not self.has_left:
            await asyncio.shield(self._attached)
        self.shard.end(self)
        self.leave()

    def _counts(self) -> bool:
        """Count a message that Nchan keeps for a client to come; False when it are too many."""
        if self.is_attached:
            return True
        self._sent += 1
        return self._sent <= MOST_UNATTACHED


class Shard:
    """One nginx, and what a turn of the event loop has for its clients."""

    def __init__(self, name: str, publisher: Publisher) -> None:
        self.name = name
        self.publisher = publisher
        self._told: dict[bytes, list[Channel]] = {}
        self._who: set[Channel] = set()  # of those lists

    @property
    def is_crowded(self) -> bool:
        """Whether more should wait."""
        return self.publisher.is_crowded

    async def room(self) -> None:
        """Return when it is no longer crowded."""
        await self.publisher.room()

    def add(self, channel: Channel, data: bytes) -> None:
        """Send when the turn is over, in one request with all who are told the same."""
        # What a turn has is kept by what is said, not by when: with two messages for one client
        # in it the order would be lost.
        if channel in self._who:
            self.flush()
        if not self._who:
            asyncio.get_running_loop().call_soon(self.flush)
        self._who.add(channel)
        self._told.setdefault(data, []).append(channel)

    def flush(self) -> None:
        """Send what the turn has brought so far."""
        told, self._told = self._told, {}
        self._who.clear()
        for data, channels in told.items():
            for begin in range(0, len(channels), MOST_AT_ONCE):
                self._publish(channels[begin : begin + MOST_AT_ONCE], data)

    def end(self, channel: Channel) -> None:
        """End the client's answer."""
        self.flush()
        self.publisher.delete([channel.id])

    def _publish(self, channels: Sequence[Channel], data: bytes) -> None:
        expected = sum(channel.is_attached for channel in channels)
        answered = self.publisher.publish([channel.id for channel in channels], data)
        answered.add_done_callback(lambda done: self._count(channels, expected, done))

    def _count(
        self, channels: Sequence[Channel], expected: int, answered: asyncio.Future[int]
    ) -> None:
        """Find out who is there, and who has left when fewer were reached than should be."""
        if answered.cancelled():
            return
        if answered.exception() is not None:
            self._abandon(channels)
        elif answered.result() == len(channels) > expected:
            for channel in channels:  # nginx may not have been able to say so
                channel.attach()
        elif answered.result() >= expected:
            return
        # The count alone says that somebody has left, not who: each is asked with a comment,
        # which a client passes over (HTML, Server-sent events, Interpreting an event stream).
        elif len(channels) == 1:
            channels[0].leave()
        else:
            for channel in channels:
                if channel.is_attached and not channel.has_left:
                    self._publish([channel], COMMENT)

    def _abandon(self, channels: Sequence[Channel]) -> None:
        """Clients who have missed something are cut off, so that they come back for it."""
        here = [channel for channel in channels if not channel.has_left]
        if here:
            self.publisher.delete([channel.id for channel in here])
        for channel in here:
            channel.leave()


class Channels:
    """Those of this process, over all the nginx that it was told of."""

    def __init__(self, publishers: Mapping[str, Publisher], announce: Announce) -> None:
        self._shards = [Shard(name, publisher) for name, publisher in publishers.items()]
        self._turns = itertools.cycle(self._shards)
        self._announce = announce
        self._open: dict[str, Channel] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def away(self) -> int:
        """How many of the nginx did not answer a moment ago."""
        return sum(shard.publisher.is_away for shard in self._shards)

    async def open(self) -> Channel | None:
        """A new channel, in the next nginx that answers; None if none does."""
        for shard in itertools.islice(self._turns, len(self._shards)):
            channel = Channel(self, secrets.token_urlsafe(ID_BYTES), shard)
            try:
                await shard.publisher.ask(channel.id)  # whether it answers
            except NotPublished:
                channel.leave()
            else:
                self._open[channel.id] = channel
                return channel
        return None

    async def note(self, channel_id: str, *, is_there: bool) -> None:
        """Take what an nginx says of a client; it may be another process's."""
        if not self.heed(channel_id, is_there=is_there):
            await self._announce(channel_id, is_there)

    def heed(self, channel_id: str, *, is_there: bool) -> bool:
        """Take it if the client is one of this process's."""
        channel = self._open.get(channel_id)
        if channel is None:
            return False
        if is_there:
            channel.attach()
        else:
            channel.leave()
        return True

    def discard(self, channel: Channel) -> None:
        """Forget a channel."""
        self._open.pop(channel.id, None)

    async def close(self) -> None:
        """Let go of every nginx."""
        for shard in self._shards:
            shard.flush()
            await shard.publisher.close()
