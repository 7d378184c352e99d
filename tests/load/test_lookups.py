"""Each thing that a request needs of the database, away by itself."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError

from mcp_transport.audit.chain import ChainedInsert
from mcp_transport.auth import bearer
from mcp_transport.engine import directory
from mcp_transport.models import Session
from mcp_transport.sessions import store
from mcp_transport.storage.statements import Insert
from mcp_transport.testing.asgi import Exchange
from mcp_transport.worker.lifespan import runtime
from tests.interaction.conftest import (
    GUARDED,
    OPEN,
    Configure,
    ConnectLegacy,
    ConnectModern,
    UserToken,
)

PATIENCE = 0.3  # seconds
LIMIT = 30.0  # seconds; what hangs would hang for longer, were it not for the patience
LEGACY = "2025-11-25"
CALL = {"name": "repeat", "arguments": {"text": "hello"}}

Ask = Callable[[], Awaitable[Exchange]]


class Failing:
    """A database that refuses connections."""

    def __call__(self, *_arguments: Any, **_options: Any) -> None:
        raise OperationalError("connection refused")

    def release(self) -> None:
        """Nobody is held."""


class Hanging(Failing):
    """A database that says nothing."""

    def __init__(self) -> None:
        self._released = threading.Event()

    def __call__(self, *arguments: Any, **options: Any) -> None:
        self._released.wait(4 * LIMIT)
        super().__call__()

    def release(self) -> None:
        """Let those go on that wait for it."""
        self._released.set()


@pytest.fixture(params=[Failing, Hanging])
def away(request: pytest.FixtureRequest) -> Iterator[Failing]:
    """What stands in the place of the database's answer."""
    instead = request.param()
    yield instead
    instead.release()


@pytest.fixture(autouse=True)
async def without_caches(configure: Configure) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0.0, MCP_DATABASE_PATIENCE=LIMIT)


def impatient() -> list[Any]:
    """Whatever waits for the database."""
    run = runtime()
    bearers: Any = run.authenticators._authenticators
    return [run.writer, run.rows, *(bearer._pool for bearer in bearers)]


async def check(
    ask: Ask, target: Any, name: str, away: Failing, instead: Callable[..., Any] | None = None
) -> None:
    """Refused while it is away, in time; served soon after it is back."""
    assert (await ask()).status == 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(target, name, instead or away)
        for waiting in impatient():
            patch.setattr(waiting, "patience", PATIENCE)
        for _ in range(2):
            begun = time.monotonic()
            refused = await ask()
            assert refused.status == 503
            assert 0 < int(refused.headers["retry-after"]) <= 5
            assert time.monotonic() - begun < LIMIT
    away.release()
    async with asyncio.timeout(LIMIT):
        while (await ask()).status != 200:  # noqa: ASYNC110 - as a client would
            await asyncio.sleep(0.05)


async def test_the_servers_row(modern: ConnectModern, away: Failing) -> None:
    await check(lambda: modern().open("tools/list"), directory, "load", away)


async def test_the_token(modern: ConnectModern, user_token: UserToken, away: Failing) -> None:
    client = modern(path=GUARDED, token=await user_token())
    await check(lambda: client.open("tools/list"), bearer, "load_principal", away)


async def test_the_session(legacy: ConnectLegacy, away: Failing) -> None:
    client = await legacy(LEGACY, path=OPEN)
    await check(lambda: client.open("ping"), store, "_load", away)


async def test_the_row_of_a_call(modern: ConnectModern, away: Failing) -> None:
    await check(lambda: modern().open("tools/call", CALL), ChainedInsert, "execute", away)


async def test_the_row_of_a_call_in_a_session(legacy: ConnectLegacy, away: Failing) -> None:
    client = await legacy(LEGACY, path=OPEN)
    await check(lambda: client.open("tools/call", CALL), ChainedInsert, "execute", away)


async def test_the_row_of_a_new_session(connect_nothing: Any, away: Failing) -> None:
    execute = Insert.execute

    def of_sessions(self: Insert, *arguments: Any, **options: Any) -> None:
        (away if self.model is Session else execute)(self, *arguments, **options)

    params = {
        "protocolVersion": LEGACY,
        "capabilities": {},
        "clientInfo": {"name": "tests", "version": "1"},
    }
    await check(
        lambda: connect_nothing.open("initialize", params), Insert, "execute", away, of_sessions
    )
