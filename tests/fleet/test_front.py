"""The nginx of docs/howto/deploy.md in front of two real server processes."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from mcp_transport.conf import settings
from mcp_transport.serving.uvicorn_protocols import SPARED
from tests.fleet import certificate
from tests.fleet.fleet import Fleet
from tests.fleet.front import CONFIGURATION, guide
from tests.process import LIMIT, Folder, until
from tests.wire_sockets import WireSockets

pytestmark = [pytest.mark.server, pytest.mark.timeout(240)]

MEBIBYTE = 1024 * 1024
CALLS = 150
AT_ONCE = 5


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    fleet = Fleet(Folder(tmp_path_factory.mktemp("site")).prepare())
    try:
        asyncio.run(fleet.start())
        yield fleet
    finally:
        fleet.stop()


@pytest.fixture
async def client(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    base = f"http://127.0.0.1:{fleet.port}"
    async with httpx.AsyncClient(base_url=base, timeout=LIMIT) as client:
        yield client


@asynccontextmanager
async def events(
    client: httpx.AsyncClient, tool: str, **arguments: Any
) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    """The events of a call, as they come through."""

    async def read(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
        name = ""
        async for line in lines:
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                yield name, json.loads(value)

    path = f"/mcp/open/tools/{tool}/stream"
    headers = {"accept-encoding": "gzip", "accept": "text/event-stream"}
    async with client.stream("POST", path, json={"arguments": arguments}, headers=headers) as got:
        assert "content-encoding" not in got.headers
        yield read(got.aiter_lines())


async def test_an_event_comes_through_when_it_is_written(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with asyncio.timeout(LIMIT), events(client, "work", reports=2, until=str(gate)) as told:
        assert [await anext(told), await anext(told)] == [
            ("progress", {"progress": n, "total": 2, "message": None}) for n in (1, 2)
        ]
        gate.touch()  # only now can it go on: what came was not held back
        assert [name async for name, _data in told] == ["result", "done"]


async def test_a_client_that_leaves_is_noticed_behind_it(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    started, cancelled = tmp_path / "started", tmp_path / "cancelled"
    async with events(client, "hold", started=str(started), cancelled=str(cancelled)) as told:
        await anext(told)
    await until(cancelled.exists)


async def test_a_websocket_is_upgraded(fleet: Fleet) -> None:
    address = f"ws://127.0.0.1:{fleet.port}/mcp/open/ws/tools/repeat"
    async with asyncio.timeout(LIMIT), connect(address, proxy=None) as socket:
        await socket.send(json.dumps({"id": 1, "arguments": {"text": "through"}}))
        said = [json.loads(await socket.recv()) for _ in range(2)]
    assert [(event["event"], event.get("data")) for event in said] == [
        ("started", None),
        ("complete", "through"),
    ]


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_end_of_a_websocket_ends_its_work_behind_it(
    fleet: Fleet, tmp_path: Path, era: str
) -> None:
    started, cancelled = tmp_path / "started", tmp_path / "cancelled"
    socket = await WireSockets(fleet, host="localhost").open()
    await socket.initialize()
    ask = socket.request if era == "legacy" else socket.request_modern
    arguments = {"started": str(started), "cancelled": str(cancelled)}
    ask("tools/call", {"name": "hold", "arguments": arguments})
    await until(started.exists)
    await socket.leave()
    await until(cancelled.exists)


async def test_what_is_too_large_stops_there(client: httpx.AsyncClient) -> None:
    text = "x" * (4 * MEBIBYTE)
    answer = await client.post("/mcp/open/tools/repeat", json={"arguments": {"text": text}})
    assert answer.status_code == 413


async def test_a_page_names_the_address_that_the_browser_has(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    page = await client.get("/mcp/open", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert f"http://127.0.0.1:{fleet.port}/mcp/open" in page.text


async def call(client: httpx.AsyncClient, number: int) -> int:
    text = f"call {number}"
    answer = await client.post("/mcp/open/tools/repeat", json={"arguments": {"text": text}})
    return answer.status_code if answer.json().get("data") == text else 0


async def test_no_call_is_lost_or_made_twice_while_one_process_is_replaced(
    fleet: Fleet, client: httpx.AsyncClient
) -> None:
    replaced = fleet.workers[0]
    found: dict[int, int] = {}
    numbers = iter(range(CALLS))

    async def work() -> None:
        for number in numbers:
            found[number] = await call(client, number)

    async def replace() -> None:
        replaced.terminate()
        await replaced.ended(within=40)
        await replaced.start()

    await asyncio.gather(replace(), *(work() for _ in range(AT_ONCE)))
    assert list(found.values()) == [200] * CALLS
    made = "SELECT count(*), count(DISTINCT arguments) FROM mcp_transport_call"
    rows = replaced.folder.rows(f"{made} WHERE arguments LIKE '%call %'")
    assert rows == [(CALLS, CALLS)]


def test_it_lets_go_of_idle_connections_before_a_process_that_stops_does() -> None:
    kept = re.search(r"keepalive_timeout (\d+)ms;", guide())
    assert kept is not None
    assert int(kept[1]) / 1000 < min(settings.MCP_DRAIN_DELAY, SPARED)


def test_it_is_a_configuration_as_it_stands(tmp_path: Path) -> None:
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert nginx, "missing: nginx (Debian package nginx; see scripts/deps.sh)"
    found, key = certificate.make(tmp_path)
    ssl = f"ssl_certificate {found};\n    ssl_certificate_key {key};"
    site = guide().replace("server_name shop.example;", f"server_name shop.example;\n    {ssl}")
    text = CONFIGURATION.format(folder=tmp_path, user="", site=site)
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(text, encoding="utf-8")
    command = [nginx, "-t", "-p", str(tmp_path), "-c", str(configuration), "-e", "stderr"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
