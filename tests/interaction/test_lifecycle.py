from __future__ import annotations

from typing import Any

import pytest

from tests.client import LEGACY_REVISIONS, LegacyClient, text_of
from tests.interaction.conftest import ConnectLegacy
from tests.interaction.requirements import covers


@covers("LC-1")
async def test_a_handshake_tells_what_the_server_is_and_can_do(
    connect_legacy: ConnectLegacy,
) -> None:
    client = await connect_legacy()
    assert {"name", "version"} <= set(client.initialized["serverInfo"])
    assert client.initialized["instructions"] == "Ask for a quote."
    assert {"tools", "resources", "prompts", "logging"} <= set(client.initialized["capabilities"])


@covers("LC-1", "LH-11")
async def test_before_the_handshake_there_is_no_session(connect_nothing: LegacyClient) -> None:
    assert (await connect_nothing.ask("tools/list")).refused == (400, -32600)


@covers("LC-1")
@pytest.mark.parametrize("params", [{"protocolVersion": None}, {"capabilities": []}])
async def test_a_handshake_with_malformed_parameters_opens_no_session(
    connect_nothing: LegacyClient, params: dict[str, Any]
) -> None:
    reply = await connect_nothing.initialize(**params)
    assert reply.error["code"] == -32602
    assert "mcp-session-id" not in reply.headers


@covers("LC-4")
async def test_a_session_keeps_its_revision_whatever_later_headers_say(
    legacy: ConnectLegacy,
) -> None:
    client = await legacy("2025-06-18")
    reply = await client.ask("tools/list", headers={"mcp-protocol-version": "2025-11-25"})
    assert not any("icons" in tool for tool in reply.result["tools"])


@covers("LC-4")
async def test_a_session_keeps_its_capabilities(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    response = (await client.call("needs_sampling")).response
    assert "error" in response or response["result"]["isError"] is True


@covers("LC-4", "SRV-2")
async def test_what_a_session_declared_holds_for_all_its_calls(
    connect_legacy: ConnectLegacy,
) -> None:
    client = await connect_legacy(capabilities={"sampling": {}})
    for _ in range(2):
        assert text_of((await client.call("needs_sampling")).result) == "ready"


@covers("LC-5", "HTTP-8")
async def test_the_end_of_the_handshake_is_accepted(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    assert (await client.notify("notifications/initialized")).status == 202


@covers("LC-6", "BAT-1")
async def test_a_handshake_is_not_part_of_a_batch(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-03-26")
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-03-26", "capabilities": {}},
    }
    client.session_id = None
    exchange = await client.post([message], client.headers())
    assert (await client.read(exchange)).refused == (400, -32600)


@covers("LC-7", "LH-13")
async def test_a_session_can_be_ended(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    exchange = await client.delete()
    assert (exchange.status, await exchange.read()) == (204, b"")
    assert (await client.ask("tools/list")).status == 404


@covers("LC-9")
async def test_a_ping_may_come_before_the_end_of_the_handshake(
    connect_nothing: LegacyClient,
) -> None:
    reply = await connect_nothing.initialize()
    connect_nothing.session_id = reply.headers["mcp-session-id"]
    assert (await connect_nothing.ask("ping")).result == {}


@covers("LC-3")
@pytest.mark.parametrize("asked", LEGACY_REVISIONS)
async def test_shaking_hands_twice_opens_two_sessions(legacy: ConnectLegacy, asked: str) -> None:
    first, second = await legacy(asked), await legacy(asked)
    assert first.session_id != second.session_id
    assert (await first.ask("ping")).result == (await second.ask("ping")).result == {}
