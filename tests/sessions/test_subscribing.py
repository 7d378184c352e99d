"""What sessions subscribe to, written down by several processes at once."""

from __future__ import annotations

import asyncio

import pytest
from django.utils import timezone

from mcp_transport.models import Server, Session
from mcp_transport.sessions.subscribing import Subscribe, Unsubscribe
from mcp_transport.storage.writer import Writer

LIMIT = 30.0
MOST = 1000


@pytest.fixture
def session(transactional_db: None) -> str:
    server = Server.objects.create(slug="own")
    row = Session.objects.create(
        server=server,
        owner="anonymous",
        revision="2025-11-25",
        last_seen_at=timezone.now(),
        subscriptions=["note://old"],
    )
    return row.pk


async def test_of_what_two_processes_write_at_once_nothing_is_lost(session: str) -> None:
    writers = Writer(patience=LIMIT), Writer(patience=LIMIT)
    subscribe, unsubscribe = Subscribe(), Unsubscribe()
    async with asyncio.timeout(LIMIT):
        for number in range(15):
            await asyncio.gather(
                *(w.write(subscribe, (session, f"note://{w is writers[0]}/{number}", MOST))
                  for w in writers)
            )  # fmt: skip
        await writers[0].write(unsubscribe, (session, "note://old"))
    expected = {f"note://{is_first}/{n}" for is_first in (True, False) for n in range(15)}
    assert set((await Session.objects.aget()).subscriptions) == expected
    for writer in writers:
        assert await writer.stop(LIMIT)


async def test_what_is_said_twice_is_written_once(session: str) -> None:
    writer = Writer()
    for _ in range(2):
        await writer.write(Subscribe(), (session, "note://a", MOST))
        await writer.write(Unsubscribe(), (session, "note://old"))
    assert (await Session.objects.aget()).subscriptions == ["note://a"]
    assert await writer.stop(LIMIT)


async def test_a_session_that_is_gone_is_no_error(session: str) -> None:
    await Session.objects.all().adelete()
    writer = Writer()
    await writer.write(Subscribe(), (session, "note://a", MOST))
    assert await writer.stop(LIMIT)
