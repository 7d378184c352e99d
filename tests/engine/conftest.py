"""A running site whose tools are the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from mcp_transport import tool
from mcp_transport.models import Server
from mcp_transport.registry.registry import registry
from mcp_transport.routing import mcp_application
from mcp_transport.testing.asgi import Http
from mcp_transport.worker.lifespan import Runtime, runtime
from tests.client import LegacyClient, ModernClient

PATH = "/mcp/own"
LIMIT = 5.0  # seconds any single wait may take

Register = Callable[..., Callable[..., Any]]
Modern = Callable[..., ModernClient]
Legacy = Callable[..., Awaitable[LegacyClient]]


@pytest.fixture
def register() -> Iterator[Register]:
    """The decorator, for tools that go away with the test."""
    with registry.registered_temporarily():
        yield tool


@pytest.fixture
def own_server(transactional_db: None) -> Server:
    return Server.objects.create(slug="own", access="public")


@pytest.fixture
async def running(own_server: Server) -> AsyncIterator[Runtime]:
    """The runtime of this process, started and stopped."""
    run = runtime()
    await run.start()
    yield run
    await run.stop()


@pytest.fixture
async def site(running: Runtime) -> AsyncIterator[Http]:
    http = Http(mcp_application(get_asgi_application()))
    yield http
    await http.close()


@pytest.fixture
def modern(site: Http) -> Modern:
    """Make clients of 2026-07-28."""
    return lambda **options: ModernClient(site, PATH, **options)


@pytest.fixture
def legacy(site: Http) -> Legacy:
    """Make clients of 2025-11-25, or of another revision, that have shaken hands."""

    async def make(revision: str = "2025-11-25", **options: Any) -> LegacyClient:
        return await LegacyClient(site, PATH, revision, **options).connect()

    return make
