"""Tests of mcp_transport.nchan.offloading, with server processes behind two nginx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.client import LegacyClient, ModernClient, Stream, text_of
from tests.fleet.fleet import Fleet
from tests.fleet.nchan import SECRET
from tests.process import LIMIT, Folder, Process, until
from tests.socket_http import SocketHttp

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]

Past = Callable[[dict[str, str]], SocketHttp]

OPEN = "/mcp/open"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
TOOLS = "notifications/tools/list_changed"
MANY = 90


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two worker processes; Nchan tells one of them what the other waits for."""
    folder = Folder(tmp_path_factory.mktemp("site"))
    folder.environment["DJANGO_SETTINGS_MODULE"] = "tests.fleet.settings"
    fleet = Fleet(folder.prepare(), nchans=1)
    try:
        asyncio.run(fleet.start())
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture
async def http(fleet: Fleet) -> AsyncIterator[SocketHttp]:
    """Requests to the nginx in front."""
    http = SocketHttp(fleet)
    yield http
    await http.close()


@pytest.fixture
async def past(fleet: Fleet) -> AsyncIterator[Past]:
    """Requests that do not pass the nginx in front, and say what it says or would not say."""
    made: list[SocketHttp] = []

    def make(headers: dict[str, str]) -> SocketHttp:
        made.append(SocketHttp(fleet.workers[0], headers=headers))
        return made[-1]

    yield make
    for http in made:
        await http.close()


async def opened(client: ModernClient) -> Stream:
    """A stream that tells of changes of the tools."""
    stream = await client.listen({"toolsListChanged": True})
    await stream.expect(ACKNOWLEDGED)
    return stream


async def replaced(worker: Process) -> None:
    """Ask a worker process to end, and start another in its place."""
    worker.terminate()
    await worker.ended(within=40)
    await worker.start()


def connections(fleet: Fleet) -> int:
    """How many connections the worker processes hold, as Linux says."""
    ports = {f"{worker.port:04X}" for worker in fleet.workers}
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(row[1].partition(":")[2] in ports and row[3] == "01" for row in rows)


async def test_the_site_holds_no_connection_of_a_stream(fleet: Fleet, http: SocketHttp) -> None:
    client = ModernClient(http, OPEN)
    streams = [await opened(client) for _ in range(MANY)]
    await until(lambda: connections(fleet) < 10)
    await client.call("announce", {"kind": "tools"})
    for stream in streams:
        await stream.expect(TOOLS)


async def test_an_event_comes_when_it_is_written(http: SocketHttp, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    asked = {"name": "work", "arguments": {"reports": 2, "until": str(gate)}}
    client = await LegacyClient(http, OPEN, "2025-11-25").connect()
    exchange = await client.open("tools/call", asked, meta={"progressToken": "t"})
    assert exchange.headers["content-type"] == "text/event-stream"
    stream = await client.stream_of(exchange)
    assert [(await stream.expect("notifications/progress"))["progress"] for _ in "12"] == [1, 2]
    gate.touch()  # only now can it go on: what came was not held back
    answer = await stream.message()
    assert answer is not None
    assert text_of(answer["result"]) == "worked"
    assert await stream.message() is None


async def test_who_leaves_ends_a_call_without_a_session(http: SocketHttp, tmp_path: Path) -> None:
    started, cancelled = tmp_path / "started", tmp_path / "cancelled"
    asked = {"name": "hold", "arguments": {"started": str(started), "cancelled": str(cancelled)}}
    client = ModernClient(http, OPEN)
    exchange = await client.open("tools/call", asked, meta={"progressToken": "t"})
    await until(started.exists)
    await exchange.chunk()
    await exchange.disconnect()
    await until(cancelled.exists)


async def test_who_lost_a_stream_with_its_nginx_reads_on(
    fleet: Fleet, http: SocketHttp, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    asked = {"name": "work", "arguments": {"reports": 3, "until": str(gate)}}
    client = await LegacyClient(http, OPEN, "2025-11-25").connect()
    exchange = await client.open("tools/call", asked, id="w", meta={"progressToken": "t"})
    stream = await client.stream_of(exchange)
    await stream.expect("notifications/progress")
    fleet.nchans[0].kill()
    gate.touch()
    told = [message async for message in stream.messages()]
    assert all("result" not in message for message in told)
    resumed = await client.listen(stream.events[-1].id)  # which the site serves by itself
    answers = [message async for message in resumed.messages()]
    assert text_of(answers[-1]["result"]) == "worked"
    await fleet.nchans[0].start()


async def test_a_stream_is_served_while_nchan_is_away(
    fleet: Fleet, http: SocketHttp, tmp_path: Path
) -> None:
    fleet.nchans[0].kill()
    stream = await opened(ModernClient(http, OPEN))
    await stream.close()
    await fleet.nchans[0].start()


async def test_the_end_of_a_session_ends_its_stream(http: SocketHttp) -> None:
    client = await LegacyClient(http, OPEN, "2025-11-25").connect()
    stream = await client.listen()
    assert stream.exchange.headers["content-type"] == "text/event-stream"
    await client.delete()
    async with asyncio.timeout(LIMIT):
        assert [message async for message in stream.messages()] == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/_mcp/streams/n0/" + "a" * 32, {}),
        ("/mcp/_nchan/left", {"x-mcp-channel": "a" * 32}),
        ("/mcp/_nchan/left", {"x-mcp-channel": "a" * 32, "x-mcp-nchan": SECRET}),
    ],
)
async def test_nothing_of_it_is_reached_from_outside(
    http: SocketHttp, path: str, said: dict[str, str]
) -> None:
    exchange = await http.open("GET", path, headers=said)
    assert exchange.status == 404


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1]])
async def test_without_the_secret_nothing_is_handed_over(past: Past, secret: str) -> None:
    http = past({"x-mcp-nchan": secret} if secret else {})
    stream = await opened(ModernClient(http, OPEN))
    assert "x-accel-redirect" not in stream.exchange.headers
    said = {"x-mcp-channel": "a" * 32}
    assert (await http.open("GET", "/mcp/_nchan/left", headers=said)).status == 404


async def test_streams_end_in_order_with_their_process(fleet: Fleet, http: SocketHttp) -> None:
    streams = [await opened(ModernClient(http, OPEN)) for _ in range(4)]
    await asyncio.gather(*map(replaced, fleet.workers))
    for stream in streams:
        messages = [message async for message in stream.messages()]
        assert messages[-1]["result"]["resultType"] == "complete"


async def test_with_it_the_answer_says_where_the_stream_is(past: Past) -> None:
    http = past({"x-mcp-nchan": SECRET})
    exchange = await ModernClient(http, OPEN).open("subscriptions/listen", {"notifications": {}})
    assert exchange.headers["x-accel-redirect"].startswith("/_mcp/streams/n0/")
    assert exchange.headers["content-length"] == "0"
