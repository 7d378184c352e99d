"""Tests of mcp_transport.sources.openapi.source, through the front door."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from mcp_transport.models import Call, Server
from mcp_transport.sources.openapi import document
from mcp_transport.sources.openapi import source as module
from mcp_transport.sources.openapi.source import OpenApiSource
from mcp_transport.testing import Site
from mcp_transport.worker.lifespan import runtime
from tests.sources.openapi.documents import PETSTORE
from tests.upstream import Got, Send, Upstream, reply

TOKEN = "the-token-of-the-api"
ERAS = pytest.mark.parametrize("revision", ["2025-06-18", "2025-11-25", "2026-07-28"])


@pytest_asyncio.fixture
async def site(
    transactional_db: None, settings: Settings, upstream: Upstream
) -> AsyncIterator[Site]:
    """The site with a server that offers the petstore, and one that offers all."""
    settings.MCP_OPENAPI = {
        "pets": {
            "document": PETSTORE,
            "base_url": upstream.url,
            "private_hosts": ["127.0.0.1"],
            "auth": {"bearer": TOKEN},
        },
        "away": {"document": "http://127.0.0.1:1/openapi.json", "private_hosts": ["127.0.0.1"]},
    }
    await Server.objects.acreate(slug="pets", access="public", offers=["openapi.pets"])
    await Server.objects.acreate(slug="all", access="public")
    async with Site() as site:
        yield site


@ERAS
async def test_operations_are_listed_and_called(
    site: Site, upstream: Upstream, revision: str
) -> None:
    client = site.client("pets", revision=revision)
    tools = await client.tools()
    assert set(tools) == {
        "pets_findPets",
        "pets_addPet",
        "pets_getPet",
        "pets_replacePet",
        "pets_delete__pets_id",
        "pets_addPhoto",
        "pets_order",
    }
    assert tools["pets_getPet"]["annotations"]["readOnlyHint"] is True
    result = await client.call("pets_getPet", id=7)
    assert json.loads(result.text)["path"] == "/pets/7"
    assert upstream.got[0].headers["authorization"] == f"Bearer {TOKEN}"


async def test_what_is_listed_can_be_called(site: Site, upstream: Upstream) -> None:
    arguments: dict[str, dict[str, Any]] = {
        "pets_addPet": {"body": {"name": "Rex"}},
        "pets_addPhoto": {"id": "7"},
        "pets_order": {"body": {"pet": 1}},
        "pets_findPets": {},
    }

    async def act(_got: Got, send: Send) -> None:
        await reply(send, {"pets": [], "id": 1, "name": "Rex"})

    upstream.act = act
    client = site.client("pets")
    tools = await client.tools()
    for name in tools:
        await client.call(name, **arguments.get(name, {"id": 7}))
    assert len(upstream.got) == len(tools)


@ERAS
async def test_an_error_of_the_api_is_one_that_the_model_reads(
    site: Site, upstream: Upstream, revision: str
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, {"error": "no such pet"}, status=404)

    upstream.act = act
    result = await site.client("pets", revision=revision).try_call("pets_getPet", {"id": 7})
    assert result.is_error
    assert "404 Not Found" in result.text
    assert "no such pet" in result.text


async def test_nothing_of_the_caller_goes_out(
    site: Site, upstream: Upstream, django_user_model: Any
) -> None:
    user = await django_user_model.objects.acreate(username="ada")
    client = site.client("pets", user=user)
    await client.call("pets_getPet", id=7)
    (got,) = upstream.got
    assert set(got.headers) == {"host", "accept", "user-agent", "accept-encoding", "authorization"}
    assert "guest" not in str(got)


async def test_a_secret_argument_is_not_recorded(site: Site, upstream: Upstream) -> None:
    await site.client("pets").call("pets_order", body={"pet": 1, "card": "4111-1111"})
    assert b"4111-1111" in upstream.got[0].body
    row = await Call.objects.alatest("id")
    assert "4111" not in row.arguments
    assert "[redacted]" in row.arguments


async def test_a_document_that_is_away_takes_nothing_from_the_others(site: Site) -> None:
    tools = await site.client("all").tools()
    assert "pets_getPet" in tools
    assert "greet" in tools or len(tools) > 7
    assert not any(name.startswith("away") for name in tools)


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_who_listens_hears_of_a_document_that_has_changed(
    site: Site, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, revision: str
) -> None:
    monkeypatch.setattr(document, "FILE_INTERVAL", 0.0)
    path = tmp_path / "pets.yaml"
    shutil.copy(PETSTORE, path)
    settings.MCP_OPENAPI = {"pets": {"document": path, "base_url": "https://pets.example"}}
    await site.restart()
    client = site.client("pets", revision=revision)
    assert "pets_findPets" in await client.tools()
    async with client.listen("tools") as listener:
        path.write_text(path.read_text().replace("findPets", "searchPets"))
        assert (await listener.next()).kind == "tools"
    assert "pets_searchPets" in await client.tools()


async def test_a_caller_who_leaves_takes_the_request_along(site: Site, upstream: Upstream) -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def act(got: Got, send: Send) -> None:
        arrived.set()
        await got.gone()
        left.set()

    upstream.act = act
    (source,) = [s for s in runtime().directory.sources if isinstance(s, OpenApiSource)]
    tool = next(t for t in source.entries().tools if t.name == "pets_getPet")
    calling = asyncio.create_task(source.call(tool, {"id": 7}, None))  # type: ignore[arg-type] # it is not looked at
    async with asyncio.timeout(30):
        await arrived.wait()
        calling.cancel()
        await left.wait()
    await asyncio.wait([calling])


def test_how_documents_are_is_told(settings: Settings) -> None:
    settings.MCP_OPENAPI = {
        "pets": {"document": PETSTORE},
        "away": {"document": "http://127.0.0.1:1/openapi.json", "private_hosts": ["127.0.0.1"]},
    }
    source = OpenApiSource()
    source.refresh()
    pets, away = source.health()
    assert (pets.owner, pets.is_well, pets.text) == ("openapi.pets", True, "ok")
    assert (away.owner, away.is_well) == ("openapi.away", False)
    assert away.text == "it cannot be fetched (All connection attempts failed)"


def test_another_setting_is_another_generation(settings: Settings) -> None:
    source = OpenApiSource()
    assert source.entries().tools == ()
    before = source.generation()
    settings.MCP_OPENAPI = {"pets": {"document": PETSTORE}}
    source.refresh()
    assert source.generation() > before
    tool = source.entries().tools[0]
    assert (source.owner(tool), source.place(tool)) == ("openapi.pets", "GET /pets")
    settings.MCP_OPENAPI = {}
    source.refresh()
    assert source.entries().tools == ()


def test_nobody_waits_long_for_a_document(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_PATIENCE", 0.0)
    settings.MCP_OPENAPI = {"pets": {"document": PETSTORE}}
    source = OpenApiSource()
    source.refresh()
    assert source.health()[0].text in {"it is not there yet", "ok"}
    for api in source._apis.values():
        api.document.wait(30.0)
    assert source.health()[0].is_well


def test_a_wrong_setting_stops_the_site_where_it_starts(settings: Settings) -> None:
    settings.MCP_OPENAPI = {"pets": {"document": 3}}
    with pytest.raises(ImproperlyConfigured, match=r"MCP_OPENAPI\['pets'\]\['document'\]"):
        OpenApiSource()


def test_a_package_that_is_not_there_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "API", "no_such_package.Api")
    settings.MCP_OPENAPI = {"pets": {"document": PETSTORE}}
    with pytest.raises(ImproperlyConfigured, match="extra 'openapi'"):
        OpenApiSource()


def test_a_site_without_documents_needs_none_of_the_packages() -> None:
    code = (
        "import sys\n"
        "sys.modules['httpx'] = sys.modules['yaml'] = None\n"
        "import django\n"
        "from django.conf import settings\n"
        "own = settings.INSTALLED_APPS\n"
        "settings.INSTALLED_APPS = [app for app in own if 'oauth' not in app]\n"  # which needs one
        "django.setup()\n"
        "from mcp_transport.engine.offering import known_sources\n"
        "assert 'openapi' in [source.name for source in known_sources()]\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=100)
