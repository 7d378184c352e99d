"""The bus over the site's database: over a file of SQLite, and over PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from mcp_transport.bus import database, sqlite
from mcp_transport.bus.database import DatabaseBus
from mcp_transport.bus.link import Link
from mcp_transport.bus.sqlite import SqliteLink
from tests.bus.conftest import Listen
from tests.cluster import Cluster
from tests.process import until
from tests.settings import postgresql

AT_ONCE = 30.0  # seconds
BACK = 20.0  # seconds


@pytest.fixture(params=["sqlite", "postgresql"])
def alias(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database that only the bus uses."""
    if request.param == "postgresql":
        entry = postgresql(request.getfixturevalue("cluster").url)
    else:
        entry = {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "site.sqlite3"}
    use(monkeypatch, entry)
    return "bus"


def use(monkeypatch: pytest.MonkeyPatch, entry: dict[str, Any]) -> None:
    """Let the alias "bus" name a database, which has to be there beside a default one."""
    configured = connections.configure_settings({"default": entry, "bus": entry})
    monkeypatch.setitem(connections.settings, "bus", configured["bus"])


async def test_a_message_reaches_the_others_and_not_its_sender(alias: str, listen: Listen) -> None:
    one, two, three = [await listen(DatabaseBus(DATABASE=alias)) for _ in range(3)]
    await one.bus.publish(b'{"type":"a"}')
    await until(lambda: two.heard and three.heard, within=AT_ONCE)
    await two.bus.publish('{"uri":"ä ☂"}'.encode())
    await until(lambda: one.heard and len(three.heard) == 2, within=AT_ONCE)
    assert one.heard == ['{"uri":"ä ☂"}'.encode()]
    assert two.heard == [b'{"type":"a"}']


async def test_many_messages_arrive_in_order(alias: str, listen: Listen) -> None:
    one, two = [await listen(DatabaseBus(DATABASE=alias)) for _ in range(2)]
    sent = [b"%d" % number for number in range(500)]
    for message in sent:
        await one.bus.publish(message)
    await until(lambda: len(two.heard) == len(sent), within=BACK)
    assert two.heard == sent


async def test_what_was_said_before_is_not_heard(alias: str, listen: Listen) -> None:
    one, two = [await listen(DatabaseBus(DATABASE=alias)) for _ in range(2)]
    await one.bus.publish(b"early")
    await until(lambda: two.heard, within=AT_ONCE)
    late = await listen(DatabaseBus(DATABASE=alias))
    await one.bus.publish(b"late")
    await until(lambda: late.heard, within=AT_ONCE)
    assert late.heard == [b"late"]


async def test_the_last_message_leaves_before_the_end(alias: str, listen: Listen) -> None:
    one, two = [await listen(DatabaseBus(DATABASE=alias)) for _ in range(2)]
    await one.bus.publish(b"farewell")
    await one.bus.stop()
    await until(lambda: two.heard == [b"farewell"], within=AT_ONCE)
    await one.bus.publish(b"nobody sends this")
    await one.bus.stop()


async def test_what_was_published_while_the_thread_was_busy_leaves_before_the_end(
    alias: str, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = DatabaseBus(DATABASE=alias)
    await listen(sending)
    two = await listen(DatabaseBus(DATABASE=alias))
    is_busy, goes_on = threading.Event(), threading.Event()
    hand_over = DatabaseBus._hand_over

    def be_busy(bus: DatabaseBus, *arguments: Any) -> None:
        if bus is sending:
            is_busy.set()
            goes_on.wait(AT_ONCE)
        hand_over(bus, *arguments)

    monkeypatch.setattr(DatabaseBus, "_hand_over", be_busy)
    await sending.publish(b"first")
    await asyncio.to_thread(is_busy.wait, AT_ONCE)  # it has looked, and will not again
    await sending.publish(b"farewell")
    stopping = asyncio.create_task(sending.stop())
    await until(sending._is_stopping.is_set, within=AT_ONCE)
    goes_on.set()
    await stopping
    await until(lambda: two.heard == [b"first", b"farewell"], within=AT_ONCE)


async def test_a_start_does_not_wait_for_a_driver_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, {"ENGINE": "django.db.backends.sqlite3", "NAME": tmp_path / "site.sqlite3"})
    goes_on = threading.Event()
    connect = DatabaseBus.connect

    def hang(bus: DatabaseBus) -> Link:
        goes_on.wait(AT_ONCE)
        return connect(bus)

    monkeypatch.setattr(database, "START_LIMIT", 0.01)
    monkeypatch.setattr(DatabaseBus, "connect", hang)
    bus = DatabaseBus(DATABASE="bus")
    async with asyncio.timeout(AT_ONCE / 2):
        await bus.start(lambda _message: None)
    goes_on.set()
    await bus.stop()


