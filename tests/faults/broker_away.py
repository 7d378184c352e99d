"""Redis is stopped, hangs or forgets everything, while two worker processes serve."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.broker import Broker, a_broker
from tests.client import LegacyClient, ModernClient, Stream, text_of
from tests.faults.finding import Finding, a_site
from tests.faults.rolling import Calling, told
from tests.fleet.fleet import Fleet
from tests.process import Process
from tests.socket_http import SocketHttp

PATH = "/mcp/open"
URI = "note://plain"
BACK = 5.0  # seconds until streams are live again
REPORTS = 20
PER_SECOND = 50


async def stop(broker: Broker, seconds: float) -> None:
    """Take it away for so long."""
    broker.stop()
    await asyncio.sleep(seconds)
    await broker.start()


async def pause(broker: Broker, seconds: float) -> None:
    """Let it hang for so long."""
    broker.pause()
    await asyncio.sleep(seconds)
    broker.resume()


async def flush(broker: Broker, seconds: float) -> None:
    """Empty it every second for so long."""
    for _ in range(int(seconds)):
        broker.flush()
        await asyncio.sleep(1)


KINDS: dict[str, Callable[[Broker, float], Awaitable[None]]] = {
    "stopped": stop,
    "paused": pause,
    "flushed": flush,
}


async def run(path: Path, url: str, seconds: int) -> list[Finding]:
    """Each of the three for so long, on the database of a URL."""
    found: list[Finding] = []
    with a_broker() as broker:
        await broker.start()
        folder = a_site(path, url, MCP_STREAM_AFTER=0.1)
        folder.environment["REDIS_URL"] = broker.url
        fleet = Fleet(folder)
        try:
            await fleet.start()
            for name in KINDS:
                go = path / f"go-{name}"
                found.append(await look(name, fleet, broker, seconds, go))
        finally:
            fleet.stop()
    return found


async def look(name: str, fleet: Fleet, broker: Broker, seconds: int, go: Path) -> Finding:
    """What comes of calls, of stored events and of streams."""
    calling = Calling(fleet.port, PER_SECOND * seconds)
    calling.restarts = 2  # it waits for none
    one, other = fleet.workers
    async with clients(one, other) as (here, there):
        listener = await there.listen({"resourceSubscriptions": [URI]})
        await listener.expect("notifications/subscriptions/acknowledged")
        running = asyncio.create_task(calling.run())
        working = await begin_work(here, go)
        await KINDS[name](broker, seconds)
        back_at = time.monotonic()
        live_after = await hears(one, listener) - back_at
        events = await rest_of(here, other, working, go)
        await running
    is_good = set(calling.results) == {"200"} and live_after <= BACK and events == REPORTS
    return Finding(
        fault=f"Redis {name} for {seconds} s",
        count=f"{calling.results.total():,} calls, {REPORTS} stored events",
        expected=f"0 failed, no event lost, streams live within {BACK:.0f} s",
        seen=f"{told(calling.results)}; {events} events; live after {live_after:.1f} s",
        is_good=is_good,
    )


@asynccontextmanager
async def clients(one: Process, other: Process) -> AsyncIterator[tuple[LegacyClient, ModernClient]]:
    """A session by way of one process, and a client of the other."""
    ways = [SocketHttp(one), SocketHttp(other)]
    try:
        yield (
            await LegacyClient(ways[0], PATH, "2025-11-25").connect(),
            ModernClient(ways[1], PATH),
        )
    finally:
        for way in ways:
            await way.close()


async def begin_work(client: LegacyClient, go: Path) -> Stream:
    """A call whose client leaves after its first event."""
    params = {"name": "work", "arguments": {"reports": REPORTS, "until": str(go)}}
    exchange = await client.open("tools/call", params, meta={"progressToken": "p"}, id="w")
    stream = await client.stream_of(exchange)
    await stream.expect("notifications/progress")
    await stream.close()
    return stream


async def rest_of(client: LegacyClient, elsewhere: Process, begun: Stream, go: Path) -> int:
    """How many of the stored events another process replays, up to the result."""
    await asyncio.to_thread(go.touch)
    way = SocketHttp(elsewhere)
    try:
        other = LegacyClient(way, PATH, client.revision)
        other.session_id = client.session_id
        other._methods.update(client._methods)
        messages = [m async for m in (await other.listen(begun.events[0].id)).messages()]
    finally:
        await way.close()
    assert text_of(messages[-1]["result"]) == "worked"
    return len(messages) - 1


async def hears(teller: Process, listener: Stream) -> float:
    """When a listener of the other process hears of a resource, which is told again and again."""
    way = SocketHttp(teller)
    heard = asyncio.create_task(listener.expect("notifications/resources/updated"))
    try:
        client = ModernClient(way, PATH)
        while not heard.done():
            with suppress(TimeoutError):
                await client.call("touch", {"uri": URI})
                await asyncio.wait({heard}, timeout=0.1)
        heard.result()
        return time.monotonic()
    finally:
        await way.close()
