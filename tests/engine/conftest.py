"""A running site whose tools are the test's own."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from mcp_transport import tool
from mcp_transport.engine.guard import Guarded, Overdue
from mcp_transport.models import Server
from mcp_transport.registry.registry import registry
from mcp_transport.routing import mcp_application
from mcp_transport.testing.asgi import Http
from mcp_transport.worker.lifespan import Runtime, runtime
from tests.client import LegacyClient, ModernClient

PATH = "/mcp/own"
LIMIT = 30.0  # seconds any single wait may take

Register = Callable[..., Callable[..., Any]]
Modern = Callable[..., ModernClient]
Legacy = Callable[..., Awaitable[LegacyClient]]


@pytest.fixture
def register() -> Iterator[Register]:
    """The decorator, for tools that go away with the test."""
    with registry.registered_temporarily():
        yield tool


class Deadline:
    """The time limit of what runs in a thread: it passes when that asks for it, not before."""

    def __init__(self) -> None:
        self._guarded: list[Guarded[Any]] = []
        self._is_counting = threading.Event()

    def count(self, guarded: Guarded[Any], _limit: float) -> None:
        """Do nothing where seconds would be counted from."""
        self._guarded.append(guarded)
        self._is_counting.set()

    def pass_by(self) -> None:
        """Let the time be over, from any thread but the loop's; returns when its caller has been told."""
        assert self._is_counting.wait(LIMIT), "Nobody counts the seconds of this work."
        told = threading.Event()

        def end() -> None:
            self._guarded[-1].end(Overdue())
            told.set()

        self._guarded[-1]._loop.call_soon_threadsafe(end)
        assert told.wait(LIMIT)


@pytest.fixture
def deadline(monkeypatch: pytest.MonkeyPatch) -> Deadline:
    """Stands in the place of every time limit of the test."""
    made = Deadline()
    monkeypatch.setattr(Guarded, "_arm", lambda guarded, limit: made.count(guarded, limit))
    return made


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
