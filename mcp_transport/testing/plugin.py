"""
The fixtures: ``pytest_plugins = ["mcp_transport.testing.plugin"]``.

That line belongs into the topmost conftest.py. The plugin is not loaded by
itself, because it needs Django's settings and gives its fixtures short names.
A fixture that begins with ``mcp_`` is there to be overridden.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from django.db import connections

from mcp_transport.models import Server
from mcp_transport.testing.blocking import BlockingClient
from mcp_transport.testing.client import Client
from mcp_transport.testing.clock import Clock
from mcp_transport.testing.site import Site
from mcp_transport.testing.wire import MODERN_REVISION

IN_MEMORY = (
    "The test database {alias!r} is SQLite in memory, where the threads of the site find "
    "each other's tables locked. Give it a file: DATABASES[{alias!r}]['TEST'] = {{'NAME': BASE_DIR / "
    "'test.sqlite3'}}."
)


def refuse_memory(connection: Any) -> None:
    """Fail the test whose threads could not share their database."""
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail(IN_MEMORY.format(alias=connection.alias), pytrace=False)


@pytest.fixture
def mcp_revision() -> str:
    """The revision that ``mcp`` speaks: parametrize it, or override it."""
    return MODERN_REVISION


@pytest.fixture
def mcp_user() -> Any:
    """The user that ``mcp`` is; nobody, unless overridden."""
    return None


@pytest.fixture
def mcp_server(transactional_db: None) -> Server:
    """
    The server that is called: open to anybody, offering everything there is.

    Its row, like all that a test makes, has to be committed: the threads that
    write calls and run tools have connections of their own, and see nothing of
    a transaction that is rolled back at the end of the test.
    """
    for connection in connections.all():
        refuse_memory(connection)
    return Server.objects.create(slug="test", title="Test", access="public", is_default=True)


@pytest_asyncio.fixture
async def mcp_site(mcp_server: Server) -> AsyncIterator[Site]:
    """The site, running for as long as the test does; makes further clients."""
    async with Site() as site:
        yield site


@pytest_asyncio.fixture
async def mcp(mcp_site: Site, mcp_server: Server, mcp_revision: str, mcp_user: Any) -> Client:
    """A client, for asynchronous tests."""
    return mcp_site.client(mcp_server.slug, revision=mcp_revision, user=mcp_user)


@pytest.fixture
def mcp_sync(mcp_server: Server, mcp_revision: str, mcp_user: Any) -> Iterator[BlockingClient]:
    """A client, for tests that are ordinary functions."""
    site = Site()
    with asyncio.Runner() as runner:
        runner.run(site.start())
        try:
            client = site.client(mcp_server.slug, revision=mcp_revision, user=mcp_user)
            yield BlockingClient(client, runner)
        finally:
            runner.run(site.stop())


@pytest.fixture
def mcp_clock() -> Iterator[Clock]:
    """A clock that the test moves on."""
    with Clock() as clock:
        yield clock
