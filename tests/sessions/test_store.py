"""Sessions: opened, found, touched, changed, closed, and how many there may be."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.utils import timezone

from mcp_transport import conf
from mcp_transport.auth.principal import ANONYMOUS, Principal
from mcp_transport.models import Server, Session, Stream
from mcp_transport.models.session import UNFINISHED
from mcp_transport.protocol.revisions import REVISIONS
from mcp_transport.sessions import store as store_module
from mcp_transport.sessions.store import SHORT, SessionRecord, SessionStore
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.writer import Writer, WriterFull

LIMIT = 30.0
REVISION = REVISIONS["2025-11-25"]


def principal(key: str) -> Principal:
    """Somebody without a row."""
    return msgspec.structs.replace(ANONYMOUS, key=key, user=SimpleNamespace(is_anonymous=False))


ADA, BOB = principal("user:1"), principal("user:2")


class Clock:
    """Monotonic time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(store_module, "time", clock)
    return clock


@pytest.fixture
async def parts(transactional_db: None) -> AsyncIterator[tuple[Writer, RowPool]]:
    writer, pool = Writer(), RowPool(1, 100, "store", patience=LIMIT)
    yield writer, pool
    assert await writer.stop(LIMIT)
    assert await pool.stop(LIMIT)


@pytest.fixture
def own_server(transactional_db: None) -> Server:
    return Server.objects.create(slug="own")


@pytest.fixture
def store(parts: tuple[Writer, RowPool], clock: Clock) -> SessionStore:
    return SessionStore(*parts)


async def open_one(store: SessionStore, server: Server, **more: Any) -> SessionRecord:
    given: dict[str, Any] = {
        "server_id": server.pk,
        "revision": REVISION,
        "client_info": {"name": "tests", "version": "1"},
        "capabilities": {"roots": {}},
    }
    who = more.pop("principal", ADA)
    record = await store.open(who, **{**given, **more})
    for session_id in await store.surplus(who, server.pk):
        await store.close(session_id, "too many sessions")
    return record


async def test_a_session_is_stored_before_it_is_returned(
    store: SessionStore, own_server: Server
) -> None:
    record = await open_one(store, own_server)
    row = await Session.objects.aget(pk=record.id)
    assert (row.server_id, row.owner, row.revision) == (own_server.pk, "user:1", "2025-11-25")
    assert (row.client_name, row.client_version) == ("tests", "1")
    assert row.client_capabilities == {"roots": {}}
    assert row.closed_at is None
    assert len(record.id) == 43


@pytest.mark.parametrize("key", ["https://issuer.example#" + "x" * 500, "user:a\x00b"])
async def test_whoever_asks_has_a_session_that_is_found_again(
    store: SessionStore, own_server: Server, key: str
) -> None:
    who = principal(key)
    record = await open_one(store, own_server, principal=who)
    store.forget(record.id)
    found = await store.find(record.id)
    assert found is not None
    assert found.owner == who.key == principal(key).key


async def test_what_a_client_calls_itself_is_kept_short(
    store: SessionStore, own_server: Server
) -> None:
    info = {"name": "x" * 1000, "version": 7}
    record = await open_one(store, own_server, client_info=info)
    row = await Session.objects.aget(pk=record.id)
    assert (len(row.client_name), row.client_version) == (SHORT, "7")


async def test_another_process_finds_the_session_as_it_was_left(
    store: SessionStore, parts: tuple[Writer, RowPool], own_server: Server
) -> None:
    record = await open_one(store, own_server)
    await store.set_log_level(record, "error")
    changed = await store.subscribe(record, "note://a", most=9)
    assert changed is not None
    other = SessionStore(*parts)
    assert other.find_cached(record.id) is None
    assert await other.find(record.id) == changed
    assert changed.subscriptions == ("note://a",)


async def test_that_a_client_is_ready_is_written_down_beside_what_others_set(
    store: SessionStore, parts: tuple[Writer, RowPool], own_server: Server
) -> None:
    record = await open_one(store, own_server)
    await store.note_initialized(record)
    await SessionStore(*parts).set_log_level(record, "error")  # which knew nothing of it
    row = await Session.objects.aget(pk=record.id)
    assert (row.is_initialized, row.log_level) == (True, "error")
    found = store.find_cached(record.id)
    assert found is not None
    assert found.is_initialized


