"""Buses, each as another worker process would have it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from mcp_transport.bus.base import Bus
from tests.broker import Broker, a_broker
from tests.cluster import Cluster, running_cluster


class Ear:
    """One bus, and what it has heard."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.heard: list[bytes] = []

    def take(self, message: bytes) -> None:
        """What the bus calls."""
        self.heard.append(message)


Listen = Callable[[Bus], Awaitable[Ear]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Start a bus, which is stopped at the end."""
    ears: list[Ear] = []

    async def make(bus: Bus) -> Ear:
        ears.append(Ear(bus))
        await bus.start(ears[-1].take)
        return ears[-1]

    yield make
    async with asyncio.timeout(30):
        for ear in ears:
            await ear.bus.stop()


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    with a_broker() as made:
        await made.start()
        yield made


@pytest.fixture(scope="package")
def cluster() -> Iterator[Cluster]:
    """One for all tests of the buses."""
    with running_cluster() as running:
        yield running
