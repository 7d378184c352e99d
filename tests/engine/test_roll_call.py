"""Tests of mcp_transport.engine.roll_call, with two worker processes' runtimes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport.streams.notices import Heeded, Stale
from mcp_transport.worker.lifespan import Runtime

NOTICE = Stale("sessions", "s")
LIMIT = 30.0  # seconds
KEPT = 1.0  # seconds that a row is kept here


@pytest.fixture
async def two(transactional_db: None, settings: Any) -> AsyncIterator[list[Runtime]]:
    """Two that wake each other over the database."""
    settings.MCP_BUS = {"default": {"BACKEND": "mcp_transport.bus.database.DatabaseBus"}}
    settings.MCP_ROW_CACHE_SECONDS = KEPT
    two = [Runtime(), Runtime()]
    for run in two:
        await run.start()
    yield two
    for run in two:
        await run.stop()


async def seconds(run: Runtime) -> float:
    """How long a call of the roll takes."""
    begun = time.monotonic()
    await run.engine.services.roll_call.over(NOTICE)
    return time.monotonic() - begun


@pytest.fixture
def patient(two: list[Runtime]) -> None:
    """Whoever calls the roll waits for everybody."""
    for run in two:
        run.engine.services.roll_call._patience = 2 * LIMIT


async def test_it_is_over_when_the_other_has_heeded(
    two: list[Runtime], patient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    forgotten: list[str] = []
    monkeypatch.setattr(other.sessions, "forget", forgotten.append)
    assert await seconds(one) < LIMIT
    assert forgotten == ["s"]


async def test_several_are_called_at_once(two: list[Runtime], patient: None) -> None:
    one, other = two
    assert max(await asyncio.gather(seconds(one), seconds(one), seconds(other))) < LIMIT


async def test_one_that_does_not_answer_is_not_waited_for_longer_than_it_keeps_rows(
    two: list[Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    monkeypatch.setattr(other.heeding._roll_call, "answer", one.hub.announce)
    assert KEPT * 0.9 < await seconds(one) < LIMIT


async def test_nobody_is_called_where_nobody_is(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MCP_BUS = {"default": {"BACKEND": "mcp_transport.bus.database.DatabaseBus"}}
    alone = Runtime()
    await alone.start()
    called: list[object] = []
    monkeypatch.setattr(alone.hub, "announce", called.append)
    await seconds(alone)
    assert called == []
    monkeypatch.undo()
    await alone.stop()


async def test_an_answer_to_nobody_is_passed_over(two: list[Runtime]) -> None:
    two[0].heeding.heed(Heeded(NOTICE, "somebody"))
