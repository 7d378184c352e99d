from __future__ import annotations

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from mcp_transport.models import EntryOverride, Server, Session
from mcp_transport.worker.lifespan import runtime
from tests.client import LOG_LEVEL, SUBSCRIPTION_ID, Stream
from tests.interaction.conftest import (
    GUARDED,
    Configure,
    Connect,
    ConnectLegacy,
    ConnectModern,
    UserToken,
)
from tests.interaction.requirements import covers
from tests.sockets import Sockets

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
TOOLS = "notifications/tools/list_changed"
PROMPTS = "notifications/prompts/list_changed"
RESOURCES = "notifications/resources/list_changed"
UPDATED = "notifications/resources/updated"
LIST_CHANGED = {"tools": TOOLS, "prompts": PROMPTS, "resources": RESOURCES}


async def opened(stream: Stream) -> Stream:
    await stream.expect(ACKNOWLEDGED)
    return stream


@covers("SUB-1")
@pytest.mark.parametrize("params", [{}, {"notifications": None}, {"notifications": []}])
async def test_listening_names_what_it_wants(modern: ConnectModern, params: dict[str, Any]) -> None:
    assert (await modern().ask("subscriptions/listen", params)).error["code"] == -32602


@covers("SUB-1", "SUB-2", "SUB-4")
@pytest.mark.parametrize("identity", [7, "7"])
async def test_a_stream_begins_with_what_will_be_told(modern: ConnectModern, identity: Any) -> None:
    wanted = {"toolsListChanged": True, "resourceSubscriptions": ["note://plain"]}
    stream = await modern().listen(wanted, id=identity)
    assert stream.exchange.status == 200
    acknowledged = await stream.expect(ACKNOWLEDGED)
    assert acknowledged["notifications"] == wanted
    assert acknowledged["_meta"] == {SUBSCRIPTION_ID: identity}
    assert type(acknowledged["_meta"][SUBSCRIPTION_ID]) is type(identity)
    await stream.close()


@covers("SUB-3", "SUB-14")
async def test_what_cannot_be_told_is_missing_there(
    modern: ConnectModern, servers: dict[str, Server]
) -> None:
    await Server.objects.filter(slug="guarded").aupdate(offers=["good:repeat"], access="public")
    wanted = {
        "toolsListChanged": True,
        "promptsListChanged": True,
        "resourceSubscriptions": ["note://plain"],
    }
    stream = await modern(path="/mcp/guarded").listen(wanted)
    acknowledged = await stream.expect(ACKNOWLEDGED)
    assert acknowledged["notifications"] == {"toolsListChanged": True}
    await stream.close()


@covers("SUB-14")
async def test_a_server_with_nothing_to_tell_acknowledges_nothing(
    modern: ConnectModern, servers: dict[str, Server]
) -> None:
    await Server.objects.filter(slug="guarded").aupdate(offers=[], access="public")
    stream = await modern(path="/mcp/guarded").listen({"toolsListChanged": True})
    assert (await stream.expect(ACKNOWLEDGED))["notifications"] == {}
    await stream.close()


@covers("SUB-4", "SUB-5", "SUB-6")
@pytest.mark.parametrize("kind", ["tools", "prompts", "resources"])
async def test_a_list_that_changes_is_told_to_who_asked(modern: ConnectModern, kind: str) -> None:
    client = modern()
    stream = await opened(await client.listen({f"{kind}ListChanged": True}, id="s"))
    for other in ("tools", "prompts", "resources"):
        if other != kind:
            await client.call("announce", {"kind": other})
    await client.call("announce", {"kind": kind})
    params = await stream.expect(LIST_CHANGED[kind])
    assert params["_meta"] == {SUBSCRIPTION_ID: "s"}
    await stream.close()


@covers("SUB-5")
async def test_an_empty_filter_hears_nothing(modern: ConnectModern) -> None:
    client = modern()
    silent = await opened(await client.listen({}, id="silent"))
    hearing = await opened(await client.listen({"toolsListChanged": True}, id="hearing"))
    await client.call("announce", {"kind": "tools"})
    await client.call("touch", {"uri": "note://plain"})
    await hearing.expect(TOOLS)
    assert silent.exchange.is_quiet
    await silent.close()
    await hearing.close()


