"""Who asks too often is told to come later, over every transport and in both eras."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mcp_transport.models import Call, EntryOverride, Server
from mcp_transport.testing import Http
from mcp_transport.testing.clock import Clock
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe
from tests.client import LEGACY_REVISIONS, MODERN_REVISION
from tests.interaction.conftest import (
    OPEN,
    AnyClient,
    Configure,
    Connect,
    ConnectLegacy,
    ConnectModern,
    UserToken,
)
from tests.interaction.requirements import covers
from tests.old_client import OldClient
from tests.sockets import Sockets

pytestmark = pytest.mark.inside
GUARDED = "/mcp/guarded"
JSON = {"content-type": "application/json"}
REPEAT = {"name": "repeat", "arguments": {"text": "hi"}}


async def limit(slug: str = "open", **fields: int) -> None:
    """Change a server's row, and have it read."""
    await Server.objects.filter(slug=slug).aupdate(**fields)
    runtime().directory.forget()


async def limit_tool(name: str, **fields: int) -> None:
    server = await Server.objects.aget(slug="open")
    await EntryOverride.objects.acreate(server=server, name=name, **fields)
    runtime().directory.forget()


async def used_up(client: AnyClient, most: int) -> Any:
    """The first reply that is a refusal."""
    for _ in range(most):
        reply = await client.call("repeat", {"text": "hi"})
        if "error" in reply.response:
            return reply
    pytest.fail("Nothing was refused.")


def is_later(error: dict[str, Any]) -> bool:
    return bool(error["code"] == 429 and error["data"]["retryAfterSeconds"] >= 1)


@covers("TOOL-15")
async def test_who_asks_too_often_is_told_when_to_come_again(
    connect: Connect, mcp_clock: Clock
) -> None:
    client = await connect()
    await limit(principal_rate=10)
    reply = await used_up(client, 12)
    assert reply.refused == (429, 429)
    assert 1 <= int(reply.headers["retry-after"]) <= 6
    assert reply.error["data"] == {"retryAfterSeconds": int(reply.headers["retry-after"])}
    mcp_clock.advance(6)
    assert (await client.call("repeat", {"text": "hi"})).result
    assert (await client.call("repeat", {"text": "hi"})).refused == (429, 429)


@covers("TOOL-15")
async def test_each_principal_has_its_own_share(connect: Connect, user_token: UserToken) -> None:
    ada = await connect(path=GUARDED, token=await user_token("ada"))
    bob = await connect(path=GUARDED, token=await user_token("bob"))
    await limit("guarded", principal_rate=5)
    await used_up(ada, 6)
    assert (await bob.call("repeat", {"text": "hi"})).result


@covers("TOOL-15")
async def test_a_server_has_a_share_for_all(connect: Connect, user_token: UserToken) -> None:
    ada = await connect(path=GUARDED, token=await user_token("ada"))
    bob = await connect(path=GUARDED, token=await user_token("bob"))
    await limit("guarded", rate=5, principal_rate=100)
    await used_up(ada, 6)
    assert (await bob.call("repeat", {"text": "hi"})).refused == (429, 429)


@covers("TOOL-15")
async def test_a_tool_has_a_share_for_all(connect: Connect) -> None:
    client = await connect()
    await limit_tool("repeat", rate=2)
    reply = await used_up(client, 3)
    assert reply.refused == (429, 429)
    assert "'repeat'" in reply.error["message"]
    assert (await client.call("nothing")).result
    assert (await client.ask("tools/list")).result["tools"]


@covers("TOOL-15")
async def test_only_so_many_requests_run_at_once(connect: Connect, probe: Probe) -> None:
    client = await connect()
    await limit(principal_concurrency=1)
    waiting = asyncio.create_task(client.call("wait"))
    await probe.wait(probe.started)
    reply = await client.call("repeat", {"text": "hi"})
    assert reply.refused == (429, 429)
    assert reply.headers["retry-after"] == "1"
    probe.released.set()
    assert (await waiting).result
    assert (await client.call("repeat", {"text": "hi"})).result


