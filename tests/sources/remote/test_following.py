"""Tests of mcp_transport.sources.remote.following: what a server tells beside its answers."""

from __future__ import annotations

import asyncio

import pytest

from mcp_transport.sources.remote import session as session_module
from tests.sources.remote.conftest import ERAS, LIMIT, Sited, here, keeper, until
from tests.sources.remote.scripted import Scripted

UPDATED = "notifications/resources/updated"
CHANGED = "notifications/tools/list_changed"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that ends is asked for again without a pause."""
    monkeypatch.setattr(session_module, "RETRY_AFTER", 0.01)


def is_live() -> bool:
    """Whether changes are heard."""
    follower = keeper()._follower
    return follower is not None and follower.is_live


@pytest.mark.parametrize("era", ERAS)
async def test_a_new_tool_is_told_to_clients(sited: Sited, scripted: Scripted, era: str) -> None:
    scripted.era = era
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open", revision="2025-11-25")
        await until(is_live)
        assert "far_more" not in await client.tools()
        async with client.listen("tools") as listener:
            scripted.more = True
            await scripted.tell(CHANGED)
            async with asyncio.timeout(LIMIT):
                assert (await listener.next()).kind == "tools"
        assert "far_more" in await client.tools()


@pytest.mark.parametrize("revision", ERAS)
@pytest.mark.parametrize("era", ERAS)
async def test_a_resource_that_changed_is_told_to_who_subscribed(
    sited: Sited, scripted: Scripted, era: str, revision: str
) -> None:
    scripted.era = era
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open", revision=revision)
        await until(is_live)
        await client.read("note://one")
        await client.read("note://two")
        await until(lambda: follows(scripted, "note://one") and follows(scripted, "note://two"))
        async with client.listen(resources=["note://one"]) as listener:
            await scripted.tell(UPDATED, uri="note://of-somebody-else")
            await scripted.tell(UPDATED, uri="note://one")
            async with asyncio.timeout(LIMIT):
                assert (await listener.next()).uri == "note://one"
        await until(lambda: len(scripted.listeners) == 1)


def follows(scripted: Scripted, uri: str) -> bool:
    """Whether a server was asked to tell of a resource."""
    if scripted.era == "2026-07-28":
        return any(uri in got.body.decode() for got in scripted.listeners)
    return any(uri in got.body.decode() for got in scripted.calls("resources/subscribe"))


@pytest.mark.parametrize("era", ERAS)
async def test_who_was_deaf_for_a_while_looks_at_all(
    sited: Sited, scripted: Scripted, era: str
) -> None:
    scripted.era = era
    async with sited(far=here(scripted.url)):
        await until(is_live)
        scripted.more = True
        (listener,) = scripted.listeners
        await listener.piece(b"", is_last=True)
        await until(lambda: "more" in known_tools())
        await until(is_live)


def known_tools() -> set[str]:
    """What is known of the tools of the server."""
    return {tool.own_name for tool in keeper()._known.entries([keeper().origin]).tools}


@pytest.mark.parametrize("era", ERAS)
async def test_a_server_that_does_not_tell_is_looked_at(
    sited: Sited, scripted: Scripted, era: str
) -> None:
    scripted.era, scripted.has_stream = era, False
    async with sited(far=here(scripted.url, refresh=0.1)):
        scripted.more = True
        await until(lambda: "more" in known_tools())


async def test_a_session_that_was_forgotten_is_followed_anew(
    sited: Sited, scripted: Scripted
) -> None:
    scripted.era = "2025-11-25"
    async with sited(far=here(scripted.url)) as site:
        await until(is_live)
        await site.client("open").read("note://one")
        (listener,) = scripted.listeners
        scripted.sessions.clear()
        await listener.piece(b"", is_last=True)
        await until(lambda: is_live() and scripted.listeners not in ([], [listener]))
        await until(lambda: len(scripted.calls("resources/subscribe")) == 2)