@covers("SUB-7", "SUB-5")
@pytest.mark.parametrize("changed", ["note://item/7", "note://item"])
async def test_a_resource_is_told_of_to_who_named_it_or_something_above(
    modern: ConnectModern, changed: str
) -> None:
    client = modern()
    stream = await opened(await client.listen({"resourceSubscriptions": ["note://item"]}))
    await client.call("touch", {"uri": "note://items"})
    await client.call("touch", {"uri": "note://plain"})
    await client.call("touch", {"uri": changed})
    assert (await stream.expect(UPDATED))["uri"] == changed
    await stream.close()


@covers("SUB-8", "LOG-2")
async def test_progress_and_log_stay_off_a_subscription(modern: ConnectModern) -> None:
    client = modern()
    everything = {"toolsListChanged": True, "promptsListChanged": True}
    stream = await opened(await client.listen(everything, meta={LOG_LEVEL: "debug"}))
    await client.call("narrate", meta={LOG_LEVEL: "debug", "progressToken": "t"})
    await client.call("count", meta={LOG_LEVEL: "debug", "progressToken": "t"})
    await client.call("announce", {"kind": "tools"})
    await stream.expect(TOOLS)
    await stream.close()


@covers("SUB-9", "SUB-4")
async def test_subscriptions_run_side_by_side_even_under_one_id(modern: ConnectModern) -> None:
    client = modern()
    tools = await opened(await client.listen({"toolsListChanged": True}, id=1))
    prompts = await opened(await client.listen({"promptsListChanged": True}, id=1))
    await client.call("announce", {"kind": "prompts"})
    await client.call("announce", {"kind": "tools"})
    await tools.expect(TOOLS)
    await prompts.expect(PROMPTS)
    await tools.close()
    await prompts.close()


@covers("SUB-10", "META-8")
@pytest.mark.inside
async def test_a_server_that_stops_ends_every_subscription_with_a_result(
    modern: ConnectModern,
) -> None:
    stream = await opened(await modern().listen({"toolsListChanged": True}, id=5))
    await runtime().stop()
    message = await stream.message()
    assert message is not None
    assert message["id"] == 5
    assert message["result"]["resultType"] == "complete"
    assert message["result"]["_meta"][SUBSCRIPTION_ID] == 5
    assert await stream.message() is None


@covers("SUB-11")
@pytest.mark.inside
async def test_a_client_that_leaves_is_forgotten(modern: ConnectModern) -> None:
    client = modern()
    first = await opened(await client.listen({"toolsListChanged": True}))
    await first.close()
    assert first.exchange.is_over
    await client.call("announce", {"kind": "tools"})
    second = await opened(
        await client.listen({"toolsListChanged": True, "promptsListChanged": True})
    )
    await client.call("announce", {"kind": "prompts"})
    await second.expect(PROMPTS)
    await second.close()


@covers("SUB-13")
async def test_nobody_holds_more_streams_than_allowed(
    modern: ConnectModern, configure: Configure
) -> None:
    await configure(MCP_MAX_ANONYMOUS_STREAMS=1)
    client = modern()
    stream = await opened(await client.listen({"toolsListChanged": True}))
    exchange = await client.open("subscriptions/listen", {"notifications": {}})
    reply = await client.read(exchange)
    assert "error" in reply.response
    await stream.close()
    again = await opened(await client.listen({"toolsListChanged": True}))
    await again.close()


@covers("SUB-13", "TOOL-15")
async def test_nobody_hears_of_a_resource_that_they_may_not_read(
    modern: ConnectModern, user_token: UserToken
) -> None:
    wanted = {"resourceSubscriptions": ["note://staff", "note://plain"]}
    path = "/mcp/guarded"
    bob = modern(path=path, token=await user_token("bob"))
    eve = modern(path=path, token=await user_token("eve", is_staff=True))
    theirs = await opened(await bob.listen(wanted))
    hers = await opened(await eve.listen(wanted))
    await eve.call("touch", {"uri": "note://staff"})
    assert (await hers.expect(UPDATED))["uri"] == "note://staff"
    await eve.call("touch", {"uri": "note://plain"})  # perhaps in another process
    assert (await theirs.expect(UPDATED))["uri"] == "note://plain"
    await theirs.close()
    await hers.close()


@covers("ERA-16", "CACHE-4", "RES-10", "SUB-6")
@pytest.mark.parametrize("kind", ["tools", "prompts", "resources"])
async def test_one_change_reaches_both_eras_once(
    modern: ConnectModern, connect_legacy: ConnectLegacy, kind: str
) -> None:
    new, old = modern(), await connect_legacy()
    listening = await opened(await new.listen({f"{kind}ListChanged": True}))
    standalone = await old.listen()
    await new.call("announce", {"kind": kind})
    await listening.expect(LIST_CHANGED[kind])
    assert await standalone.expect(LIST_CHANGED[kind]) == {}
    await old.ask("resources/subscribe", {"uri": "note://plain"})
    await new.call("touch", {"uri": "note://plain"})
    await standalone.expect(UPDATED)  # and not the list again
    await listening.close()
    await standalone.close()