@covers("TOOL-15")
async def test_only_so_many_use_a_tool_at_once(connect: Connect, probe: Probe) -> None:
    client = await connect()
    await limit_tool("wait", concurrency=1)
    waiting = asyncio.create_task(client.call("wait"))
    await probe.wait(probe.started)
    assert (await client.call("wait")).refused == (429, 429)
    assert (await client.call("repeat", {"text": "hi"})).result
    probe.released.set()
    assert (await waiting).result
    assert (await client.call("wait")).result


@covers("TOOL-15")
async def test_all_clients_together_have_so_many_running(
    connect: Connect, probe: Probe, user_token: UserToken
) -> None:
    ada = await connect(path=GUARDED, token=await user_token("ada"))
    bob = await connect(path=GUARDED, token=await user_token("bob"))
    await limit("guarded", concurrency=1, principal_concurrency=5)
    waiting = asyncio.create_task(ada.call("wait"))
    await probe.wait(probe.started)
    for _ in range(3):  # a refusal holds nothing
        assert (await bob.call("repeat", {"text": "hi"})).refused == (429, 429)
    probe.released.set()
    assert (await waiting).result
    assert (await bob.call("repeat", {"text": "hi"})).result


@covers("TOOL-15")
async def test_the_settings_are_what_a_row_leaves_open(
    modern: ConnectModern, settings: Any
) -> None:
    settings.MCP_ANONYMOUS_RATE_LIMIT = 2
    settings.MCP_RATE_LIMIT = 1
    runtime().directory.forget()
    client = modern()
    await used_up(client, 3)
    await limit(principal_rate=0)  # this server has none
    for _ in range(5):
        assert (await client.call("repeat", {"text": "hi"})).result


@covers("TOOL-15")
@pytest.mark.parametrize("revision", [*LEGACY_REVISIONS, MODERN_REVISION])
async def test_over_a_websocket_the_error_says_when_to_come_again(
    sockets: Sockets, revision: str
) -> None:
    socket = await sockets.open()
    ask = socket.ask_modern
    if revision != MODERN_REVISION:
        await socket.initialize(revision)
        ask = socket.ask
    await limit(principal_rate=3)
    answers = [await ask("tools/call", REPEAT) for _ in range(4)]
    assert [("error" in answer) for answer in answers].count(False) >= 2
    assert is_later(answers[-1]["error"])
    assert (await sockets.open()).status == 429  # connections count
    await limit(principal_rate=0)
    assert "result" in await ask("tools/call", REPEAT)  # the connection goes on


@covers("TOOL-15")
async def test_over_http_with_sse_the_error_comes_on_the_stream(http: Http) -> None:
    client = await OldClient(http).connect()
    await client.initialize("2024-11-05")
    await limit(principal_rate=2)
    for _ in range(2):
        assert "result" in await client.ask("tools/call", REPEAT)
    assert is_later((await client.ask("tools/call", REPEAT))["error"])
    refused = await http.open("GET", f"{OPEN}/sse", headers={"accept": "text/event-stream"})
    assert refused.status == 429


@covers("TOOL-15")
@pytest.mark.parametrize("ending", ["", "/stream"])
async def test_plain_http_is_refused_with_a_status(http: Http, settings: Any, ending: str) -> None:
    settings.MCP_REST = True
    await limit(principal_rate=2)
    body = json.dumps({"arguments": {"text": "hi"}}).encode()
    path = f"{OPEN}/tools/repeat{ending}"
    for status in (200, 200, 429):
        exchange = await http.open("POST", path, headers=JSON, body=body)
        text = await exchange.read()
        assert exchange.status == status
    assert exchange.headers["retry-after"] == "30"
    assert json.loads(text)["error"]["code"] == 429
    assert (await http.open("GET", f"{OPEN}/tools")).status == 429


