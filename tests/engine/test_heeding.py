"""What a notice hastens: two worker processes on one bus, without a look in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.utils import timezone

from mcp_transport.auth.principal import ANONYMOUS
from mcp_transport.engine import heeding
from mcp_transport.models import Server, Session
from mcp_transport.protocol.revisions import REVISIONS
from mcp_transport.protocol.subscriptions import Change, Filter
from mcp_transport.streams.hub import Listener
from mcp_transport.streams.notices import Mail, Stale
from mcp_transport.worker import chores, lifespan
from mcp_transport.worker.lifespan import Runtime
from tests.process import until
from tests.streams.test_hub import Wire

AT_ONCE = 30.0  # seconds; by themselves they would find out in an hour


@pytest.fixture
def wires(monkeypatch: pytest.MonkeyPatch) -> list[Wire]:
    made: list[Wire] = []
    monkeypatch.setattr(lifespan, "_bus", lambda: Wire(made))
    return made


@pytest.fixture
async def two(
    transactional_db: None, wires: list[Wire], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Runtime, Runtime]]:
    """Worker processes that would find out nothing by themselves."""
    settings.MCP_ROW_CACHE_SECONDS = 3600.0
    monkeypatch.setattr(chores, "HEARTBEAT", 3600.0)
    one, other = Runtime(), Runtime()
    await one.start()
    await other.start()
    yield one, other
    await one.stop()
    await other.stop()


async def session_of(run: Runtime, server: Server) -> str:
    record = await run.sessions.open(
        ANONYMOUS,
        server_id=server.pk,
        revision=REVISIONS["2025-11-25"],
        client_info={},
        capabilities={},
    )
    return record.id


async def test_a_server_that_was_changed_is_read_again(two: tuple[Runtime, Runtime]) -> None:
    one, other = two
    row = await Server.objects.acreate(slug="main", title="Before")
    for run in two:
        assert (await run.directory.find("main")) is not None
    await Server.objects.filter(pk=row.pk).aupdate(title="After")
    one.announce(Stale("servers"))
    await until(lambda: other.directory.find_cached("main") is None, within=AT_ONCE)
    for run in two:
        found = await run.directory.find("main")
        assert found is not None
        assert found.server.title == "After"


async def test_listeners_elsewhere_are_told_at_once(two: tuple[Runtime, Runtime]) -> None:
    one, other = two
    row = await Server.objects.acreate(slug="main", offers=["good"])
    found = await other.directory.find("main")
    assert found is not None
    listener = Listener(
        "main", row.pk, ANONYMOUS, Filter(frozenset({"tools"})), basis=found.catalog
    )
    other.hub.add(listener)
    await Server.objects.filter(pk=row.pk).aupdate(offers=[])
    one.announce(Stale("servers"))
    async with asyncio.timeout(AT_ONCE):
        assert await listener.changes() == [Change("tools")]


async def test_a_list_that_was_announced_is_read_again(two: tuple[Runtime, Runtime]) -> None:
    one, other = two
    await Server.objects.acreate(slug="main")
    await other.directory.find("main")
    await one.hub.publish(Change("resources", "note://a"))
    assert other.directory.find_cached("main") is not None
    await one.hub.publish(Change("tools"))
    assert other.directory.find_cached("main") is None


async def test_tokens_are_looked_up_again(
    two: tuple[Runtime, Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    forgotten: list[str] = []
    for name, run in (("one", one), ("other", other)):
        monkeypatch.setattr(run.authenticators, "forget", lambda name=name: forgotten.append(name))
    one.announce(Stale("tokens"))
    await until(lambda: sorted(forgotten) == ["one", "other"], within=AT_ONCE)


async def test_a_session_that_was_closed_elsewhere_is_closed(
    two: tuple[Runtime, Runtime],
) -> None:
    one, other = two
    server = await Server.objects.acreate(slug="main")
    session_id = await session_of(one, server)
    assert await other.sessions.find(session_id) is not None
    listener = Listener("main", server.pk, ANONYMOUS, Filter(), session_id=session_id)
    other.hub.add(listener)
    await one.sessions.close(session_id, "client")
    await until(lambda: listener.is_ended, within=AT_ONCE)
    assert await other.sessions.find(session_id) is None


async def test_a_subscription_made_elsewhere_reaches_the_stream(
    two: tuple[Runtime, Runtime],
) -> None:
    one, other = two
    server = await Server.objects.acreate(slug="main")
    session_id = await session_of(one, server)
    listener = Listener("main", server.pk, ANONYMOUS, Filter(), session_id=session_id)
    other.hub.add(listener)
    record = await one.sessions.find(session_id)
    assert record is not None
    await one.sessions.subscribe(record, "note://a", most=9)
    await until(lambda: listener.filter.uris == {"note://a"}, within=AT_ONCE)


async def test_all_sessions_are_forgotten_when_it_is_not_said_which(
    two: tuple[Runtime, Runtime],
) -> None:
    one, other = two
    session_id = await session_of(other, await Server.objects.acreate(slug="main"))
    await Session.objects.filter(pk=session_id).adelete()
    one.announce(Stale("sessions"))
    await until(lambda: other.sessions.find_cached(session_id) is None, within=AT_ONCE)


async def test_mail_is_for_those_it_names(
    two: tuple[Runtime, Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    looked: list[str] = []
    monkeypatch.setattr(other.engine, "look_into_inbox", lambda: looked.append("other"))
    await one.hub.announce(Mail((one.worker_id,)))
    assert looked == []
    await one.hub.announce(Mail((other.worker_id, "third")))
    assert looked == ["other"]


async def test_an_errand_that_fails_is_logged_and_the_next_is_run(
    two: tuple[Runtime, Runtime],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, _other = two

    async def fail(*_arguments: Any) -> None:
        raise KeyError("x")

    monkeypatch.setattr(heeding, "look", fail)
    one.announce(Stale("servers"))
    await until(lambda: "could not be heeded" in caplog.text, within=AT_ONCE)


async def test_a_notice_at_the_very_moment_when_the_last_was_heeded_is_heeded_too(
    two: tuple[Runtime, Runtime], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, _other = two
    looks: list[Any] = []

    async def look(*arguments: Any) -> None:
        looks.append(arguments)

    monkeypatch.setattr(heeding, "look", look)
    notice = Stale("servers")
    one.heeding.heed(notice)
    async with asyncio.timeout(AT_ONCE):
        while not running_of(one).done():  # noqa: ASYNC110 - nothing else may run between
            await asyncio.sleep(0)
    one.heeding.heed(notice)
    await until(lambda: len(looks) == 2, within=AT_ONCE)


def running_of(run: Runtime) -> Any:
    return run.heeding._running


async def test_a_process_that_has_not_started_announces_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, announced = Runtime(), list[Any]()
    monkeypatch.setattr(run.heeding, "announce", announced.append)
    run.announce(Stale("servers"))
    await asyncio.sleep(0)  # a turn of the loop, in which it would be
    assert announced == []


async def test_a_session_that_an_operator_closes_ends_with_what_runs_in_it(
    two: tuple[Runtime, Runtime],
) -> None:
    one, other = two
    server = await Server.objects.acreate(slug="main")
    session_id = await session_of(one, server)
    assert await other.sessions.find(session_id) is not None
    kept = Listener(
        "main", server.pk, ANONYMOUS, Filter(), session_id=await session_of(one, server)
    )
    listener = Listener("main", server.pk, ANONYMOUS, Filter(), session_id=session_id)
    for item in (listener, kept):
        other.hub.add(item)
    await Session.objects.filter(pk=session_id).aupdate(closed_at=timezone.now())
    one.announce(Stale("sessions"))
    await until(lambda: listener.is_ended, within=AT_ONCE)
    assert not kept.is_ended
