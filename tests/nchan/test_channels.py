"""Tests of mcp_transport.nchan.channels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from mcp_transport.nchan import channels as channels_module
from mcp_transport.nchan.channels import MOST_UNATTACHED, Channel, Channels
from mcp_transport.nchan.publisher import Publisher
from tests.fleet.nchan import Nchan
from tests.nchan.conftest import Client, Listen
from tests.process import LIMIT, until


class Counted(Publisher):
    """Notes how many channels each request was for."""

    def __init__(self, address: str) -> None:
        super().__init__(address, patience=LIMIT)
        self.requests: list[int] = []

    def publish(self, channels: Sequence[str], data: bytes) -> asyncio.Future[int]:
        self.requests.append(len(channels))
        return super().publish(channels, data)


class Told:
    """What would be told to other worker processes."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, bool]] = []

    async def __call__(self, channel: str, is_there: bool) -> None:
        self.notes.append((channel, is_there))


@pytest.fixture
def publisher(nchan: Nchan) -> Counted:
    return Counted(nchan.publisher)


@pytest.fixture
async def channels(publisher: Counted) -> AsyncIterator[Channels]:
    channels = Channels({"n0": publisher}, Told())
    yield channels
    await channels.close()


async def opened(channels: Channels) -> Channel:
    channel = await channels.open()
    assert channel is not None
    return channel


async def attached(channels: Channels, listen: Listen) -> tuple[Channel, Client]:
    """A channel, and its client, of which Nchan has told."""
    channel = await opened(channels)
    client = await listen(channel.id)
    await channels.note(channel.id, is_there=True)
    return channel, client


async def test_what_many_are_told_in_one_turn_is_one_request(
    channels: Channels, publisher: Counted, listen: Listen
) -> None:
    pairs = [await attached(channels, listen) for _ in range(120)]
    for channel, _client in pairs:
        assert channel.offer(b"same")
    assert {await client.read(4) for _channel, client in pairs} == {b"same"}
    assert publisher.requests == [100, 20]


async def test_each_hears_everything_in_its_order(channels: Channels, listen: Listen) -> None:
    pairs = [await attached(channels, listen) for _ in range(3)]
    for piece in (b"a", b"b", b"a"):
        for number, (channel, _client) in enumerate(pairs):
            channel.offer(piece)
            channel.add(b"%d" % number)
    said = [await client.read(6) for _channel, client in pairs]
    assert said == [b"a0b0a0", b"a1b1a1", b"a2b2a2"]


async def test_what_is_said_before_a_client_has_come_waits_for_it(
    channels: Channels, listen: Listen
) -> None:
    channel = await opened(channels)
    await channel.write(b"early ")
    ending = asyncio.create_task(channel.end(b"late"))
    client = await listen(channel.id)
    await channels.note(channel.id, is_there=True)
    assert await client.rest() == b"early late"
    await ending
    assert len(channels) == 0


async def test_no_more_is_kept_for_a_client_to_come_than_nchan_keeps(
    channels: Channels, listen: Listen
) -> None:
    channel = await opened(channels)
    for _ in range(MOST_UNATTACHED):
        await channel.write(b".")
    assert not channel.offer(b".")
    writing = asyncio.create_task(channel.write(b"!"))
    client = await listen(channel.id)
    assert not writing.done()
    await channels.note(channel.id, is_there=True)
    assert await client.read(MOST_UNATTACHED + 1) == b"." * MOST_UNATTACHED + b"!"
    await writing


async def test_what_reaches_a_client_tells_that_it_has_come(
    channels: Channels, listen: Listen
) -> None:
    channel = await opened(channels)
    client = await listen(channel.id)  # and nobody says so
    await channel.write(b"x")
    assert await client.read(1) == b"x"
    await until(lambda: channel.is_attached)


async def test_a_client_that_never_comes_is_given_up(
    channels: Channels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels_module, "ATTACH_LIMIT", 0.05)
    channel = await opened(channels)
    async with asyncio.timeout(LIMIT):
        await channel.left()
        await channel.end(b"nobody hears it")
    assert len(channels) == 0


async def test_a_client_of_which_nchan_says_that_it_has_left_is_gone(
    channels: Channels, listen: Listen
) -> None:
    channel, client = await attached(channels, listen)
    await client.leave()
    await channels.note(channel.id, is_there=False)
    async with asyncio.timeout(LIMIT):
        await channel.left()
    assert not channel.offer(b"x")
    await channel.write(b"x")  # which does nothing


async def test_a_client_that_left_unsaid_is_found_out_among_others(
    channels: Channels, listen: Listen
) -> None:
    (stays, client), (leaves, leaving) = [await attached(channels, listen) for _ in range(2)]
    await leaving.leave()
    async with asyncio.timeout(LIMIT):
        while not leaves.has_left:  # Nchan may take a moment to notice
            stays.offer(b":")
            leaves.offer(b":")
            await asyncio.sleep(0.01)
    assert not stays.has_left
    assert await client.read(1) == b":"


async def test_whoever_misses_something_is_cut_off(
    channels: Channels, nchan: Nchan, listen: Listen
) -> None:
    channel, _client = await attached(channels, listen)
    nchan.kill()
    channel.offer(b"missed")
    async with asyncio.timeout(LIMIT):
        await channel.left()


async def test_the_next_that_answers_takes_a_stream(nchan: Nchan) -> None:
    away, here = Publisher("unix:/nowhere/publish.sock"), Publisher(nchan.publisher)
    channels = Channels({"n0": away, "n1": here}, Told())
    names = {(await opened(channels)).shard.name for _ in range(3)}
    assert names == {"n1"}
    assert channels.away == 1
    await channels.close()


async def test_none_is_opened_when_nobody_answers() -> None:
    channels = Channels({"n0": Publisher("unix:/nowhere/publish.sock")}, Told())
    assert await channels.open() is None
    assert len(channels) == 0
    await channels.close()


async def test_what_is_told_of_others_clients_is_passed_on() -> None:
    told = Told()
    channels = Channels({"n0": Publisher("unix:/nowhere/publish.sock")}, told)
    await channels.note("another process's", is_there=True)
    assert told.notes == [("another process's", True)]
    assert not channels.heed("another process's", is_there=True)
    await channels.close()
