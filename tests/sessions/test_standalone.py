"""Which of two worker processes holds the standalone stream of a session."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator

import pytest
from django.utils import timezone

from mcp_transport.models import Server, Session, Worker, worker
from mcp_transport.sessions import standalone
from mcp_transport.sessions.standalone import StandaloneStreams
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.writer import Writer

LIMIT = 30.0


@pytest.fixture
def session(transactional_db: None) -> str:
    server = Server.objects.create(slug="own")
    now = timezone.now()
    for name in ("one", "two"):
        Worker.objects.create(id=name, hostname="here", pid=1, started_at=now, seen_at=now)
    row = Session.objects.create(
        server=server, owner="anonymous", revision="2025-11-25", last_seen_at=now
    )
    return row.pk


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standalone, "PATIENCE", 0.1)
    monkeypatch.setattr(standalone, "INTERVAL", 0.01)
    monkeypatch.setattr(worker, "SILENCE", datetime.timedelta(seconds=60))


@pytest.fixture
async def two(session: str) -> AsyncIterator[tuple[StandaloneStreams, StandaloneStreams]]:
    """Those of two processes."""
    writer, pool = Writer(), RowPool(1, 100, "standalone", patience=LIMIT)
    yield StandaloneStreams(writer, pool, "one"), StandaloneStreams(writer, pool, "two")
    assert await writer.stop(LIMIT)
    assert await pool.stop(LIMIT)


Two = tuple[StandaloneStreams, StandaloneStreams]


async def test_one_process_has_it_and_another_does_not_get_it(two: Two, session: str) -> None:
    one, other = two
    assert await one.take(session) is False
    assert await other.take(session) is None
    assert (await Session.objects.aget()).listener == "one"


async def test_who_comes_after_it_was_left_may_have_missed_something(
    two: Two, session: str
) -> None:
    one, other = two
    assert await one.take(session) is False
    one.leave(session)
    assert await other.take(session) is True


async def test_what_is_left_in_a_moment_is_waited_for(
    two: Two, session: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standalone, "PATIENCE", LIMIT)
    one, other = two
    await one.take(session)
    taking = asyncio.create_task(other.take(session))
    done, _ = await asyncio.wait({taking}, timeout=0.1)
    assert not done
    one.leave(session)
    async with asyncio.timeout(LIMIT):
        assert await taking is True


@pytest.mark.parametrize("is_ended", [True, False])
async def test_a_process_that_has_died_has_nothing(two: Two, session: str, is_ended: bool) -> None:
    one, other = two
    await one.take(session)
    long_ago = timezone.now() - datetime.timedelta(hours=1)
    changed = {"ended_at": timezone.now()} if is_ended else {"seen_at": long_ago}
    await Worker.objects.filter(pk="one").aupdate(**changed)
    assert await other.take(session) is True
    one.leave(session)  # it was not dead after all
    assert await other.take(session) is True
    assert (await Session.objects.aget()).listener == "two"


async def test_a_process_takes_what_it_did_not_leave_in_order(two: Two, session: str) -> None:
    one, _other = two
    assert await one.take(session) is False
    assert await one.take(session) is True


async def test_of_many_who_come_at_once_one_gets_it(two: Two, session: str) -> None:
    taken = await asyncio.gather(*(streams.take(session) for streams in two))
    assert sorted(taken, key=str) == [False, None]


async def test_a_session_that_is_gone_has_no_stream(two: Two, session: str) -> None:
    await Session.objects.all().adelete()
    assert await two[0].take(session) is None
