"""Streams of changes: told at once, told later to slow clients, and ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport.auth.principal import ANONYMOUS, Principal
from mcp_transport.bus.memory import MemoryBus
from mcp_transport.engine import patrol as patrol_module
from mcp_transport.engine.incoming import ENDED, Ended, Reply, Responder
from mcp_transport.engine.limiting import Limiting
from mcp_transport.engine.listening import Subscription, Wish
from mcp_transport.engine.patrol import Patrol
from mcp_transport.limits.limiter import Limiter
from mcp_transport.protocol.subscriptions import Change, Filter
from mcp_transport.streams.hub import Hub

LIMIT = 30.0
TOOLS, PROMPTS = Change("tools"), Change("prompts")


class Client(Responder):
    """A client that takes messages while it reads."""

    accepts_stream = accepts_json = True
    is_open = True

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.left = asyncio.Event()
        self.since: float | None = None
        self.is_given_up = False
        self.failure: Exception | None = None

    async def open(self) -> None:
        """See Responder.open()."""

    async def write(self, message: bytes, event_id: str | None = None) -> None:
        if self.failure is not None:
            raise self.failure
        await self.reads.wait()
        self.heard.append(message)

    def offer(self, message: bytes) -> bool:
        if self.reads.is_set():
            self.heard.append(message)
        return self.reads.is_set()

    @property
    def sending_since(self) -> float | None:
        return self.since

    def give_up(self) -> None:
        self.is_given_up = True

    async def retry(self, milliseconds: int) -> None:
        """See Responder.retry()."""

    async def gone(self) -> None:
        await self.left.wait()

    def heard_of(self, change: Change) -> int:
        return sum(change.method.encode() in message for message in self.heard)


class House:
    """What a stream needs around it, and the streams that were opened."""

    def __init__(self) -> None:
        self.hub = Hub(MemoryBus())
        self.patrol = Patrol()
        self.is_welcome = True
        recorder: Any = None
        self.limiting = Limiting(Limiter(), recorder, max_streams=9, max_anonymous_streams=9)
        self.services: Any = SimpleNamespace(
            hub=self.hub,
            patrol=self.patrol,
            limiting=self.limiting,
            limits=SimpleNamespace(stalled_after=1.0),
        )
        self.tasks: list[asyncio.Task[Reply | Ended]] = []

    async def who_now(self, before: Principal) -> Principal | None:
        return before if self.is_welcome else None

    def open(self, client: Client) -> asyncio.Task[Reply | Ended]:
        wanted = Filter(frozenset({"tools", "prompts"}))
        incoming: Any = SimpleNamespace(
            is_bound=False,
            who_now=self.who_now,
            principal=ANONYMOUS,
            offer=SimpleNamespace(
                identity={}, catalog=None, server=SimpleNamespace(slug="main", id=1)
            ),
        )
        wish = Wish(incoming=incoming, responder=client, filter=wanted)
        stream = Subscription(self.services, wish, id_=1)
        self.tasks.append(asyncio.create_task(stream.follow()))
        return self.tasks[-1]

    def is_empty(self) -> bool:
        held = self.limiting.streams_of(ANONYMOUS)
        return not self.hub.listeners() and not held and not self.patrol._guests


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    yield house
    house.patrol.stop()
    for task in house.tasks:
        task.cancel()
    if house.tasks:
        await asyncio.wait(house.tasks, timeout=LIMIT)


async def ended(task: asyncio.Task[Reply | Ended]) -> Reply | Ended:
    async with asyncio.timeout(LIMIT):
        return await task


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_change_is_sent_while_it_is_published(house: House) -> None:
    client = Client()
    task = house.open(client)
    await turns()
    tasks = len(asyncio.all_tasks())
    await house.hub.publish(TOOLS)
    assert client.heard_of(TOOLS) == 1  # nothing has run in between
    assert len(asyncio.all_tasks()) == tasks
    client.left.set()
    assert await ended(task) is ENDED
    assert house.is_empty()


async def test_a_slow_client_is_told_each_change_once_when_it_reads(house: House) -> None:
    slow, quick = Client(), Client()
    house.open(slow)
    house.open(quick)
    await turns()
    slow.reads.clear()
    for _ in range(50):
        await house.hub.publish(TOOLS)
    await house.hub.publish(PROMPTS)
    await turns()
    assert (quick.heard_of(TOOLS), quick.heard_of(PROMPTS)) == (50, 1)
    assert slow.heard_of(TOOLS) == 0
    slow.reads.set()
    await turns()
    assert 1 <= slow.heard_of(TOOLS) <= 2  # the one on its way, and what came behind it
    assert slow.heard_of(PROMPTS) == 1
    await house.hub.publish(PROMPTS)  # and from here on at once again
    assert slow.heard_of(PROMPTS) == 2


async def test_a_stream_that_is_ended_says_so_behind_all_that_came_before(house: House) -> None:
    client = Client()
    task = house.open(client)
    await turns()
    client.reads.clear()
    await house.hub.publish(TOOLS)
    house.hub.end_all()
    await turns()
    assert not task.done()
    client.reads.set()
    outcome = await ended(task)
    assert client.heard_of(TOOLS) == 1
    assert isinstance(outcome, Reply)
    assert b'"complete"' in outcome.body
    assert house.is_empty()


async def test_a_task_that_is_cancelled_by_others_stays_cancelled(house: House) -> None:
    client = Client()
    task = house.open(client)
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ended(task)
    assert house.is_empty()


async def test_who_is_no_longer_welcome_is_let_go_as_soon_as_there_is_a_doubt(
    house: House,
) -> None:
    client = Client()
    task = house.open(client)
    await turns()
    house.is_welcome = False
    house.patrol.doubt()
    assert isinstance(await ended(task), Reply)


async def test_who_is_no_longer_welcome_is_let_go_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol_module, "TURN", 0.001)
    monkeypatch.setattr(patrol_module, "RECHECK_INTERVAL", 0.0)
    house.is_welcome = False
    assert isinstance(await ended(house.open(Client())), Reply)


async def test_a_client_that_reads_nothing_is_given_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol_module, "TURN", 0.001)
    client = Client()
    task = house.open(client)
    await turns()
    client.since = -100.0  # seconds on the monotonic clock: long ago
    await ended(task)
    assert client.is_given_up


async def test_a_stream_that_cannot_be_written_ends_alone(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = Client(), Client()
    task = house.open(broken)
    house.open(sound)
    await turns()
    broken.reads.clear()
    broken.failure = RuntimeError("out of order")
    await house.hub.publish(TOOLS)
    await ended(task)
    assert "could not be written" in caplog.text
    await house.hub.publish(TOOLS)
    assert sound.heard_of(TOOLS) == 2


async def test_nobody_goes_round_where_nobody_is(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol_module, "TURN", 0.001)
    client = Client()
    task = house.open(client)
    await turns()
    going = house.patrol._going
    assert going is not None
    client.left.set()
    await ended(task)
    async with asyncio.timeout(LIMIT):
        await going
    await turns()
    assert house.patrol._going is None
