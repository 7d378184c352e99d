"""Tests of mcp_transport.testing.listening."""

from __future__ import annotations

import pytest

from mcp_transport.protocol.subscriptions import Change
from mcp_transport.testing import Client
from tests.testing.conftest import EVERY_REVISION


@EVERY_REVISION
async def test_a_list_that_changes_is_heard_of(mcp: Client) -> None:
    async with mcp.listen("tools") as changes:
        await mcp.call("announce", kind="prompts")
        await mcp.call("announce", kind="tools")
        assert await changes.next() == Change("tools")
        assert changes.is_quiet


@EVERY_REVISION
async def test_a_resource_that_changes_is_heard_of(mcp: Client) -> None:
    async with mcp.listen(resources=["note://plain"]) as changes:
        await mcp.call("touch", uri="note://pixel")
        await mcp.call("touch", uri="note://plain")
        assert await changes.next() == Change("resources", "note://plain")


async def test_a_wait_is_bounded(mcp: Client) -> None:
    mcp.site.http.limit = 0.5
    async with mcp.listen("tools") as changes:
        with pytest.raises(TimeoutError):
            await changes.next()


async def test_a_stream_that_ends_is_no_change(mcp: Client) -> None:
    async with mcp.listen("tools") as changes:
        await mcp.site.restart()
        with pytest.raises(AssertionError, match="The stream ended"):
            await changes.next()


async def test_nobody_listens_before_it_begins(mcp: Client) -> None:
    listener = mcp.listen("tools")
    assert not listener.is_quiet
    with pytest.raises(AssertionError, match="async with"):
        await listener.next()