@covers("TOOL-15", "SUB-13")
async def test_streams_and_tickets_count_as_requests(
    legacy: ConnectLegacy, modern: ConnectModern, user_token: UserToken, http: Http
) -> None:
    token = await user_token()
    client = await legacy("2025-11-25", path=GUARDED, token=token)
    await limit("guarded", principal_rate=3)
    ticket = {"authorization": f"Bearer {token}", **JSON}
    assert (await http.open("POST", f"{GUARDED}/ws/ticket", headers=ticket)).status == 200
    assert (await client.get()).status == 200
    assert (await client.ask("ping")).result == {}
    assert (await client.get()).status == 429
    assert (await http.open("POST", f"{GUARDED}/ws/ticket", headers=ticket)).status == 429
    listen = await modern(path=GUARDED, token=token).open(
        "subscriptions/listen", {"notifications": {}}
    )
    assert listen.status == 429
    assert (await client.delete()).status == 204  # whoever leaves is let go


@covers("TOOL-15")
async def test_what_no_client_repeats_still_arrives_for_a_while(
    legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await legacy("2025-11-25")
    waiting = asyncio.create_task(client.call("wait", id="w"))
    await probe.wait(probe.started)
    await limit(principal_rate=1)
    assert (await client.ask("ping")).result == {}
    assert (await client.ask("ping")).status == 429
    assert (await client.notify("notifications/cancelled", {"requestId": "w"})).status == 202
    await probe.wait(probe.cancelled)
    await waiting
    assert (await client.notify("notifications/cancelled", {"requestId": "w"})).status == 429


@covers("TOOL-15")
async def test_a_batch_counts_for_each_of_its_messages(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-03-26")
    await limit(principal_rate=5)

    def pings(count: int) -> list[dict[str, Any]]:
        return [{"jsonrpc": "2.0", "id": f"p{n}", "method": "ping"} for n in range(count)]

    assert len((await client.batch(pings(3))).messages) == 3
    assert (await client.batch(pings(3))).status == 429
    assert len((await client.batch(pings(2))).messages) == 2


@covers("TOOL-15")
async def test_of_a_batch_only_what_has_a_limit_is_refused(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-03-26")
    await limit_tool("repeat", rate=1)
    calls = [
        {"jsonrpc": "2.0", "id": f"c{n}", "method": "tools/call", "params": REPEAT}
        for n in range(2)
    ]
    answers = (await client.batch(calls)).messages
    assert ["result" in answer for answer in answers] == [True, False]
    assert is_later(answers[1]["error"])


@covers("TOOL-15")
async def test_what_is_refused_leaves_a_row_and_not_one_each(
    modern: ConnectModern, mcp_clock: Clock
) -> None:
    client = modern()
    await limit_tool("repeat", rate=1)
    for _ in range(20):
        await client.call("repeat", {"text": "hi"})
    mcp_clock.advance(61)
    runtime().limiting.summarize()
    await runtime().stop()
    rows = [row async for row in Call.objects.order_by("id")]
    assert [row.outcome for row in rows] == ["ok", "refused", "refused"]
    assert [(row.method, row.entry, row.server) for row in rows[1:]] == 2 * [
        ("tools/call", "repeat", "open")
    ]
    assert "18 more" in rows[2].error


@covers("SUB-13", "WSH-8")
async def test_connections_and_streams_share_one_limit(
    sockets: Sockets, modern: ConnectModern, configure: Configure
) -> None:
    await configure(MCP_MAX_ANONYMOUS_STREAMS=2)
    socket = await sockets.open()
    await socket.initialize()  # what tells its session of changes is part of it
    exchange = await modern().open("subscriptions/listen", {"notifications": {}})
    assert exchange.status == 200
    assert (await sockets.open()).status == 429
    await exchange.disconnect()
    assert (await sockets.open()).is_accepted
