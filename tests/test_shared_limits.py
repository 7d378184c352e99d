"""A limit holds for two worker processes together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from tests.client import ModernClient
from tests.process import LIMIT, Folder, Process
from tests.socket_http import SocketHttp

pytestmark = [pytest.mark.server, pytest.mark.timeout(150)]

RATE = 30  # a minute: every two seconds a share grows back
WAKE_UP = 0.3  # seconds
WAIT = {"name": "wait", "arguments": {"report": True}}
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
    begun_at = time.monotonic()
    assert await served(one, RATE) == RATE
    # The report of what the first has used is a wake-up away.
    for _ in range(RATE):
        if (await other.call("nothing")).status == 429:
            break
        await asyncio.sleep(WAKE_UP)
    else:
        pytest.fail("The other process gave everything once more.")
    more = await served(other, 5) + await served(one, 5)
    assert more <= (time.monotonic() - begun_at) * RATE / 60


async def test_two_processes_share_what_may_run_at_once(two: Two) -> None:
    one, other = two.clients("calm")
    waiting = await one.open("tools/call", WAIT, meta={"progressToken": "t"})
    await (await one.stream_of(waiting)).expect("notifications/progress")
    async with asyncio.timeout(LIMIT):
        # Until the report has arrived, of which nothing tells.
        while (reply := await other.call("nothing")).status != 429:  # noqa: ASYNC110
            await asyncio.sleep(WAKE_UP)
    assert reply.headers["retry-after"] == "1"
    await waiting.disconnect()
