from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.models import Server
from tests.client import HTTP_REVISIONS, MODERN_REVISION
from tests.interaction.conftest import Connect, ConnectModern
from tests.interaction.requirements import covers

LISTS = {
    "tools": "tools/list",
    "resources": "resources/list",
    "prompts": "prompts/list",
}


@covers("DISC-1", "DISC-2", "DISC-5")
async def test_discovery_may_be_the_first_request(modern: ConnectModern) -> None:
    result = (await modern().ask("server/discover")).result
    assert result["resultType"] == "complete"
    assert result["instructions"] == "Ask for a quote."
    assert "serverInfo" not in result
    assert result["ttlMs"] >= 0
    assert result["cacheScope"] in {"public", "private"}


@covers("DISC-4")
async def test_discovery_lists_every_revision_newest_first(modern: ConnectModern) -> None:
    served = (await modern().ask("server/discover")).result["supportedVersions"]
    assert served[0] == MODERN_REVISION
    assert served == sorted(served, reverse=True)
    assert set(HTTP_REVISIONS) <= set(served)


@covers("DISC-3", "TOOL-1", "RES-1", "PR-1", "CMP-1", "LOG-3")
@pytest.mark.parametrize(
    "offers",
    [["good"], ["good:repeat"], ["good:note://plain"], ["good:plan"], ["good:illustrated"], []],
)
async def test_what_is_declared_works_and_nothing_else_does(
    connect: Connect, revision: str, servers: dict[str, Server], offers: list[str]
) -> None:
    await Server.objects.filter(slug="guarded").aupdate(offers=offers, access="public")
    client = await connect(path="/mcp/guarded")
    if revision == MODERN_REVISION:
        declared = (await client.ask("server/discover")).result["capabilities"]
    else:
        declared = client.initialized["capabilities"]  # type: ignore[union-attr]
    for name, method in LISTS.items():
        reply = await client.ask(method)
        assert ("result" in reply.response) is (name in declared), name
    assert "logging" in declared
    assert "tasks" not in declared
    assert "extensions" not in declared


@covers("DISC-3", "CMP-1")
async def test_completion_is_declared_when_something_can_be_completed(
    connect: Connect, revision: str
) -> None:
    client = await connect()
    if revision == MODERN_REVISION:
        declared = (await client.ask("server/discover")).result["capabilities"]
    else:
        declared = client.initialized["capabilities"]  # type: ignore[union-attr]
    assert declared["completions"] == {}


async def test_nothing_of_the_older_tasks_is_advertised(connect: Connect, revision: str) -> None:
    capabilities: dict[str, Any] = {
        "extensions": {"io.modelcontextprotocol/tasks": {}},
        "tasks": {},
    }
    client = await connect(capabilities=capabilities)
    for tool in (await client.ask("tools/list")).result["tools"]:
        assert "execution" not in tool
    gone = ["tasks/list", "tasks/result"]  # and what the extension has, before there was one
    if revision != MODERN_REVISION:
        gone += ["tasks/get", "tasks/cancel", "tasks/update"]
    for method in gone:
        assert (await client.ask(method, {"taskId": "t"})).error["code"] == -32601


@covers("T1-3")
async def test_a_call_that_asks_for_a_task_just_runs(connect: Connect) -> None:
    client = await connect()
    params = {"name": "nothing", "arguments": {}, "task": {"ttl": 60000}}
    assert (await client.ask("tools/call", params)).result["content"] == []


async def test_no_interface_extension_is_advertised(modern: ConnectModern) -> None:
    client = modern(capabilities={"extensions": {"io.modelcontextprotocol/ui": {}}})
    result = (await client.ask("server/discover")).result
    assert "extensions" not in result["capabilities"]
