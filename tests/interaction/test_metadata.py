from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.models import Call
from tests.client import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    MODERN_REVISION,
    PROTOCOL_VERSION,
    SERVER_INFO,
    text_of,
)
from tests.interaction.conftest import Connect, ConnectModern, UserToken
from tests.interaction.requirements import covers

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@covers("META-1", "RPC-11")
@pytest.mark.parametrize(
    "meta",
    [
        {CLIENT_CAPABILITIES: None},
        {CLIENT_CAPABILITIES: "all"},
        {CLIENT_CAPABILITIES: []},
        {PROTOCOL_VERSION: None},
        {PROTOCOL_VERSION: 20260728},
    ],
)
async def test_metadata_that_is_not_whole_is_refused(
    modern: ConnectModern, meta: dict[str, Any]
) -> None:
    reply = await modern().ask("tools/list", meta=meta, id="m")
    assert reply.refused == (400, -32602)
    assert reply.response["id"] == "m"


@covers("META-2", "META-3")
@pytest.mark.parametrize("info", [None, {"name": "admin", "version": "9"}, "nonsense"])
async def test_who_a_client_says_it_is_changes_nothing(modern: ConnectModern, info: Any) -> None:
    reply = await modern().ask("tools/list", meta={CLIENT_INFO: info})
    assert (reply.status, len(reply.result["tools"]) > 0) == (200, True)
    assert "staff_only" not in {tool["name"] for tool in reply.result["tools"]}


@covers("META-4", "META-7", "RPC-12")
async def test_what_one_request_declared_is_forgotten_for_the_next(
    modern: ConnectModern,
) -> None:
    able: dict[str, Any] = {CLIENT_CAPABILITIES: {"sampling": {}}}
    client = modern()
    assert text_of((await client.call("needs_sampling", meta=able)).result) == "ready"
    reply = await client.call("needs_sampling")
    assert reply.refused == (400, -32021)
    assert reply.error["data"] == {"requiredCapabilities": {"sampling": {}}}


@covers("META-8", "META-9")
async def test_every_result_says_which_server_made_it(modern: ConnectModern) -> None:
    client = modern()
    for method, params in (
        ("server/discover", {}),
        ("tools/list", {}),
        ("tools/call", {"name": "nothing"}),
        ("tools/call", {"name": "own_result"}),
        ("tools/call", {"name": "fails"}),
        ("resources/read", {"uri": "note://plain"}),
        ("prompts/get", {"name": "illustrated"}),
    ):
        meta = (await client.ask(method, params)).result["_meta"]
        assert {"name", "version"} <= set(meta[SERVER_INFO]), method
        assert {key for key in meta if "modelcontextprotocol" in key} == {SERVER_INFO}


@covers("META-9")
async def test_what_a_tool_puts_into_its_metadata_stays_there(modern: ConnectModern) -> None:
    result = (await modern().call("own_result")).result
    assert result["_meta"]["example.com/kind"] == 1


@covers("META-10")
@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        ("nonsense", ""),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", ""),
        (7, ""),
    ],
)
async def test_a_trace_is_kept_if_it_is_one(
    connect: Connect, traceparent: Any, expected: str
) -> None:
    reply = await (await connect()).call("nothing", meta={"traceparent": traceparent})
    assert reply.status == 200
    assert (await Call.objects.aget(entry="nothing")).trace_id == expected


@covers("META-11")
async def test_an_unknown_extension_does_no_harm(connect: Connect) -> None:
    capabilities = {"extensions": {"com.example/novel": {"depth": 3}}, "experimental": {"x": {}}}
    client = await connect(capabilities=capabilities)
    assert (await client.ask("tools/list")).status == 200


@covers("META-12", "TOOL-2")
async def test_a_list_is_the_same_before_and_after_a_call(connect: Connect) -> None:
    client = await connect()
    before = (await client.ask("tools/list")).result["tools"]
    await client.call("nothing")
    assert (await client.ask("tools/list")).result["tools"] == before


@covers("META-12", "CACHE-3", "TOOL-15")
async def test_a_list_shows_each_user_what_they_may_use(
    connect: Connect, revision: str, user_token: UserToken
) -> None:
    staff = await connect(path="/mcp/guarded", token=await user_token("eve", is_staff=True))
    other = await connect(path="/mcp/guarded", token=await user_token("bob"))
    for client, may_see in ((staff, True), (other, False)):
        result = (await client.ask("tools/list")).result
        assert ("staff_only" in {tool["name"] for tool in result["tools"]}) is may_see
        if revision == MODERN_REVISION:
            assert result["cacheScope"] == "private"