async def test_a_session_is_read_again_after_a_moment(
    store: SessionStore, own_server: Server, clock: Clock
) -> None:
    record = await open_one(store, own_server)
    await Session.objects.filter(pk=record.id).aupdate(log_level="error")
    assert await store.find(record.id) == record
    clock.now += 1.1
    assert store.find_cached(record.id) is None
    found = await store.find(record.id)
    assert found is not None
    assert found.log_level == "error"


async def test_a_closed_session_is_found_no_more(store: SessionStore, own_server: Server) -> None:
    record = await open_one(store, own_server)
    await store.close(record.id, "client")
    assert await store.find(record.id) is None
    assert (await Session.objects.aget(pk=record.id)).close_reason == "client"


async def test_a_session_that_was_closed_elsewhere_is_found_no_more(
    store: SessionStore, own_server: Server, clock: Clock
) -> None:
    record = await open_one(store, own_server)
    await Session.objects.filter(pk=record.id).aupdate(closed_at=timezone.now())
    clock.now += 1.1
    assert await store.find(record.id) is None
    assert await store.find(record.id) is None


async def test_what_never_was_a_session_is_none(store: SessionStore) -> None:
    assert await store.find("n" * 43) is None


@pytest.mark.parametrize(
    "session_id", ["", "nothing", "\x00" * 43, "é" * 43, "a" * 44, "a" * 42 + "\n"]
)
async def test_what_is_no_session_id_is_not_looked_for(
    store: SessionStore, monkeypatch: pytest.MonkeyPatch, session_id: str
) -> None:
    monkeypatch.setattr(store_module, "_load", None)
    assert await store.find(session_id) is None
    store.forget("nothing")


async def test_a_session_of_a_revision_that_is_gone_is_none(
    store: SessionStore, own_server: Server, clock: Clock
) -> None:
    record = await open_one(store, own_server)
    await Session.objects.filter(pk=record.id).aupdate(revision="1999-01-01")
    clock.now += 1.1
    assert await store.find(record.id) is None


async def test_an_idle_session_expires(
    store: SessionStore, own_server: Server, clock: Clock, settings: Any
) -> None:
    record = await open_one(store, own_server)
    past = timezone.now() - datetime.timedelta(seconds=settings_idle() + 1)
    await Session.objects.filter(pk=record.id).aupdate(last_seen_at=past)
    clock.now += 1.1
    assert await store.find(record.id) is None


async def test_a_session_whose_client_never_was_ready_expires_soon(
    store: SessionStore, own_server: Server, clock: Clock
) -> None:
    cut, ready = [await open_one(store, own_server) for _ in range(2)]
    await store.note_initialized(ready)
    past = timezone.now() - UNFINISHED
    await Session.objects.aupdate(last_seen_at=past)
    clock.now += 1.1
    assert await store.find(cut.id) is None
    assert await store.find(ready.id) is not None


async def test_a_session_with_a_stream_that_goes_on_does_not_expire(
    store: SessionStore, own_server: Server, clock: Clock
) -> None:
    record = await open_one(store, own_server)
    now = timezone.now()
    stream = await Stream.objects.acreate(id="a", session_id=record.id, worker="one", opened_at=now)
    past = now - datetime.timedelta(seconds=settings_idle() + 1)
    await Session.objects.filter(pk=record.id).aupdate(last_seen_at=past)
    clock.now += 1.1
    assert await store.find(record.id) == record
    await Session.objects.filter(pk=record.id).aupdate(last_seen_at=past)
    await Stream.objects.filter(pk=stream.pk).aupdate(closed_at=now)
    clock.now += 1.1
    assert await store.find(record.id) is None


def settings_idle() -> float:
    return float(conf.settings.MCP_SESSION_IDLE_TIMEOUT)


