from __future__ import annotations

from typing import Any

import pytest

from tests.client import HTTP_REVISIONS
from tests.interaction.conftest import AnyClient, Configure, Connect
from tests.interaction.requirements import covers

LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}


async def pages(client: AnyClient, method: str) -> list[list[Any]]:
    found, cursor = [], None
    while True:
        result = (await client.ask(method, {"cursor": cursor} if cursor else {})).result
        found.append(result[LISTS[method]])
        if "nextCursor" not in result:
            return found
        cursor = result["nextCursor"]
        assert cursor, "An empty cursor would look like the end."
        assert len(found) < 100


@covers("PAGE-1", "PAGE-3", "PAGE-4", "RES-8")
@pytest.mark.parametrize("method", LISTS)
async def test_pages_follow_one_another_without_gap_or_repetition(
    connect: Connect, configure: Configure, method: str
) -> None:
    client = await connect()
    (whole,) = await pages(client, method)
    await configure(MCP_PAGE_SIZE=1)
    single = await pages(client, method)
    assert [entry for page in single for entry in page] == whole
    assert [len(page) for page in single] == [1] * len(whole)


@covers("PAGE-2", "PAGE-3")
@pytest.mark.parametrize("method", LISTS)
@pytest.mark.parametrize("cursor", ["zzz", "", "dG9vbHM6OTk5", 3])
async def test_a_cursor_from_nowhere_is_refused(connect: Connect, method: str, cursor: Any) -> None:
    reply = await (await connect()).ask(method, {"cursor": cursor})
    assert reply.error["code"] == -32602


@covers("PAGE-2")
@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_a_cursor_of_one_list_opens_no_other(connect: Connect, configure: Configure) -> None:
    await configure(MCP_PAGE_SIZE=1)
    client = await connect()
    cursor = (await client.ask("tools/list")).result["nextCursor"]
    assert (await client.ask("prompts/list", {"cursor": cursor})).error["code"] == -32602
