"""Tests of mcp_transport.sources.remote.keeping: many callers, and a server that is killed."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path
from typing import Any

import pytest

from mcp_transport.testing import Site
from mcp_transport.testing.results import ToolOutcome
from tests.process import Process
from tests.sources.remote.conftest import ERAS, Sited, here, keeper, until
from tests.sources.remote.scripted import Scripted

pytestmark = pytest.mark.server


async def test_no_answer_is_anybody_elses(sited: Sited, far: dict[str, Any]) -> None:
    async with sited(far=far) as site:
        clients = [site.client("open", revision=ERAS[number % 2]) for number in range(200)]
        nonces = [secrets.token_hex() for _ in clients]
        calls = [c.call("far_repeat", text=n) for c, n in zip(clients, nonces, strict=True)]
        outcomes = await asyncio.gather(*calls)
        assert [outcome.text for outcome in outcomes] == nonces
        assert keeper()._bulkhead.running == 0


@pytest.mark.parametrize("slug", ["open", "old"])
async def test_a_server_that_is_killed_fails_what_it_worked_for_and_nothing_after(
    sited: Sited, process: Process, tmp_path: Path, slug: str
) -> None:
    far = here(f"http://127.0.0.1:{process.port}/mcp/{slug}")
    async with sited(far=far) as site:
        client = site.client("open", revision="2025-11-25")
        held = [asyncio.create_task(hold(site, tmp_path / f"{number}")) for number in range(4)]
        await until(lambda: len(list(tmp_path.iterdir())) == len(held))
        process.kill()
        outcomes = await asyncio.gather(*held)
        assert all(outcome.is_error for outcome in outcomes)
        assert (await client.try_call("far_repeat", {"text": "away"})).is_error
        assert "far_repeat" in await client.tools()  # what it lists stands
        await process.start()
        await until(lambda: keeper().way.breaker.wait == 0)
        async with asyncio.timeout(20.0):
            while (found := await client.try_call("far_repeat", {"text": "back"})).is_error:
                await until(lambda: keeper().way.breaker.wait == 0)
        assert found.text == "back"


async def hold(site: Site, started: Path) -> ToolOutcome:
    """Call what does not end by itself."""
    files = {"started": str(started), "cancelled": f"{started}.cancelled"}
    return await site.client("open", revision="2025-11-25").try_call("far_hold", files)


async def test_how_it_is_is_said_in_a_word(sited: Sited, scripted: Scripted) -> None:
    async with sited(far=here(scripted.url), away=here("http://127.0.0.1:1/mcp")):
        assert keeper().health().text == "2026-07-28, 0 of 32 calls"
        health = keeper("away").health()
        assert (health.owner, health.is_well) == ("remote.away", False)
        assert "All connection attempts failed" in health.text
