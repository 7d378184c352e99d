"""What two worker processes on PostgreSQL owe each other's clients, and five hundred streams."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.client import LegacyClient, ModernClient, Stream
from tests.faults.finding import Finding, a_site
from tests.faults.wire import LIMIT, Streams, call, connect, said, start
from tests.fleet.fleet import Fleet
from tests.process import Process
from tests.socket_http import SocketHttp

PATH = "/mcp/open"
REVISION = "2025-11-25"
HIDDEN, PLAIN, LAST = "note://staff", "note://plain", "note://pixel"
UPDATED, LISTED = "notifications/resources/updated", "notifications/tools/list_changed"
ENDED = 5.0  # seconds until a dead process's stream is ended by another
STREAMS, CONNECTIONS = 500, 5
CALLS, AT_ONCE = 200, 20
MEMORY_BUS = {"default": {"BACKEND": "mcp_transport.bus.memory.MemoryBus"}}
TOKEN = """
from django.contrib.auth.models import User
from mcp_transport.models import Server, Token
Server.objects.create(slug="guarded", access="token", offers=["good"])
print(Token.objects.issue(owner=User.objects.create_user("ada"), name="fault")[1])
"""


async def run(path: Path, url: str) -> list[Finding]:
    """A process that dies, changes, tokens; then the streams."""
    folder = a_site(path / "fleet", url)
    token = folder.manage("shell", "--verbosity", "0", "-c", TOKEN).strip()
    fleet = Fleet(folder)
    ways: list[SocketHttp] = []
    try:
        await fleet.start()
        ways = [SocketHttp(worker) for worker in fleet.workers]
        found = [await changes(ways), await tokens(ways, token, url), await death(fleet, ways)]
    finally:
        for way in ways:
            await way.close()
        fleet.stop()
    return [*found, await crowd(path / "crowd", url)]


async def changes(ways: list[SocketHttp]) -> Finding:
    """Every stream of every process hears of each change once, and of none that it may not see."""
    streams = [stream for way in ways for stream in await listening(way)]
    here, there = (ModernClient(way, PATH) for way in ways)
    await here.call("touch", {"uri": HIDDEN})
    await here.call("touch", {"uri": PLAIN})
    await there.call("announce", {"kind": "tools"})
    await asyncio.sleep(1)  # what would be told twice has been told by then
    await here.call("touch", {"uri": LAST})
    heard = await asyncio.gather(*(until_the_last(stream) for stream in streams))
    for stream in streams:
        await stream.close()
    expected = Counter({f"{UPDATED} {PLAIN}": 1, f"{LISTED} ": 1, f"{UPDATED} {LAST}": 1})
    good = sum(item == expected for item in heard)
    return Finding(
        fault="changes made in either of two processes",
        count=f"3 changes and one that is hidden, {len(streams)} streams of both eras",
        expected="every stream hears each once, and not of the hidden one",
        seen=f"{good} of {len(streams)} streams did",
        is_good=good == len(streams),
    )


async def listening(way: SocketHttp) -> list[Stream]:
    """A listener of each era at one process."""
    modern = await ModernClient(way, PATH).listen(
        {"toolsListChanged": True, "resourceSubscriptions": [HIDDEN, PLAIN, LAST]}
    )
    await modern.expect("notifications/subscriptions/acknowledged")
    client = await LegacyClient(way, PATH, REVISION).connect()
    legacy = await client.listen()
    for uri in (PLAIN, LAST):
        await client.ask("resources/subscribe", {"uri": uri})
    return [modern, legacy]


async def until_the_last(stream: Stream) -> Counter[str]:
    """What a stream hears, up to the last change."""
    heard: Counter[str] = Counter()
    while not heard[f"{UPDATED} {LAST}"]:
        message = await stream.message()
        assert message is not None
        heard[f"{message['method']} {message.get('params', {}).get('uri', '')}"] += 1
    return heard


async def tokens(ways: list[SocketHttp], token: str, url: str) -> Finding:
    """A token whose row goes, without a word to anybody, opens nothing a second later."""
    clients = [ModernClient(way, "/mcp/guarded", token=token) for way in ways]
    for client in clients:
        assert await status_of(client) == 200
    await asyncio.to_thread(execute, url, "DELETE FROM mcp_transport_token")
    gone_at = time.monotonic()
    for client in clients:
        while await status_of(client) != 401:
            assert time.monotonic() - gone_at < LIMIT
    took = time.monotonic() - gone_at
    return Finding(
        fault="a token is deleted in the database",
        count="2 processes that had just used it",
        expected="refused by both within 1 s",
        seen=f"refused after {took:.1f} s",
        is_good=took <= 1.5,  # the last question may have been on its way
    )


async def status_of(client: ModernClient) -> int:
    """The status of a request, whose answer is read so that its connection is free again."""
    exchange = await client.open("tools/list")
    await exchange.read()
    return exchange.status


async def death(fleet: Fleet, ways: list[SocketHttp]) -> Finding:
    """A process is killed at work; its client resumes at another."""
    client = await LegacyClient(ways[0], PATH, REVISION).connect()
    params = {"name": "work", "arguments": {"reports": 3, "until": "/nowhere"}}
    exchange = await client.open("tools/call", params, meta={"progressToken": "p"}, id="w")
    stream = await client.stream_of(exchange)
    for _ in range(3):
        await stream.expect("notifications/progress")
    await asyncio.to_thread(fleet.workers[0].kill)
    killed_at = time.monotonic()
    other = LegacyClient(ways[1], PATH, REVISION)
    other.session_id = client.session_id
    other._methods.update(client._methods)
    messages = [m async for m in (await other.listen(stream.events[0].id)).messages()]
    took = time.monotonic() - killed_at
    code = messages[-1].get("error", {}).get("code")
    return Finding(
        fault="kill -9 of one of two processes, at work for a session",
        count="1 call with 3 events",
        expected="3 events replayed by the other, -32603 within 5 s",
        seen=f"{len(messages) - 1} events, {code} after {took:.1f} s",
        is_good=len(messages) == 4 and code == -32603 and took <= ENDED,
    )


async def crowd(path: Path, url: str) -> Finding:
    """More streams, and calls at a time, than Django's pool has connections to the database."""
    await asyncio.to_thread(execute, url, "CREATE DATABASE crowd")
    folder = a_site(path, url.removesuffix("/postgres") + "/crowd", MCP_BUS=MEMORY_BUS)
    folder.environment["DATABASE_POOL"] = str(CONNECTIONS)
    process = Process(folder)
    streams: list[Any] = []
    try:
        await process.start()
        listen = {"notifications": {"toolsListChanged": True}}
        for _ in range(STREAMS):
            streams.append(await connect(process.port))
            await start(streams[-1], "subscriptions/listen", listen)
        callers = [await connect(process.port) for _ in range(AT_ONCE)]
        streams += callers
        async with sampled(url) as held:
            statuses = await every_call(callers)
        way = SocketHttp(process)
        await ModernClient(way, PATH).call("announce", {"kind": "tools"})
        listening = streams[:STREAMS]
        told = await asyncio.gather(*(said(reader, b"list_changed") for reader, _ in listening))
        await way.close()
    finally:
        for _reader, writer in streams:
            writer.close()
        process.close()
    return Finding(
        fault="streams on a pool of 5 connections to the database",
        count=f"{STREAMS} streams, {CALLS} calls that query it, {AT_ONCE} at a time",
        expected="all calls answered, all streams told, 5 connections at most",
        seen=f"{statuses[200]} answered, {sum(told)} told, {max(held)} connections",
        is_good=statuses == {200: CALLS} and all(told) and max(held) <= CONNECTIONS,
    )


async def every_call(callers: list[Streams]) -> Counter[int]:
    """Calls of a synchronous tool that queries, side by side; what they were answered."""
    statuses: Counter[int] = Counter()

    async def go_on(caller: Streams) -> None:
        for _ in range(CALLS // AT_ONCE):
            statuses[await call(caller, "query", asked="yes")] += 1

    await asyncio.gather(*(go_on(caller) for caller in callers))
    return statuses


@contextlib.asynccontextmanager
async def sampled(url: str) -> AsyncIterator[list[int]]:
    """How many connections the site of the streams held, again and again while the block ran."""
    held = [await asyncio.to_thread(connections, url)]

    async def look() -> None:
        while True:
            held.append(await asyncio.to_thread(connections, url))

    looking = asyncio.create_task(look())
    try:
        yield held
    finally:
        looking.cancel()
        await asyncio.wait([looking])


def execute(url: str, statement: str) -> Any:
    """Do something in the database; the first row, if there are any."""
    psycopg = import_module("psycopg")
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        found = connection.execute(statement)
        return found.fetchone() if found.description else None


def connections(url: str) -> int:
    """How many the site of the streams holds."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'crowd'"
    return int(execute(url, query)[0])
