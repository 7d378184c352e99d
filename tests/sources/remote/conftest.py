"""A site with remote servers: this project in another process, or one that does what it should not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from pytest_django import Settings

from mcp_transport.models import Server
from mcp_transport.protocol.revisions import LEGACY
from mcp_transport.sources.foreign import keeping as foreign_keeping
from mcp_transport.sources.foreign.listing import Known
from mcp_transport.sources.remote.keeping import UpstreamKeeper
from mcp_transport.sources.remote.source import RemoteSource
from mcp_transport.testing import Site
from mcp_transport.worker.lifespan import runtime
from tests.process import Folder, Process
from tests.sources.remote.scripted import Scripted, running

LIMIT = 20.0  # seconds for what should take a moment
LOOK = 0.02
ERAS = ["2025-11-25", "2026-07-28"]
Sited = Callable[..., AbstractAsyncContextManager[Site]]


async def until(holds: Callable[[], Any], limit: float = LIMIT) -> None:
    """Return when something holds."""
    async with asyncio.timeout(limit):
        while True:
            if holds():
                return
            await asyncio.sleep(LOOK)


def keeper(alias: str = "far") -> UpstreamKeeper:
    """Who keeps a remote server of the site that runs."""
    (source,) = (one for one in runtime().sources.all if isinstance(one, RemoteSource))
    found = source._keepers[alias]
    assert isinstance(found, UpstreamKeeper)
    return found


def here(url: str, **options: Any) -> dict[str, Any]:
    """What the settings say of a server of this machine."""
    return {"url": url, "private_hosts": ["127.0.0.1"], **options}


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Known:
    """What other tests have listed is forgotten; it is looked again without a pause."""
    known = Known()
    monkeypatch.setattr("mcp_transport.sources.remote.source.known", known)
    monkeypatch.setattr(foreign_keeping, "LEAST_PAUSE", 0.05)
    return known


@pytest.fixture
def sited(transactional_db: None, settings: Settings) -> Sited:
    """Start a site: ``sited(far=here(url))``."""

    @contextlib.asynccontextmanager
    async def start(**servers: dict[str, Any]) -> AsyncIterator[Site]:
        settings.MCP_REMOTE = servers
        offers = [f"remote.{alias}" for alias in servers]
        await Server.objects.aupdate_or_create(
            slug="open", defaults={"access": "public", "offers": offers}
        )
        async with Site() as site:
            yield site

    return start


@pytest.fixture
async def users(transactional_db: None) -> list[User]:
    """Three users."""
    create = sync_to_async(User.objects.create)
    return [await create(username=name) for name in ("ada", "bob", "eve")]


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    """A server that does as it is told."""
    async with running() as server:
        yield server


@pytest.fixture(scope="package")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """This project, in another process: "open" speaks every revision, "old" those with sessions."""
    folder = Folder(tmp_path_factory.mktemp("upstream")).prepare()
    with closing(sqlite3.connect(folder.database)) as connection, connection:
        connection.execute(*copied(connection, "open", slug="old", revisions=json.dumps(LEGACY)))
    process = Process(folder)
    async_to_sync(process.start)()
    yield process
    process.close()


def copied(
    connection: sqlite3.Connection, like: str, **changed: str
) -> tuple[str, tuple[object, ...]]:
    """The statement for a row like a server's, which is quicker than Django in a process."""
    connection.row_factory = sqlite3.Row
    found = connection.execute("SELECT * FROM mcp_transport_server WHERE slug = ?", (like,))
    row = dict(found.fetchone()) | {"id": 99} | changed
    marks = ", ".join("?" * len(row))
    return f"INSERT INTO mcp_transport_server ({', '.join(row)}) VALUES ({marks})", (*row.values(),)


@pytest.fixture(params=["open", "old"])
def far(request: pytest.FixtureRequest, process: Process) -> dict[str, Any]:
    """The options of a real server, of either era."""
    return here(f"http://127.0.0.1:{process.port}/mcp/{request.param}")