async def test_an_idle_connection_is_tried_now_and_then(
    alias: str, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_transport.bus.postgresql.PING_INTERVAL", 0.0)
    one, two = [await listen(DatabaseBus(DATABASE=alias)) for _ in range(2)]
    for number in range(3):
        await one.bus.publish(b"x")
        await until(lambda number=number: len(two.heard) > number, within=AT_ONCE)  # type: ignore[misc]  # the loop's


@pytest.mark.timeout(120)
async def test_it_heals_when_postgresql_comes_back(
    cluster: Cluster,
    listen: Listen,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use(monkeypatch, postgresql(cluster.url))
    caplog.set_level(logging.INFO, "mcp_transport.bus")
    one, two = [await listen(DatabaseBus(DATABASE="bus")) for _ in range(2)]
    await asyncio.to_thread(cluster.stop)
    try:
        late = await listen(DatabaseBus(DATABASE="bus"))  # a start finds it away, and goes on
        await one.bus.publish(b"lost")
        await until(lambda: "does not reach its database" in caplog.text)
    finally:
        await asyncio.to_thread(cluster.resume)

    async def speak() -> None:
        while not (two.heard and late.heard):
            await one.bus.publish(b"again")
            await asyncio.sleep(0.1)

    async with asyncio.timeout(BACK):
        await speak()
    assert "reaches its database again" in caplog.text


async def test_what_is_too_long_for_a_notification_is_dropped(
    cluster: Cluster, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, postgresql(cluster.url))
    one, two = [await listen(DatabaseBus(DATABASE="bus")) for _ in range(2)]
    await one.bus.publish(b"x" * 9000)
    await one.bus.publish(b"short")
    await until(lambda: two.heard, within=AT_ONCE)
    assert two.heard == [b"short"]


def test_old_messages_leave_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "TIDY_INTERVAL", 0.0)
    monkeypatch.setattr(sqlite, "KEPT_FOR", -1.0)
    name = str(tmp_path / "site.sqlite3")
    one, two = SqliteLink(name), SqliteLink(name)
    one.send([b"a", b"b"])
    assert two.receive() == []
    two.send([b"c"])
    assert one.receive() == []
    monkeypatch.setattr(sqlite, "KEPT_FOR", 60.0)
    one.send([b"d"])
    assert two.receive() == [b"d"]
    one.close()
    two.close()


@pytest.mark.parametrize(
    ("databases", "says"),
    [
        ({}, "which DATABASES does not have"),
        ({"bus": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, "in memory"),
        ({"bus": {"ENGINE": "django.db.backends.mysql", "NAME": "x"}}, "PostgreSQL and SQLite"),
    ],
)
def test_a_database_that_does_not_do_is_named(
    monkeypatch: pytest.MonkeyPatch, databases: dict[str, Any], says: str
) -> None:
    monkeypatch.setattr(settings, "DATABASES", databases)
    (problem,) = DatabaseBus(DATABASE="bus").check()
    assert (problem.id, says in problem.msg) == ("mcp.E009", True)


def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = {"ENGINE": "django.db.backends.postgresql", "NAME": "x"}
    monkeypatch.setattr(settings, "DATABASES", {"default": entry})
    assert DatabaseBus().check() == []
    monkeypatch.setattr(database, "find_spec", lambda _name: None)
    (problem,) = DatabaseBus().check()
    assert "psycopg" in problem.msg
