"""
Two worker processes over each bus: what changes in one is heard in the other.

They find out nothing by themselves here, for nothing they keep grows old.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.core.asgi import get_asgi_application

from mcp_transport.auth.principal import ANONYMOUS
from mcp_transport.models import Server
from mcp_transport.protocol.subscriptions import Change, Filter
from mcp_transport.routing import mcp_application
from mcp_transport.streams.hub import Listener
from mcp_transport.testing.asgi import Http
from mcp_transport.worker import chores
from mcp_transport.worker.lifespan import Runtime, runtime
from tests.broker import Broker, a_broker
from tests.client import ModernClient
from tests.process import until

AT_ONCE = 30.0  # seconds; by itself a process would find out in an hour
AWAY = 5.0  # seconds
BACK = 20.0  # seconds
BUSES = "mcp_transport.bus"
LAYERS = {
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
}
NOTE = Change("resources", "note://a")


@pytest.fixture
def broker() -> Iterator[Broker]:
    with a_broker() as made:
        yield made


@pytest.fixture
async def layer(
    request: pytest.FixtureRequest,
    broker: Broker,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[str]:
    """The dotted path of the bus over one of the layers."""
    await broker.start()
    entry = {"BACKEND": LAYERS[request.param], "CONFIG": {"hosts": [broker.url]}}
    settings.CHANNEL_LAYERS = {"default": entry}
    monkeypatch.setattr(channel_layers, "backends", {})
    yield f"{BUSES}.channel_layer.ChannelLayerBus"
    used: Any = channel_layers["default"]
    await (used.close_pools() if request.param == "core" else used.flush())


async def start_two(settings: Any, monkeypatch: pytest.MonkeyPatch, bus: str) -> list[Runtime]:
    """The runtime of this process, and one as another process would have it."""
    settings.MCP_BUS = {"default": {"BACKEND": bus}}
    settings.MCP_ROW_CACHE_SECONDS = 3600.0
    monkeypatch.setattr(chores, "HEARTBEAT", 3600.0)
    await Server.objects.acreate(slug="open", access="public", title="Before", offers=["good"])
    two = [runtime(), Runtime()]
    for run in two:
        await run.start()
    return two


async def listening(run: Runtime, row: Server) -> Listener:
    """A stream that waits for changes of one resource."""
    found = await run.directory.find(row.slug)
    assert found is not None
    wanted = Filter(frozenset(), frozenset({str(NOTE.uri)}))
    listener = Listener(row.slug, row.pk, ANONYMOUS, wanted, basis=found.catalog)
    run.hub.add(listener)
    return listener


def title(run: Runtime) -> str | None:
    """The server's title, as a process has it."""
    found = run.directory.find_cached("open")
    return found.server.title if found else None


async def hears_of_changes(two: list[Runtime]) -> None:
    """A row that is saved, and a resource, become known to the other at once."""
    one, other = two
    row = await Server.objects.aget()
    listener = await listening(other, row)
    row.title = "After"
    await sync_to_async(row.save)()  # on_commit is synchronous
    await until(lambda: title(other) == "After", within=AT_ONCE)
    await one.hub.publish(NOTE, server_id=row.pk)
    async with asyncio.timeout(AT_ONCE):
        assert await listener.changes() == [NOTE]


async def stop(two: list[Runtime]) -> None:
    for run in two:
        await run.stop()


async def test_changes_are_heard_over_the_database(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await start_two(settings, monkeypatch, f"{BUSES}.database.DatabaseBus")
    try:
        await hears_of_changes(two)
    finally:
        await stop(two)


@pytest.mark.parametrize("layer", LAYERS, indirect=True)
async def test_changes_are_heard_over_redis(
    transactional_db: None, layer: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = await start_two(settings, monkeypatch, layer)
    try:
        await hears_of_changes(two)
    finally:
        await stop(two)


@pytest.mark.parametrize("layer", LAYERS, indirect=True)
async def test_calls_go_on_while_redis_is_away(
    transactional_db: None,
    layer: str,
    broker: Broker,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = await start_two(settings, monkeypatch, layer)
    http = Http(mcp_application(get_asgi_application()))
    client = ModernClient(http, "/mcp/open")
    try:
        broker.stop()
        back_at = time.monotonic() + AWAY
        while time.monotonic() < back_at:
            begun = time.monotonic()
            assert (await client.call("repeat", {"text": "x"})).result["content"]
            await two[0].hub.publish(NOTE)
            assert time.monotonic() - begun < AT_ONCE
            await asyncio.sleep(0.1)
        await broker.start()
        listener = await listening(two[1], await Server.objects.aget())
        async with asyncio.timeout(BACK):
            while not listener._pending:
                await two[0].hub.publish(NOTE)
                await asyncio.sleep(0.05)
    finally:
        await http.close()
        await stop(two)