@pytest.mark.parametrize("pause", [0.5, 5.0])
async def test_use_is_noted_now_and_then_however_far_requests_are_apart(
    store: SessionStore,
    parts: tuple[Writer, RowPool],
    own_server: Server,
    clock: Clock,
    pause: float,
) -> None:
    record = await open_one(store, own_server)
    past = timezone.now() - datetime.timedelta(seconds=settings_idle() - 60)
    await Session.objects.filter(pk=record.id).aupdate(last_seen_at=past, is_initialized=True)
    writes = 0
    post = parts[0].post

    def count(*arguments: Any) -> None:
        nonlocal writes
        writes += 1
        post(*arguments)

    parts[0].post = count  # type: ignore[method-assign,assignment]
    begun = clock.now
    while clock.now - begun < 65:
        clock.now += pause
        assert await store.find(record.id) is not None
    assert writes == 2
    await parts[0].flush(LIMIT)
    assert (await Session.objects.aget(pk=record.id)).last_seen_at > past


async def test_a_full_writer_does_not_fail_a_request(
    store: SessionStore,
    parts: tuple[Writer, RowPool],
    own_server: Server,
    clock: Clock,
) -> None:
    record = await open_one(store, own_server)

    def refuse(*_arguments: Any) -> None:
        raise WriterFull("full")

    parts[0].post = refuse  # type: ignore[method-assign,assignment]
    clock.now += 60
    assert await store.find(record.id) == record


@pytest.fixture
def few(settings: Any) -> None:
    settings.MCP_MAX_SESSIONS = 2


async def open_ids() -> set[str]:
    return {row.pk async for row in Session.objects.filter(closed_at=None)}


async def test_who_has_too_many_loses_the_one_used_longest_ago(
    few: None, store: SessionStore, own_server: Server, clock: Clock
) -> None:
    first, second = await open_one(store, own_server), await open_one(store, own_server)
    clock.now += 2
    assert await store.find(first.id) == first
    clock.now += 2
    third = await open_one(store, own_server)
    assert await open_ids() == {first.id, third.id}
    assert await store.find(second.id) is None
    assert (await Session.objects.aget(pk=second.id)).close_reason == "too many sessions"


async def test_others_lose_nothing(few: None, store: SessionStore, own_server: Server) -> None:
    mine = {(await open_one(store, own_server)).id for _ in range(2)}
    theirs = {(await open_one(store, own_server, principal=BOB)).id for _ in range(2)}
    assert await open_ids() == mine | theirs


async def test_sessions_are_counted_on_each_server(
    few: None, store: SessionStore, own_server: Server
) -> None:
    other = await Server.objects.acreate(slug="other")
    here = {(await open_one(store, own_server)).id for _ in range(2)}
    there = {(await open_one(store, other)).id for _ in range(2)}
    assert await open_ids() == here | there


async def test_sessions_of_other_processes_count_too(
    few: None, store: SessionStore, parts: tuple[Writer, RowPool], own_server: Server
) -> None:
    old = [await open_one(SessionStore(*parts), own_server) for _ in range(2)]
    for age, record in zip((20, 10), old, strict=True):
        seen = timezone.now() - datetime.timedelta(seconds=age)
        await Session.objects.filter(pk=record.id).aupdate(last_seen_at=seen)
    new = await open_one(store, own_server)
    assert await open_ids() == {old[1].id, new.id}


async def test_the_cache_is_bounded(
    store: SessionStore, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "CACHE_LIMIT", 2)
    records = [await open_one(store, own_server) for _ in range(3)]
    assert store.find_cached(records[0].id) is None
    assert store.find_cached(records[1].id) == records[1]
    assert await store.find(records[0].id) == records[0]


