from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.models import Session
from tests.client import LEGACY_REVISIONS, LegacyClient, Reply, text_of
from tests.interaction.conftest import ConnectLegacy
from tests.interaction.requirements import covers

B = "2025-03-26"
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def call(identity: Any, text: str = "x") -> dict[str, Any]:
    params = {"name": "repeat", "arguments": {"text": text}}
    return {"jsonrpc": "2.0", "id": identity, "method": "tools/call", "params": params}


def by_id(reply: Reply) -> dict[Any, dict[str, Any]]:
    return {message["id"]: message for message in reply.messages if "method" not in message}


@covers("BAT-1", "BAT-2", "BAT-4")
async def test_every_request_of_an_array_is_answered_once(legacy: ConnectLegacy) -> None:
    client = await legacy(B)
    unknown = {"jsonrpc": "2.0", "id": "u", "method": "unknown/method"}
    reply = await client.batch([call("a", "one"), INITIALIZED, call(2, "two"), unknown])
    answers = by_id(reply)
    assert (reply.status, set(answers)) == (200, {"a", 2, "u"})
    assert text_of(answers["a"]["result"]) == "one"
    assert text_of(answers[2]["result"]) == "two"
    assert answers["u"]["error"]["code"] == -32601


@covers("BAT-2")
async def test_an_array_of_one_is_answered_with_an_array(legacy: ConnectLegacy) -> None:
    client = await legacy(B)
    exchange = await client.post([call(1)], client.headers())
    body = await exchange.read()
    assert exchange.headers["content-type"] == "application/json"
    assert body.startswith(b"[")


@covers("BAT-2", "SSE-7")
async def test_a_slow_request_of_an_array_does_not_lose_the_others(legacy: ConnectLegacy) -> None:
    client = await legacy(B)
    params = {"name": "count", "arguments": {}, "_meta": {"progressToken": "t"}}
    counting = {"jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": params}
    assert set(by_id(await client.batch([counting, call("e")]))) == {"c", "e"}


@covers("BAT-1", "RES-9")
@pytest.mark.inside
async def test_of_an_array_each_subscription_is_kept(legacy: ConnectLegacy) -> None:
    client = await legacy(B)
    uris = ["note://plain", "note://pixel"]
    await client.batch(
        [
            {"jsonrpc": "2.0", "id": uri, "method": "resources/subscribe", "params": {"uri": uri}}
            for uri in uris
        ]
    )
    assert sorted((await Session.objects.aget()).subscriptions) == sorted(uris)


@covers("BAT-3")
@pytest.mark.parametrize(
    "messages",
    [[INITIALIZED], [INITIALIZED, {"jsonrpc": "2.0", "id": "nobody", "result": {}}]],
)
async def test_an_array_without_requests_is_accepted(
    legacy: ConnectLegacy, messages: list[Any]
) -> None:
    client = await legacy(B)
    exchange = await client.post(messages, client.headers())
    assert (exchange.status, await exchange.read()) == (202, b"")


@covers("BAT-5")
async def test_an_empty_array_is_no_message(legacy: ConnectLegacy) -> None:
    assert (await (await legacy(B)).batch([])).refused == (400, -32600)


@covers("BAT-6", "HTTP-11")
@pytest.mark.parametrize("revision", LEGACY_REVISIONS[1:])
async def test_other_revisions_take_no_arrays(legacy: ConnectLegacy, revision: str) -> None:
    assert (await (await legacy(revision)).batch([call(1)])).refused == (400, -32600)


@covers("BAT-7")
async def test_an_array_has_a_limit(legacy: ConnectLegacy) -> None:
    client = await legacy(B)
    assert len((await client.batch([call(n) for n in range(50)])).messages) == 50
    assert (await client.batch([call(n) for n in range(51)])).refused == (400, -32600)


@covers("BAT-7")
async def test_two_requests_of_an_array_cannot_share_an_id(legacy: ConnectLegacy) -> None:
    assert (await (await legacy(B)).batch([call(1), call(1)])).refused == (400, -32600)


@covers("BAT-1", "ERA-1")
async def test_a_modern_request_inside_an_array_is_refused(
    legacy: ConnectLegacy, connect_nothing: LegacyClient
) -> None:
    client = await legacy(B)
    modern = call(1)
    modern["params"]["_meta"] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    assert (await client.batch([modern])).refused == (400, -32600)


@covers("BAT-4")
async def test_a_single_message_is_never_answered_with_an_array(legacy: ConnectLegacy) -> None:
    client = await legacy(B)
    exchange = await client.open("tools/list")
    assert (await exchange.read()).startswith(b"{")
