"""Programs behind a real server process, which is killed, or told to stop."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import ModernClient, text_of
from tests.process import START_LIMIT, Folder, Process, takes_at_most, until
from tests.socket_http import SocketHttp
from tests.sources.stdio.conftest import is_alive
from tests.sources.stdio.test_supervisor import parent_of

pytestmark = [pytest.mark.server, pytest.mark.timeout(150)]

SERVERS = """
from mcp_transport.models import Server
Server.objects.create(slug="open", access="public", offers=["box"])
"""


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    """A server process with a program behind it; to be started."""
    folder = Folder(tmp_path)
    folder.environment["DJANGO_SETTINGS_MODULE"] = "tests.sources.stdio.site_settings"
    folder.manage("migrate", "--verbosity", "0")
    folder.manage("shell", "--verbosity", "0", "-c", SERVERS)
    process = Process(folder)
    yield process
    process.close()


async def leave_somebody(process: Process) -> list[int]:
    """Have a child that starts somebody who does not want to go; all three processes."""
    http = SocketHttp(process)
    try:
        reply = await ModernClient(http, "/mcp/open").call("box_spawn")
    finally:
        await http.close()
    said: dict[str, Any] = json.loads(text_of(reply.result))
    return [parent_of(said["pid"]), said["pid"], said["stubborn"]]


async def test_nothing_is_left_two_seconds_after_a_worker_process_was_killed(
    process: Process,
) -> None:
    async def kill() -> float:
        await process.start()
        programs = await leave_somebody(process)
        assert all(map(is_alive, programs))
        killed_at = time.monotonic()
        process.kill_alone()
        await until(lambda: not any(map(is_alive, programs)))
        return time.monotonic() - killed_at

    assert await takes_at_most(2.0, kill)


async def test_nothing_is_left_when_a_worker_process_was_told_to_stop(process: Process) -> None:
    await process.start()
    programs = await leave_somebody(process)
    process.terminate()
    await process.ended(within=START_LIMIT)
    assert not any(map(is_alive, programs))
