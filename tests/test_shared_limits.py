"""A limit holds for two worker processes together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.client import ModernClient
from tests.process import Folder, Process
from tests.socket_http import SocketHttp

pytestmark = [pytest.mark.server, pytest.mark.timeout(150)]

RATE = 30  # a minute: within a test no share grows back
LIMITED = f"""
from mcp_transport.models import EntryOverride, Server
server = Server.objects.create(slug="limited", access="public", offers=["good", "slow"], rate={RATE})
calm = Server.objects.create(slug="calm", access="public", offers=["good"], concurrency=1)
"""


class Two:
    """Two processes of one site, and a client of each."""

    def __init__(self, https: list[SocketHttp]) -> None:
        self._https = https

    def clients(self, slug: str) -> list[ModernClient]:
        return [ModernClient(http, f"/mcp/{slug}") for http in self._https]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = Folder(tmp_path_factory.mktemp("site")).prepare()
    folder.manage("shell", "--verbosity", "0", "-c", LIMITED)
    return folder


@pytest.fixture
async def two(folder: Folder) -> AsyncIterator[Two]:
    processes = [Process(folder), Process(folder)]
    https = [SocketHttp(process) for process in processes]
    try:
        await asyncio.gather(*(process.start() for process in processes))
        yield Two(https)
    finally:
        for http in https:
            await http.close()
        for process in processes:
            process.close()


async def served(client: ModernClient, tries: int) -> int:
    """How many of so many calls were answered."""
    replies = [await client.call("nothing") for _ in range(tries)]
    assert {reply.status for reply in replies} <= {200, 429}
    return sum(reply.status == 200 for reply in replies)


async def test_two_processes_share_a_rate(two: Two) -> None:
    one, other = two.clients("limited")
    assert await served(one, RATE) == RATE
    # The report of what the first has used is a wake-up away.
    for _ in range(RATE):
        if (await other.call("nothing")).status == 429:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("The other process gave everything once more.")
    assert await served(other, 5) == await served(one, 5) == 0


async def test_two_processes_share_what_may_run_at_once(two: Two) -> None:
    one, other = two.clients("calm")
    waiting = asyncio.create_task(one.call("wait"))
    for _ in range(100):  # until the report has arrived
        reply = await other.call("nothing")
        if reply.status == 429:
            break
        await asyncio.sleep(0.05)
    assert reply.headers["retry-after"] == "1"
    waiting.cancel()
    await asyncio.wait([waiting])
