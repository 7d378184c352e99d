"""Tests of mcp_transport.sources.texts, through the front door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_transport.models import Server, TextEntry
from mcp_transport.sources.texts import TextSource
from mcp_transport.testing import Site
from mcp_transport.worker.lifespan import runtime


@pytest.fixture
async def site(transactional_db: None) -> AsyncIterator[Site]:
    """The site with a server that offers texts."""
    await Server.objects.acreate(slug="texts", access="public", offers=["texts"])
    async with Site() as site:
        yield site


async def write(**fields: Any) -> TextEntry:
    """Save a text as the admin does."""
    entry = TextEntry(**fields)
    await sync_to_async(entry.save)()
    return entry


LETTER: dict[str, Any] = {
    "name": "letter",
    "title": "Letter",
    "text": "Dear {name}, {{name}} is a variable. {note}",
    "arguments": [{"name": "name", "required": True}, {"name": "note"}],
}


async def test_a_prompt_is_filled_with_its_arguments(site: Site) -> None:
    await write(**LETTER)
    client = site.client("texts")
    assert list(await client.prompts()) == ["letter"]
    prompt = await client.prompt("letter", name="{note}")
    assert "Dear {note}, {name} is a variable. " in str(prompt)


async def test_a_resource_is_read(site: Site) -> None:
    await write(kind="resource", name="h", uri="text://h", text="Grüße", mime_type="text/markdown")
    client = site.client("texts")
    listed = (await client.resources())["text://h"]
    assert (listed["mimeType"], listed["size"]) == ("text/markdown", 7)
    assert "Grüße" in str(await client.read("text://h"))


async def test_who_listens_hears_of_a_new_text(site: Site) -> None:
    await write(**{**LETTER, "name": "first"})
    client = site.client("texts", revision="2025-11-25")
    await client.prompts()
    async with client.listen("prompts") as listener:
        await write(**LETTER)
        assert (await listener.next()).kind == "prompts"
    assert list(await client.prompts()) == ["first", "letter"]


@pytest.mark.parametrize("revision", ["2025-11-25", "2026-07-28"])
async def test_who_reads_a_text_hears_that_it_says_something_else(
    site: Site, revision: str
) -> None:
    entry = await write(kind="resource", name="h", uri="text://h", text="old")
    client = site.client("texts", revision=revision)
    await client.resources()
    async with client.listen(resources=["text://h"]) as listener:
        entry.text = "new"
        await sync_to_async(entry.save)()
        assert (await listener.next()).uri == "text://h"
    assert "new" in str(await client.read("text://h"))


async def test_rows_are_read_again_only_when_they_have_changed(site: Site) -> None:
    await write(**LETTER)
    source = TextSource()
    seen = []
    for is_enabled in (True, True, False):
        await TextEntry.objects.aupdate(is_enabled=is_enabled)
        await sync_to_async(source.refresh)()
        seen.append((source.generation(), len(source.entries().prompts)))
    assert seen == [(1, 1), (1, 1), (2, 0)]


async def test_a_text_is_offered_by_name_or_with_all_texts(site: Site) -> None:
    await write(**LETTER)
    await write(**{**LETTER, "name": "other"})
    await Server.objects.filter(slug="texts").aupdate(offers=["texts:other"])
    runtime().directory.forget()
    assert list(await site.client("texts").prompts()) == ["other"]
