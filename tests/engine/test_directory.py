"""Which servers there are, read once and kept for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport import tool
from mcp_transport.engine import directory as directory_module
from mcp_transport.engine.directory import Directory, identify, served
from mcp_transport.models import EntryOverride, Server
from mcp_transport.protocol.errors import Refused
from mcp_transport.registry.registry import Registry
from mcp_transport.sources.apps import AppSource
from mcp_transport.storage.rows import RowPool

LIMIT = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(directory_module, "time", clock)
    return clock


@pytest.fixture
def registry() -> Registry:
    registry = Registry()

    @tool(registry=registry)
    def echo() -> str:
        return "x"

    return registry


@pytest.fixture
async def directory(
    transactional_db: None, clock: Clock, registry: Registry
) -> AsyncIterator[Directory]:
    pool = RowPool(2, 100, "directory", patience=LIMIT)
    yield Directory([AppSource(registry)], pool)
    assert await pool.stop(LIMIT)


async def test_what_is_hidden_is_told_once(
    directory: Directory, registry: Registry, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    directory.sources = [AppSource(registry), AppSource(registry)]
    await Server.objects.acreate(slug="main")
    for title in ("One", "Two"):
        await Server.objects.aupdate(title=title)
        clock.now += 10
        assert (await directory.find("main")) is not None
    assert caplog.text.count("Server 'main': The tool 'echo' of") == 1


async def test_a_server_is_found_by_its_slug(directory: Directory) -> None:
    row = await Server.objects.acreate(slug="main", title="Main", instructions="Ask.")
    found = await directory.find("main")
    assert found is not None
    assert (found.server.id, found.server.title, found.server.instructions) == (
        row.pk, "Main", "Ask.",
    )  # fmt: skip
    assert list(found.catalog.tools) == ["echo"]
    assert directory.find_cached("main") is found
    assert found.identity["name"] == "main"


async def test_no_slug_is_the_default_server(directory: Directory) -> None:
    await Server.objects.acreate(slug="other")
    assert await directory.find("") is None
    await Server.objects.acreate(slug="main", is_default=True)
    directory.forget()
    found = await directory.find("")
    assert found is not None
    assert found.server.slug == "main"


async def test_what_is_no_server_or_switched_off_is_none(directory: Directory) -> None:
    await Server.objects.acreate(slug="off", is_enabled=False)
    for slug in ("off", "never"):
        assert await directory.find(slug) is None
        assert directory.find_cached(slug) is None


async def test_a_change_is_seen_after_a_moment(directory: Directory, clock: Clock) -> None:
    await Server.objects.acreate(slug="main")
    await directory.find("main")
    await Server.objects.aupdate(title="New")
    kept = await directory.find("main")
    assert kept is not None
    assert kept.server.title == ""
    clock.now += 1.1
    assert directory.find_cached("main") is None
    found = await directory.find("main")
    assert found is not None
    assert found.server.title == "New"


async def test_a_catalog_is_built_again_only_when_something_changed(
    directory: Directory, clock: Clock, registry: Registry
) -> None:
    row = await Server.objects.acreate(slug="main")

    async def catalog() -> Any:
        clock.now += 1.1
        found = await directory.find("main")
        assert found is not None
        return found.catalog

    first = await catalog()
    assert await catalog() is first
    await EntryOverride.objects.acreate(server=row, kind="tool", name="echo", title="Say")
    second = await catalog()
    assert second is not first
    assert second.tools["echo"].wire["title"] == "Say"

    @tool(registry=registry)
    def late() -> None: ...

    assert list((await catalog()).tools) == ["echo", "late"]


async def test_a_row_is_read_once_for_all_who_ask(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []

    def load(slug: str) -> None:
        reads.append(slug)

    monkeypatch.setattr(directory_module, "load", load)
    assert await asyncio.gather(*(directory.find("main") for _ in range(10))) == [None] * 10
    assert reads == ["main"]


async def test_one_who_gives_up_takes_the_answer_from_nobody(directory: Directory) -> None:
    await Server.objects.acreate(slug="main")
    hasty, patient = (asyncio.ensure_future(directory.find("main")) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient is not None


async def test_a_flood_of_names_is_bounded(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory_module, "CACHE_LIMIT", 3)
    for number in range(10):
        await directory.find(f"never-{number}")
    assert len(directory._cache) <= 3


async def test_a_flood_of_names_takes_no_server_along(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Server.objects.acreate(slug="main")
    found = await directory.find("main")
    assert found is not None
    monkeypatch.setattr(directory_module, "CACHE_LIMIT", 3)
    for number in range(10):
        await directory.find(f"never-{number}")
    assert directory.find_cached("main") is found


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, {"name"}),
        ({"title": "Main"}, {"name", "title"}),
        ({"title": "Main", "description": "x"}, {"name", "title", "description"}),
    ],
)
async def test_a_server_says_who_it_is(
    directory: Directory, fields: dict[str, str], said: set[str]
) -> None:
    await Server.objects.acreate(slug="main", **fields)
    found = await directory.find("main")
    assert found is not None
    assert set(identify(found.server)) == said | {"version"}


@pytest.mark.parametrize(
    ("slug", "says"),
    [
        ("nope", "There is no server 'nope' here."),
        ("main/what", "There is nothing at 'main/what' here; look at the address."),
    ],
)
def test_an_address_without_a_server_is_refused_as_what_it_is(slug: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        served(None, slug, "streamable_http")
    assert (refused.value.status, refused.value.message) == (404, says)


@pytest.mark.parametrize("slug", ["\x00", "a b", "..", "é", "main\n", "x/y", "x" * 65])
async def test_what_is_no_slug_is_not_looked_for(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    monkeypatch.setattr(directory_module, "load", None)
    assert await directory.find(slug) is None
