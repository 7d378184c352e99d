"""Tests of mcp_transport.monitoring.sharing: worker processes that show each other's figures."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import httpx
import pytest
from pytest_django import Settings

from mcp_transport.monitoring.sharing import FOLDER, is_shareable, shared_folder
from tests.process import INTERVAL, LIMIT, Folder, Process

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {
        "name": "nothing",
        "arguments": {},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        },
    },
}
HEADERS = {
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "nothing",
}


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)


@pytest.mark.parametrize(("path", "workers"), [(None, 4), ("/metrics", 1)])
def test_no_folder_is_made_that_nobody_needs(
    alone: None, settings: Settings, path: str | None, workers: int
) -> None:
    settings.MCP_METRICS_PATH = path
    with shared_folder(workers):
        assert FOLDER not in os.environ


def test_a_folder_is_there_for_as_long_as_the_site_is_served(
    alone: None, settings: Settings
) -> None:
    settings.MCP_METRICS_PATH = "/metrics"
    with shared_folder(2):
        folder = os.environ[FOLDER]
        assert is_shareable(folder)
    assert not Path(folder).exists()
    assert FOLDER not in os.environ


def test_a_folder_that_was_named_is_left_as_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.MCP_METRICS_PATH = "/metrics"
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with shared_folder(2):
        assert os.environ[FOLDER] == str(tmp_path)
    assert tmp_path.exists()
    assert not is_shareable(str(tmp_path / "none"))


@pytest.mark.server
async def test_whichever_process_is_asked_tells_of_all(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (tmp_path / "figures").mkdir()
    folder.environment[FOLDER] = str(tmp_path / "figures")
    folder.environment["MCP_METRICS_PATH"] = "/metrics"
    folder.prepare()
    processes = [Process(folder), Process(folder)]
    try:
        for process in processes:
            await process.start()
        addresses = [f"http://127.0.0.1:{process.port}" for process in processes]
        async with httpx.AsyncClient(headers=HEADERS, timeout=30) as client:
            for address in (addresses[0],) * 2 + (addresses[1],) * 3:
                answer = await client.post(f"{address}/mcp/open", json=CALL)
                assert answer.status_code == 200, answer.text

            for address in addresses:
                await shown(client, address, (5.0, 2.0))
            processes[1].kill()
            await shown(client, addresses[0], (5.0, 1.0))
    finally:
        for process in processes:
            process.close()


async def shown(client: httpx.AsyncClient, address: str, expected: tuple[float, float]) -> None:
    """Wait until so many requests and so many processes are shown."""
    async with asyncio.timeout(LIMIT):
        while True:
            text = (await client.get(f"{address}/metrics")).text
            names = ("request_duration_seconds_count", "workers")
            if tuple(number_of(name, text) for name in names) == expected:
                return
            await asyncio.sleep(INTERVAL)


def number_of(name: str, text: str) -> float:
    """The sum of a figure's values."""
    return sum(map(float, re.findall(rf"^mcp_{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)))
