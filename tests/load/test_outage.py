"""
The database goes away under a running site, and comes back.

SQLite is locked by somebody else, PostgreSQL is stopped. MCP_TEST_OUTAGE names
the seconds; a shorter outage than ten shows everything but endurance.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection

from mcp_transport.protocol.routing import CLIENT_CAPABILITIES, CLIENT_INFO, PROTOCOL_VERSION
from tests.cluster import Cluster, running_cluster
from tests.process import Folder, Process, until

pytestmark = [pytest.mark.server, pytest.mark.database, pytest.mark.timeout(240)]

OUTAGE = float(os.environ.get("MCP_TEST_OUTAGE", "7"))
SETTLED = 1.5  # seconds after which no cache knows anything any more
SLOWEST = 5.0  # seconds a client is told to wait
TAKEN = 8.0  # seconds an answer may take: a patience of four, and what a busy machine adds
HEALED = 3.0  # seconds after which everything works again
IN_THE_MIDDLE = 1.4  # seconds: what is kept for a second was read not long before
PAUSE = 0.15  # seconds between two requests of a kind
LEGACY, MODERN = "2025-11-25", "2026-07-28"
IMPLEMENTATION = {"name": "load", "version": "1"}
CARRIED_OUT = "carried out"
HELD = "held"  # the request that is carried out while the database goes away

GUARDED = """
from django.contrib.auth.models import User
from mcp_transport.models import Server, Token
Server.objects.create(slug="guarded", offers=["good"])
print(Token.objects.issue(owner=User.objects.create(username="ada"), name="outage")[1])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request and what came of it."""

    kind: str
    request_id: str
    begun_at: float
    ended_at: float
    status: int
    retry_after: str
    text: str


class Probe:
    """Asks for everything that needs the database, again and again."""

    ordinary = {"call": 200, "token": 200, "session": 200, "open": 200, "nobody": 404}

    def __init__(self, port: int, token: str) -> None:
        self.answers: list[Answer] = []
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/mcp", timeout=30)
        self._credential = token
        self._session_id = ""
        self._ids = count(1)

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Ask until the block ends, one request of each kind at a time."""
        opened = await self._initialize("first")
        self._session_id = opened.headers["mcp-session-id"]
        tasks = [asyncio.create_task(self._ask(kind)) for kind in self.ordinary]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._http.aclose()

    async def _ask(self, kind: str) -> None:
        while True:
            request_id = f"{kind}-{next(self._ids)}"
            begun_at = time.monotonic()
            self.note(kind, request_id, begun_at, await getattr(self, f"_{kind}")(request_id))
            await asyncio.sleep(PAUSE)

    def note(self, kind: str, request_id: str, begun_at: float, response: httpx.Response) -> None:
        """Keep an answer."""
        self.answers.append(
            Answer(
                kind=kind,
                request_id=request_id,
                begun_at=begun_at,
                ended_at=time.monotonic(),
                status=response.status_code,
                retry_after=response.headers.get("retry-after", ""),
                text=response.text,
            )
        )

    async def answered(self, since: float) -> None:
        """Wait until something of each kind was asked after that, and answered."""

        def kinds() -> set[str]:
            return {answer.kind for answer in self.answers if answer.begun_at > since}

        await until(lambda: kinds() == set(self.ordinary))

    async def _call(self, request_id: str) -> httpx.Response:
        params = {"name": "repeat", "arguments": {"text": "hello"}}
        return await self._modern("/open", request_id, "tools/call", params)

    async def hold(self, started: Path, until: Path) -> httpx.Response:
        """Call a tool that ends when a file is there; it says in another that it has begun."""
        arguments = {"reports": 0, "started": str(started), "until": str(until)}
        return await self._modern(
            "/open", HELD, "tools/call", {"name": "work", "arguments": arguments}
        )

    async def _token(self, request_id: str) -> httpx.Response:
        authorization = {"authorization": f"Bearer {self._credential}"}
        return await self._modern("/guarded", request_id, "tools/list", {}, authorization)

    async def _nobody(self, request_id: str) -> httpx.Response:
        return await self._modern(f"/{request_id}", request_id, "tools/list", {})

    async def _session(self, request_id: str) -> httpx.Response:
        headers = {"mcp-session-id": self._session_id, "mcp-protocol-version": LEGACY}
        return await self._post("/open", request_id, "ping", {}, headers)

    async def _open(self, request_id: str) -> httpx.Response:
        return await self._initialize(request_id)

    async def _initialize(self, request_id: str) -> httpx.Response:
        params = {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": IMPLEMENTATION}
        return await self._post("/open", request_id, "initialize", params, {})

    async def _modern(
        self,
        path: str,
        request_id: str,
        method: str,
        params: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        named = {"mcp-name": params["name"]} if "name" in params else {}
        routing = {"mcp-protocol-version": MODERN, "mcp-method": method, **named, **(headers or {})}
        meta = {
            PROTOCOL_VERSION: MODERN,
            CLIENT_CAPABILITIES: {},
            CLIENT_INFO: IMPLEMENTATION,
        }
        return await self._post(path, request_id, method, {**params, "_meta": meta}, routing)

    async def _post(
        self,
        path: str,
        request_id: str,
        method: str,
        params: dict[str, Any],
        headers: dict[str, str],
    ) -> httpx.Response:
        message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        accept = {"accept": "application/json, text/event-stream"}
        return await self._http.post(path, json=message, headers={**accept, **headers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """When it was, and what was answered."""

    begun_at: float
    ending_at: float  # when the database was told to come back
    ended_at: float
    answers: list[Answer]

    def during(self, *kinds: str) -> list[Answer]:
        """What was asked when it had settled and answered before its end."""
        return [
            answer
            for answer in self.answers
            if answer.kind in kinds
            and answer.begun_at > self.begun_at + SETTLED
            and answer.ended_at < self.ending_at
        ]

    def afterwards(self) -> list[Answer]:
        """What was asked when it had to be over."""
        return [a for a in self.answers if a.begun_at > self.ended_at + HEALED]


async def outage(folder: Folder, token: str, gone: AbstractContextManager[None]) -> Outage:
    """Run a site and take its database away for a while."""
    process = Process(folder)
    try:
        await process.start()
        probe = Probe(process.port, token)
        async with probe.asking():
            await asyncio.sleep(IN_THE_MIDDLE)
            started, goes_on = folder.path / "started", folder.path / "goes on"
            held = asyncio.create_task(probe.hold(started, goes_on))
            await until(started.exists)
            # In a thread: the clients go on while the database comes and goes.
            begun_at = time.monotonic()
            await asyncio.to_thread(gone.__enter__)
            let_go_at = time.monotonic()
            goes_on.touch()
            held.add_done_callback(lambda held: probe.note("call", HELD, let_go_at, held.result()))
            await asyncio.sleep(OUTAGE)
            ending_at = time.monotonic()
            await asyncio.to_thread(gone.__exit__, None, None, None)
            ended_at = time.monotonic()
            await probe.answered(ended_at + HEALED)
            await held
        process.terminate()
        await process.ended(within=30)
    finally:
        process.close()
    return Outage(begun_at=begun_at, ending_at=ending_at, ended_at=ended_at, answers=probe.answers)


def check_manners(found: Outage) -> None:
    """What holds for every answer, whatever the database."""
    for answer in found.answers:
        assert answer.status in (Probe.ordinary[answer.kind], 503), answer
        assert answer.ended_at - answer.begun_at <= TAKEN, answer
        if answer.status == 503:
            assert 0 < int(answer.retry_after) <= SLOWEST, answer
    afterwards = found.afterwards()
    assert {answer.kind for answer in afterwards} == set(Probe.ordinary)
    assert [a for a in afterwards if a.status != Probe.ordinary[a.kind]] == []


def check_record(folder: Folder, found: Outage) -> None:
    """Every call that was answered, or carried out, has its row; the record is whole."""
    rows = [request_id for (request_id,) in folder.rows(ROWS)]
    owed = {
        json.dumps(answer.request_id)
        for answer in found.answers
        if answer.kind == "call" and (answer.status == 200 or CARRIED_OUT in answer.text)
    }
    assert owed - set(rows) == set()
    assert len(rows) == len(set(rows))
    assert any(CARRIED_OUT in answer.text for answer in found.answers)
    folder.manage("mcp", "audit", "verify")


ROWS = "SELECT request_id FROM mcp_transport_call WHERE method = 'tools/call'"


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Hold SQLite's write lock."""
    with closing(
        sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    ) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """Stop PostgreSQL."""
    cluster.stop()
    try:
        yield
    finally:
        cluster.resume()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="locks SQLite")
async def test_nothing_is_lost_while_somebody_else_has_locked_sqlite(tmp_path: Path) -> None:
    folder = Folder(tmp_path).prepare()
    token = folder.manage("shell", "--verbosity", "0", "-c", GUARDED).strip()
    found = await outage(folder, token, locked(folder.database))
    check_manners(found)
    check_record(folder, found)
    # Whoever only reads is served: a reader does not wait for the lock.
    assert {answer.status for answer in found.during("call", "open")} == {503}
    assert {answer.status for answer in found.during("token", "session")} == {200}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="stops PostgreSQL")
@pytest.mark.parametrize("pool", ["", "5"], ids=["kept connections", "a pool"])
async def test_nothing_is_lost_while_postgresql_is_stopped(tmp_path: Path, pool: str) -> None:
    with running_cluster() as cluster:
        folder = Folder(tmp_path, cluster.url).prepare()
        folder.environment["DATABASE_POOL"] = pool
        token = folder.manage("shell", "--verbosity", "0", "-c", GUARDED).strip()
        found = await outage(folder, token, stopped(cluster))
        check_manners(found)
        check_record(folder, found)
    assert {answer.status for answer in found.during(*Probe.ordinary)} == {503}
