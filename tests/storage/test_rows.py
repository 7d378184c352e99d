"""Reading rows that a request waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError

from mcp_transport.storage import rows
from mcp_transport.storage.rows import DatabaseAway, RowPool, is_unavailable
from mcp_transport.storage.writer import WriterFull
from mcp_transport.threads import PoolExhausted

LIMIT = 30.0  # seconds a test may wait


@pytest.fixture(name="pool")
async def a_pool(request: pytest.FixtureRequest) -> AsyncIterator[RowPool]:
    """One thread; how patient it is may be said by the test."""
    pool = RowPool(1, 0, "test-rows", patience=getattr(request, "param", LIMIT))
    yield pool
    assert await pool.stop(LIMIT)


def fail(error: Exception) -> None:
    raise error


def sqlite_error(code: int) -> OperationalError:
    error, cause = OperationalError("of SQLite"), Exception()
    cause.sqlite_errorcode = code  # type: ignore[attr-defined]  # as sqlite3 does
    error.__cause__ = cause
    return error


async def test_what_is_read_comes_back(pool: RowPool) -> None:
    assert await pool.read(divmod, 7, 2) == (3, 1)


@pytest.mark.parametrize(
    "error", [OperationalError("gone"), InterfaceError("closed"), sqlite_error(5)]
)
async def test_a_database_that_is_away_is_said_to_be(pool: RowPool, error: Exception) -> None:
    with pytest.raises(DatabaseAway) as raised:
        await pool.read(fail, error)
    assert (raised.value.status, raised.value.headers) == (503, {"Retry-After": "2"})
    assert raised.value.__cause__ is error


@pytest.mark.parametrize("error", [ProgrammingError("no table"), sqlite_error(1), KeyError("a")])
async def test_a_mistake_is_none_of_that(pool: RowPool, error: Exception) -> None:
    with pytest.raises(type(error)):
        await pool.read(fail, error)


@pytest.mark.parametrize("pool", [0.05], indirect=True)
async def test_a_database_that_does_not_answer_is_away_in_time(pool: RowPool) -> None:
    opened = threading.Event()
    waiting = asyncio.ensure_future(pool.read(opened.wait, LIMIT))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseAway) as refused:
        await pool.read(divmod, 1, 1)
    assert isinstance(refused.value.__cause__, PoolExhausted)
    with pytest.raises(DatabaseAway) as overdue:
        await asyncio.wait_for(waiting, LIMIT)
    assert isinstance(overdue.value.__cause__, TimeoutError)
    opened.set()


class Connections(list[Any]):
    def all(self, *, initialized_only: bool) -> list[Any]:
        return self


@pytest.mark.parametrize(
    ("vendor", "is_open", "calls"),
    [("postgresql", True, 2), ("postgresql", False, 1), ("sqlite", True, 1)],
)
async def test_a_connection_that_broke_since_the_last_read_is_replaced(
    pool: RowPool, monkeypatch: pytest.MonkeyPatch, vendor: str, is_open: bool, calls: int
) -> None:
    connection = SimpleNamespace(vendor=vendor, connection=object() if is_open else None)
    monkeypatch.setattr(rows, "connections", Connections([connection]))
    called: list[int] = []

    def read() -> str:
        called.append(1)
        if len(called) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        return "row"

    if calls == 2:
        assert await pool.read(read) == "row"
    else:
        with pytest.raises(DatabaseAway):
            await pool.read(read)
    assert len(called) == calls


async def test_a_broken_connection_that_a_pool_has_lent_is_replaced(
    pool: RowPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = SimpleNamespace(vendor="postgresql", connection=None)
    monkeypatch.setattr(rows, "connections", Connections([connection]))

    def read() -> str:
        if connection.connection is None:
            connection.connection = object()
            raise OperationalError("server closed the connection unexpectedly")
        return "row"

    assert await pool.read(read) == "row"


def test_what_passes_by_itself_is_known() -> None:
    passing = [WriterFull(), PoolExhausted(), OperationalError(), InterfaceError()]
    lasting = [KeyError(), ProgrammingError(), sqlite_error(1)]
    assert [is_unavailable(error) for error in passing + lasting] == [True] * 4 + [False] * 3
