"""The bus over a Channels layer, with both layers of channels-redis and a real Redis."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import channel_layers
from pytest_django import Settings

from mcp_transport.bus import channel_layer
from mcp_transport.bus.channel_layer import ChannelLayerBus
from mcp_transport.engine.guard import attempt
from tests.broker import Broker
from tests.bus.conftest import Ear, Listen
from tests.process import until

SOON = 30.0  # seconds any wait for a message may take
BACK = 20.0  # seconds until a broker that is back is used again
AWAY = 5.0  # seconds
LAYERS = {
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
}


@pytest.fixture(params=LAYERS)
async def aliases(
    request: pytest.FixtureRequest,
    broker: Broker,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[list[str]]:
    """One layer for each of three worker processes, which share a broker."""
    entry = {"BACKEND": LAYERS[request.param], "CONFIG": {"hosts": [broker.url]}}
    names = ["one", "two", "three"]
    settings.CHANNEL_LAYERS = dict.fromkeys(names, entry)
    monkeypatch.setattr(channel_layers, "backends", {})
    yield names
    for name in names:
        await close(channel_layers[name])


async def close(layer: Any) -> None:
    """Let go of a layer's connections."""
    if hasattr(layer, "close_pools"):
        await layer.close_pools()
    else:
        await layer.flush()


async def keep_telling(speaker: Ear, hearer: Ear, *, within: float) -> float:
    """Publish until it is heard; the seconds that it took."""
    begun, before = time.monotonic(), len(hearer.heard)
    async with asyncio.timeout(within):
        while len(hearer.heard) == before:
            await speaker.bus.publish(b"again")
            await asyncio.sleep(0.05)
    return time.monotonic() - begun


def publish_at_once(ear: Ear) -> None:
    """Whoever publishes waits for nobody: what publish() does, it does before it is waited for."""
    assert attempt(ear.bus.publish(b"lost")) is None


async def test_a_message_reaches_the_others_and_not_its_sender(
    aliases: list[str], listen: Listen
) -> None:
    one, two, three = [await listen(ChannelLayerBus(LAYER=name)) for name in aliases]
    await one.bus.publish(b"\xff{}")
    await until(lambda: two.heard and three.heard, within=SOON)
    await two.bus.publish(b"b")
    await until(lambda: one.heard and len(three.heard) == 2, within=SOON)
    assert (one.heard, two.heard, three.heard) == ([b"b"], [b"\xff{}"], [b"\xff{}", b"b"])


async def test_the_last_message_leaves_before_the_end(aliases: list[str], listen: Listen) -> None:
    one, two, _ = [await listen(ChannelLayerBus(LAYER=name)) for name in aliases]
    await one.bus.publish(b"farewell")
    await one.bus.stop()
    await until(lambda: two.heard == [b"farewell"], within=SOON)
    await one.bus.publish(b"nobody sends this")
    await one.bus.stop()


async def test_it_heals_when_redis_comes_back(
    aliases: list[str], listen: Listen, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "mcp_transport.bus")
    one, two = [await listen(ChannelLayerBus(LAYER=name)) for name in aliases[:2]]
    broker.stop()
    late = await listen(ChannelLayerBus(LAYER=aliases[2]))  # a start finds it away, and goes on
    until_then = time.monotonic() + AWAY
    while time.monotonic() < until_then:
        publish_at_once(one)
        await asyncio.sleep(0.2)
    assert "does not reach its channel layer" in caplog.text
    await broker.start()
    took = await keep_telling(one, two, within=BACK)
    assert await keep_telling(one, late, within=BACK) + took < BACK
    assert "reaches its channel layer again" in caplog.text


async def test_it_heals_when_redis_was_paused(
    aliases: list[str], listen: Listen, broker: Broker
) -> None:
    one, two = [await listen(ChannelLayerBus(LAYER=name)) for name in aliases[:2]]
    broker.pause()
    until_then = time.monotonic() + AWAY
    while time.monotonic() < until_then:
        publish_at_once(one)
        await asyncio.sleep(0.2)
    broker.resume()
    await keep_telling(one, two, within=BACK)


async def test_it_heals_when_redis_was_flushed(
    aliases: list[str], listen: Listen, broker: Broker
) -> None:
    one, two = [await listen(ChannelLayerBus(LAYER=name)) for name in aliases[:2]]
    broker.flush()
    await keep_telling(one, two, within=BACK)


async def test_a_process_that_has_gone_deaf_joins_anew(
    aliases: list[str], listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_layer, "HEARTBEAT", 0.05)
    monkeypatch.setattr(channel_layer, "DEAF_AFTER", 0.5)
    one, two = [await listen(ChannelLayerBus(LAYER=name)) for name in aliases[:2]]
    bus: Any = two.bus
    bus._listening.cancel()
    await asyncio.wait([bus._listening])
    await keep_telling(one, two, within=BACK)


async def test_more_than_can_wait_is_lost(
    aliases: list[str], listen: Listen, broker: Broker
) -> None:
    one = await listen(ChannelLayerBus(LAYER=aliases[0]))
    broker.stop()
    for _ in range(channel_layer.WAITING_LIMIT + 10):
        await one.bus.publish(b"x")


def test_a_layer_that_is_not_there_is_named(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {}
    (problem,) = ChannelLayerBus(LAYER="other").check()
    assert (problem.id, "'other'" in problem.msg) == ("mcp.E009", True)


def test_a_layer_in_memory_reaches_nobody(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": channel_layer.IN_MEMORY}}
    (problem,) = ChannelLayerBus().check()
    assert problem.id == "mcp.W005"


def test_a_good_layer_is_fine(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYERS["core"]}}
    assert ChannelLayerBus().check() == []
