"""
A running site, and clients of every revision that speak to it.

``connect`` makes clients of the revision that the test is run for, all four
in turn; ``connect_legacy`` does so for those with sessions, ``modern`` and
``legacy`` make clients of a revision that the test names.

With MCP_TEST_OVER=database or redis the site is two worker processes behind an
nginx that hands each request of a client to the next of them, woken over that
bus; with nchan they use the database's, and two nginx with Nchan hold all streams.
Tests that look into the process of the site are left out then.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from pytest_django import DjangoDbBlocker

from mcp_transport.models import Call, Server, Token
from mcp_transport.testing import Http, Site
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe, probe
from tests.broker import a_broker
from tests.client import (
    HTTP_REVISIONS,
    LEGACY_REVISIONS,
    MODERN_REVISION,
    LegacyClient,
    ModernClient,
)
from tests.fleet.fleet import Fleet, join
from tests.process import Folder
from tests.socket_http import SocketHttp
from tests.sockets import Sockets
from tests.wire_sockets import WireSockets

OVER = os.environ.get(
    "MCP_TEST_OVER", ""
)  # the bus between worker processes, or nchan; empty for none
INSIDE = frozenset({"probe", "configure", "settings", "monkeypatch", "caplog"})

MOST_TRIES = 5
HOST = "testserver"  # what clients call the site, over sockets or not
OPEN = "/mcp/open"
GUARDED = "/mcp/guarded"

AnyClient = ModernClient | LegacyClient
Connect = Callable[..., Awaitable[AnyClient]]
ConnectModern = Callable[..., ModernClient]
ConnectLegacy = Callable[..., Awaitable[LegacyClient]]
UserToken = Callable[..., Awaitable[str]]
Configure = Callable[..., Awaitable[None]]


@pytest.fixture(name="probe")
def fresh_probe() -> Probe:
    """What the test and its tools share."""
    probe.reset()
    return probe


@pytest.fixture
def servers(transactional_db: None) -> dict[str, Server]:
    """A server for anybody and one for users with a token."""
    rows = {
        "open": {"access": "public", "title": "Open", "instructions": "Ask for a quote."},
        "guarded": {"access": "token", "title": "Guarded"},
    }
    return {
        slug: Server.objects.create(slug=slug, offers=["good"], **fields)
        for slug, fields in rows.items()
    }


@pytest.fixture
def user_token(transactional_db: None) -> UserToken:
    """Make a user, who may see users if asked for, and a token of theirs."""

    @sync_to_async  # issuing a token is a transaction
    def make(username: str = "ada", *, is_staff: bool = False, **options: Any) -> str:
        owner, is_new = User.objects.get_or_create(username=username)
        if is_new and is_staff:
            owner.user_permissions.add(Permission.objects.get(codename="view_user"))
        return Token.objects.issue(owner=owner, name="test", **options)[1]

    return make


if not OVER:

    @pytest.fixture
    async def http(servers: dict[str, Server], probe: Probe) -> AsyncIterator[Http]:
        """The site, running, with what it started stopped at the end."""
        async with Site() as site:
            try:
                yield site.http
            finally:
                probe.released.set()

    @pytest.fixture
    async def sockets(http: Http) -> AsyncIterator[Sockets]:
        """WebSockets to the site."""
        sockets = Sockets(http._application)
        yield sockets
        await sockets.close()

else:

    @pytest.fixture
    def transactional_db(
        django_db_setup: None, django_db_blocker: DjangoDbBlocker
    ) -> Iterator[None]:
        """Rows that the worker processes see; what they know of themselves is left alone."""
        with django_db_blocker.unblock():
            yield
            for model in (Call, Server, Token, User):
                _delete_all(model)

    def _delete_all(model: type[Call | Server | Token | User]) -> None:
        """
        Delete rows that worker processes may be writing late.

        Either locks them in an order of its own; who is given up by PostgreSQL
        tries again, as their writers do.
        """
        for _ in range(MOST_TRIES):
            with suppress(OperationalError):
                model._default_manager.all().delete()
                return
        pytest.fail(f"Rows of {model.__name__} could not be deleted.")

    @pytest.fixture(scope="session")
    def fleet(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
        """Two worker processes and what stands in front of them."""
        with a_broker() as broker:
            if OVER == "redis":
                asyncio.run(broker.start())
            folder = Folder(tmp_path_factory.mktemp("fleet"))
            join(folder, broker.url if OVER == "redis" else "")
            fleet = Fleet(folder, nchans=2 if OVER == "nchan" else 0)
            try:
                asyncio.run(fleet.start())
                yield fleet
            finally:
                fleet.stop()

    @pytest.fixture
    async def http(servers: dict[str, Server], fleet: Fleet) -> AsyncIterator[SocketHttp]:
        """The site, over sockets."""
        http = SocketHttp(fleet, host=HOST)
        yield http
        await http.close()

    @pytest.fixture
    async def sockets(servers: dict[str, Server], fleet: Fleet) -> AsyncIterator[WireSockets]:
        """WebSockets to the site, over the wire."""
        sockets = WireSockets(fleet, host=HOST)
        yield sockets
        await sockets.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what looks into a process that is another one."""
    if OVER:
        left_out = [item for item in items if _looks_inside(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _looks_inside(item: pytest.Item) -> bool:
    wanted = getattr(item, "_fixtureinfo", None)
    names = set(wanted.argnames) if wanted else set()
    for made in wanted.name2fixturedefs.values() if wanted else ():
        if made[-1].baseid.endswith(".py"):  # a fixture of the test's own module
            names.update(made[-1].argnames)
    return not INSIDE.isdisjoint(names) or item.get_closest_marker("inside") is not None


@pytest.fixture
def configure(http: Http, settings: Any) -> Configure:
    """Change settings that a worker process reads when it starts; it is started anew."""

    async def change(**values: Any) -> None:
        await runtime().stop()
        for name, value in values.items():
            setattr(settings, name, value)
        await runtime().start()

    return change


@pytest.fixture
def modern(http: Http) -> ConnectModern:
    """Make clients of 2026-07-28."""

    def make(*, path: str = OPEN, **options: Any) -> ModernClient:
        return ModernClient(http, path, **options)

    return make


@pytest.fixture
def legacy(http: Http) -> ConnectLegacy:
    """Make clients that have shaken hands at a revision."""

    async def make(revision: str, *, path: str = OPEN, **options: Any) -> LegacyClient:
        return await LegacyClient(http, path, revision, **options).connect()

    return make


@pytest.fixture(params=HTTP_REVISIONS)
def revision(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each revision that speaks Streamable HTTP."""
    yield request.param


@pytest.fixture(params=LEGACY_REVISIONS)
def legacy_revision(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each revision with sessions that speaks Streamable HTTP."""
    yield request.param


@pytest.fixture
def connect(revision: str, modern: ConnectModern, legacy: ConnectLegacy) -> Connect:
    """Make clients of the revision in turn."""

    async def make(**options: Any) -> AnyClient:
        if revision == MODERN_REVISION:
            return modern(**options)
        return await legacy(revision, **options)

    return make


@pytest.fixture
def connect_legacy(legacy_revision: str, legacy: ConnectLegacy) -> ConnectLegacy:
    """Make clients of the revision with sessions in turn."""

    async def make(**options: Any) -> LegacyClient:
        return await legacy(legacy_revision, **options)

    return make


@pytest.fixture
def connect_nothing(http: Http) -> LegacyClient:
    """A client that has not shaken hands yet."""
    return LegacyClient(http, OPEN, "2025-11-25")
