"""The sources of a worker process, started and stopped."""

from __future__ import annotations

import asyncio
import logging

import pytest
from pytest_django import Settings

from mcp_transport import conf
from mcp_transport.engine import offering
from mcp_transport.engine.source import Tell
from mcp_transport.sources.apps import AppSource
from mcp_transport.worker import sources
from mcp_transport.worker.sources import Sources


class Noted(AppSource):
    """Notes what it is told to do."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    async def start(self, tell: Tell) -> None:
        self.done.append("start")

    async def stop(self) -> None:
        self.done.append("stop")


class Broken(Noted):
    """Fails at both."""

    async def start(self, tell: Tell) -> None:
        raise OSError("there is no such program")

    async def stop(self) -> None:
        raise OSError("it was never there")


class Slow(Noted):
    """Is never ready."""

    async def start(self, tell: Tell) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.done.append("left")


async def tell(uri: str) -> None:
    """Nobody listens."""


async def test_operators_are_shown_the_sources_that_serve(settings: Settings) -> None:
    alone = offering.known_sources()
    serving = Sources([Noted()])
    await serving.start(tell)
    assert offering.known_sources() is serving.all
    assert serving.away == 0
    paths = list(conf.settings.MCP_SOURCES)
    settings.MCP_SOURCES = paths[:1]
    assert offering.known_sources() is not serving.all
    settings.MCP_SOURCES = paths
    await serving.stop()
    assert [type(one) for one in offering.known_sources()] == [type(one) for one in alone]


async def test_one_that_fails_is_nothing_to_the_others(caplog: pytest.LogCaptureFixture) -> None:
    good = Noted()
    both = Sources([Broken(), good])
    with caplog.at_level(logging.ERROR, "mcp_transport.lifespan"):
        await both.start(tell)
        await both.stop()
    assert good.done == ["start", "stop"]
    assert [record.getMessage() for record in caplog.records] == [
        "The source 'apps' failed to start",
        "The source 'apps' failed to stop",
    ]


async def test_a_process_serves_before_a_slow_one_is_ready_and_stops_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "START_PATIENCE", 0.01)
    slow = Slow()
    started = Sources([slow])
    await asyncio.wait_for(started.start(tell), 30)
    assert slow.done == []
    await asyncio.wait_for(started.stop(), 30)
    assert slow.done == ["left", "stop"]


async def test_a_process_without_sources_starts_and_stops() -> None:
    none = Sources([])
    await none.start(tell)
    await none.stop()
