from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from mcp_transport.models import Server
from mcp_transport.protocol import errors
from mcp_transport.protocol.jsonrpc import LONGEST_ID
from tests.client import MODERN_REVISION, text_of
from tests.interaction.conftest import Connect, ConnectModern
from tests.interaction.requirements import covers

# What the protocol itself defines between -32768 and -32000, in any revision.
DEFINED = {-32700, -32600, -32601, -32602, -32603, -32002, -32020, -32021, -32022}


@covers("RPC-2", "SSE-7")
async def test_requests_that_share_an_id_get_answers_of_their_own(connect: Connect) -> None:
    client = await connect()
    texts = [f"text {number}" for number in range(3)]
    replies = await asyncio.gather(
        *(client.call("repeat", {"text": text}, id="same") for text in texts)
    )
    assert [text_of(reply.result) for reply in replies] == texts
    assert {reply.response["id"] for reply in replies} == {"same"}


@covers("RPC-2")
async def test_an_id_that_is_as_long_as_a_text_is_refused(connect: Connect) -> None:
    client = await connect()
    reply = await client.call("repeat", {"text": "x"}, id="x" * (LONGEST_ID + 1))
    assert reply.refused == (400, -32600)
    reply = await client.call("repeat", {"text": "x"}, id="x" * LONGEST_ID)
    assert text_of(reply.result) == "x"


@covers("RPC-5", "RPC-3")
async def test_every_modern_result_says_its_type_and_no_older_one(
    connect: Connect, revision: str
) -> None:
    client = await connect()
    for method, params in (
        ("tools/list", {}),
        ("tools/call", {"name": "nothing"}),
        ("resources/list", {}),
        ("resources/templates/list", {}),
        ("resources/read", {"uri": "note://plain"}),
        ("prompts/list", {}),
        ("prompts/get", {"name": "illustrated"}),
        (
            "completion/complete",
            {
                "ref": {"type": "ref/prompt", "name": "plan"},
                "argument": {"name": "season", "value": ""},
            },
        ),
    ):
        result = (await client.ask(method, params)).result
        expected = "complete" if revision == MODERN_REVISION else None
        assert result.get("resultType") == expected, method


@covers("RPC-6", "RPC-7")
async def test_an_unknown_method_has_the_status_of_its_era(connect: Connect, revision: str) -> None:
    reply = await (await connect()).ask("unknown/method")
    assert reply.refused == (404 if revision == MODERN_REVISION else 200, -32601)


@covers("RPC-6", "DISC-3")
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("prompts/list", {}),
        ("prompts/get", {"name": "plan"}),
        ("resources/list", {}),
        ("resources/read", {"uri": "note://plain"}),
    ],
)
async def test_a_method_whose_capability_is_not_advertised_is_unknown(
    connect: Connect, servers: dict[str, Server], method: str, params: dict[str, Any]
) -> None:
    await Server.objects.filter(slug="guarded").aupdate(offers=["good:repeat"], access="public")
    client = await connect(path="/mcp/guarded")
    assert (await client.ask(method, params)).error["code"] == -32601


@covers("RPC-8", "RPC-10", "RPC-9")
def test_no_code_is_invented_in_the_reserved_ranges() -> None:
    codes = {
        value.code
        for _name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, errors.ProtocolError) and hasattr(value, "code")
    }
    assert {code for code in codes if -32768 <= code <= -32000} <= DEFINED
    refused = errors.Refused(429, "Slow down.").as_error()["code"]
    assert not -32768 <= refused <= -32000


@covers("RPC-9", "RES-2", "RES-3", "RPC-13")
async def test_a_missing_resource_has_the_code_of_its_revision(
    connect: Connect, revision: str
) -> None:
    reply = await (await connect()).ask("resources/read", {"uri": "note://nowhere"})
    assert reply.refused == (200, -32602 if revision == MODERN_REVISION else -32002)
    assert reply.error["data"] == {"uri": "note://nowhere"}


@covers("RPC-13", "TOOL-11")
async def test_what_a_handler_finds_wrong_travels_on_200(connect: Connect) -> None:
    reply = await (await connect()).call("no_such_tool")
    assert reply.refused == (200, -32602)
    assert "no_such_tool" in reply.error["message"]


@covers("RPC-14")
async def test_an_error_after_the_stream_has_begun_is_its_last_message(
    connect: Connect,
) -> None:
    client = await connect()
    reply = await client.call("dawdle", meta={"progressToken": "t"})
    assert reply.is_stream
    assert reply.status == 200
    assert "method" not in reply.messages[-1]


@covers("RPC-11", "META-1")
@pytest.mark.parametrize("params", [[], "text", 1])
async def test_parameters_that_are_no_object_are_refused(
    modern: ConnectModern, params: Any
) -> None:
    client = modern()
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}
    reply = await client.read(await client.post(message, client.headers("tools/list", {})))
    assert reply.status == 400
    assert reply.error["code"] in {-32600, -32602}
