from __future__ import annotations

import asyncio

from mcp_transport.transports.pulse import SLOTS, Pulse, Silent

LIMIT = 30.0


class Stream(Silent):
    def __init__(self) -> None:
        self.kept = 0
        self.was_kept = asyncio.Event()

    def keep(self) -> None:
        self.kept += 1
        self.was_kept.set()

    async def next(self) -> None:
        self.was_kept.clear()
        async with asyncio.timeout(LIMIT):
            await self.was_kept.wait()


async def test_each_stream_is_called_in_every_interval() -> None:
    pulse, one, other = Pulse(0.01), Stream(), Stream()
    slots = [pulse.add(one), pulse.add(other)]
    await one.next()
    await other.next()
    await one.next()
    assert abs(one.kept - other.kept) <= 1
    pulse.discard(one, slots[0])
    kept = one.kept
    await other.next()
    assert one.kept == kept
    pulse.discard(other, slots[1])


async def test_nothing_ticks_where_nobody_listens() -> None:
    pulse, stream = Pulse(0.001), Stream()
    slot = pulse.add(stream)
    await stream.next()
    pulse.discard(stream, slot)
    assert pulse._timer is None
    slot = pulse.add(stream)  # and it begins again
    await stream.next()
    pulse.discard(stream, slot)


async def test_streams_do_not_all_speak_at_once() -> None:
    pulse = Pulse(60.0)
    streams = [Stream() for _ in range(SLOTS)]
    slots = []
    for stream in streams:
        slots.append(pulse.add(stream))
        pulse._beat()
    assert sorted(slots) == list(range(SLOTS))
    for stream, slot in zip(streams, slots, strict=True):
        pulse.discard(stream, slot)