class Slow:
    """Reads that answer when they may, with what they had found before."""

    def __init__(self, pool: RowPool, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.has_read = asyncio.Event()
        self._read = pool.read
        monkeypatch.setattr(pool, "read", self.read)

    async def read(self, function: Any, *arguments: Any) -> Any:
        found = await self._read(function, *arguments)
        self.has_read.set()
        await self.may_answer.wait()
        return found


@pytest.fixture
def slow(parts: tuple[Writer, RowPool], monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(parts[1], monkeypatch)


async def looking(store: SessionStore, slow: Slow, session_id: str) -> asyncio.Task[Any]:
    """Somebody who has read the row, and was not told yet."""
    store.forget(session_id)
    slow.has_read.clear()
    slow.may_answer.clear()
    task = asyncio.create_task(store.find(session_id))
    async with asyncio.timeout(LIMIT):
        await slow.has_read.wait()
    return task


async def test_what_was_read_before_a_session_was_closed_is_not_kept(
    store: SessionStore, own_server: Server, slow: Slow
) -> None:
    record = await open_one(store, own_server)
    task = await looking(store, slow, record.id)
    await store.close(record.id, "client")
    slow.may_answer.set()
    await task
    assert store.find_cached(record.id) is None
    assert await store.find(record.id) is None


async def test_a_session_that_is_used_while_it_is_closed_is_closed(
    store: SessionStore, own_server: Server, parts: tuple[Writer, RowPool]
) -> None:
    record = await open_one(store, own_server)
    write = parts[0].write

    def use_and_write(*arguments: Any, **named: Any) -> Any:
        store._remember(record)  # as a request does that comes meanwhile
        return write(*arguments, **named)

    parts[0].write = use_and_write  # type: ignore[method-assign]
    await store.close(record.id, "client")
    assert await store.find(record.id) is None


async def test_what_was_read_before_a_notice_is_not_kept(
    store: SessionStore, own_server: Server, slow: Slow
) -> None:
    record = await open_one(store, own_server)
    task = await looking(store, slow, record.id)
    await Session.objects.filter(pk=record.id).aupdate(closed_at=timezone.now())
    store.forget(record.id)
    slow.may_answer.set()
    await task
    assert await store.find(record.id) is None


async def test_what_was_read_before_a_change_does_not_undo_it(
    store: SessionStore, own_server: Server, slow: Slow
) -> None:
    record = await open_one(store, own_server)
    task = await looking(store, slow, record.id)
    await store.set_log_level(record, "error")
    slow.may_answer.set()
    await task
    found = await store.find(record.id)
    assert found is not None
    assert found.log_level == "error"


async def test_two_processes_add_to_the_same_subscriptions(
    store: SessionStore, parts: tuple[Writer, RowPool], own_server: Server
) -> None:
    record, other = await open_one(store, own_server), SessionStore(*parts)
    assert await other.find(record.id) == record
    await store.subscribe(record, "note://a", most=9)
    await other.subscribe(record, "note://b", most=9)
    await store.set_log_level(record, "error")
    both = await store.subscribe(record, "note://a", most=9)
    assert both is not None
    assert (both.subscriptions, both.log_level) == (("note://a", "note://b"), "error")
    left = await other.unsubscribe(record, "note://a")
    assert left is not None
    assert left.subscriptions == ("note://b",)


async def test_a_session_subscribes_to_so_much_and_no_more(
    store: SessionStore, own_server: Server
) -> None:
    record = await open_one(store, own_server)
    await store.subscribe(record, "note://a", most=1)
    full = await store.subscribe(record, "note://b", most=1)
    assert full is not None
    assert full.subscriptions == ("note://a",)


async def test_a_session_that_has_ended_subscribes_to_nothing(
    store: SessionStore, own_server: Server
) -> None:
    record = await open_one(store, own_server)
    await store.close(record.id, "client")
    assert await store.subscribe(record, "note://a", most=9) is None


async def test_who_only_sets_things_is_in_use(
    store: SessionStore, parts: tuple[Writer, RowPool], own_server: Server, clock: Clock
) -> None:
    record = await open_one(store, own_server)
    past = timezone.now() - datetime.timedelta(seconds=settings_idle() - 60)
    await Session.objects.filter(pk=record.id).aupdate(last_seen_at=past, is_initialized=True)
    for _ in range(4):
        clock.now += 20
        found = await store.find(record.id)
        assert found is not None
        await store.set_log_level(found, "error")
    await parts[0].flush(LIMIT)
    assert (await Session.objects.aget(pk=record.id)).last_seen_at > past


async def test_who_sets_things_all_the_time_is_read_again_all_the_same(
    store: SessionStore, own_server: Server, clock: Clock
) -> None:
    record = await open_one(store, own_server)
    await Session.objects.filter(pk=record.id).aupdate(closed_at=timezone.now())
    for _ in range(3):
        clock.now += 0.5
        if store.find_cached(record.id) is not None:
            await store.set_log_level(record, "error")
    assert await store.find(record.id) is None