@covers("ERA-16", "SUB-6")
async def test_a_tool_that_is_switched_off_is_told_to_both_eras(
    modern: ConnectModern, connect_legacy: ConnectLegacy, servers: dict[str, Server]
) -> None:
    new, old = modern(), await connect_legacy()
    listening = await opened(await new.listen({"toolsListChanged": True}))
    standalone = await old.listen()
    await EntryOverride.objects.acreate(
        server=servers["open"], kind="tool", name="repeat", is_enabled=False
    )
    await listening.expect(TOOLS)
    await standalone.expect(TOOLS)
    names = {tool["name"] for tool in (await new.ask("tools/list")).result["tools"]}
    assert "repeat" not in names
    assert (await new.call("repeat", {"text": "x"})).error["code"] == -32602
    await listening.close()
    await standalone.close()


@covers("SUB-1", "SSE-4")
@pytest.mark.inside
async def test_a_subscription_is_not_buffered(modern: ConnectModern) -> None:
    stream = await opened(await modern().listen({"toolsListChanged": True}))
    assert stream.exchange.headers["x-accel-buffering"] == "no"
    await stream.close()


@covers("SUB-5", "ERA-6")
async def test_listening_exists_in_the_modern_era_only(connect: Connect, revision: str) -> None:
    client = await connect()
    exchange = await client.open("subscriptions/listen", {"notifications": {}})
    is_stream = exchange.headers["content-type"].startswith("text/event-stream")
    assert is_stream is (revision == "2026-07-28")


@covers("SUB-13", "RES-9")
@pytest.mark.inside
async def test_who_loses_a_right_hears_no_more_of_what_it_covered(
    legacy: ConnectLegacy, modern: ConnectModern, sockets: Sockets, user_token: UserToken
) -> None:
    token = await user_token("ada", is_staff=True)
    uris = ["note://staff", "note://plain"]
    client = await legacy("2025-11-25", path=GUARDED, token=token)
    stream = await client.listen()
    for uri in uris:
        await client.ask("resources/subscribe", {"uri": uri})
    wanted = {"notifications": {"toolsListChanged": True, "resourceSubscriptions": uris}}
    asking = modern(path=GUARDED, token=token)
    listening = await asking.stream_of(await asking.open("subscriptions/listen", wanted))
    await listening.expect(ACKNOWLEDGED)
    socket = await sockets.open(f"{GUARDED}/ws", headers=[("authorization", f"Bearer {token}")])
    socket.request_modern("subscriptions/listen", wanted)
    assert (await socket.message())["method"] == ACKNOWLEDGED
    ada = await User.objects.aget(username="ada")
    await sync_to_async(ada.user_permissions.clear)()
    for told in (TOOLS, RESOURCES, PROMPTS):
        await stream.expect(told)
    await listening.expect(TOOLS)
    assert (await socket.message())["method"] == TOOLS
    for uri in uris:
        await asking.call("touch", {"uri": uri})
    for heard in (stream, listening):
        assert (await heard.expect(UPDATED))["uri"] == "note://plain"
    assert (await socket.message())["params"]["uri"] == "note://plain"
    await stream.close()
    await listening.close()


@covers("RES-9", "ERA-16")
@pytest.mark.inside
async def test_a_subscription_whose_notice_was_lost_is_found_in_its_row(
    legacy: ConnectLegacy, configure: Configure
) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0)
    client = await legacy("2025-11-25")
    stream = await client.listen()
    await Session.objects.aupdate(subscriptions=["note://plain"])  # as another process does
    (listener,) = runtime().hub.listeners()
    runtime().engine.doubt()
    async with asyncio.timeout(30):
        while not listener.filter.uris:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)
    await client.call("touch", {"uri": "note://plain"})
    assert (await stream.expect(UPDATED))["uri"] == "note://plain"
    await stream.close()


@covers("RES-9")
@pytest.mark.inside
async def test_a_stream_begins_with_what_was_subscribed_to_elsewhere(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-11-25")  # whose session is known here
    await Session.objects.aupdate(subscriptions=["note://plain"])
    stream = await client.listen()
    await client.call("touch", {"uri": "note://plain"})
    assert (await stream.expect(UPDATED))["uri"] == "note://plain"
    await stream.close()
