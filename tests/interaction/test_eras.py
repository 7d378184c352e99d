from __future__ import annotations

import pytest

from tests.client import (
    CLIENT_CAPABILITIES,
    ELICITING_REVISIONS,
    HTTP_REVISIONS,
    LEGACY_REVISIONS,
    MODERN_REVISION,
    PROTOCOL_VERSION,
    LegacyClient,
    text_of,
)
from tests.interaction.conftest import OPEN, Connect, ConnectLegacy, ConnectModern
from tests.interaction.requirements import covers

DROPPED = (
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "tasks/result",
    "tasks/list",
)


@covers("ERA-1", "ERA-2")
async def test_one_url_answers_every_era_in_turn(
    modern: ConnectModern, legacy: ConnectLegacy
) -> None:
    old = await legacy("2025-11-25")
    new = modern()
    for _ in range(2):
        assert "resultType" not in (await old.ask("tools/list")).result
        assert (await new.ask("tools/list")).result["resultType"] == "complete"


@covers("ERA-3", "ERA-4", "LC-2", "LH-18")
@pytest.mark.parametrize("asked", LEGACY_REVISIONS)
async def test_a_handshake_opens_a_session_at_its_revision(
    legacy: ConnectLegacy, asked: str
) -> None:
    client = await legacy(asked)
    assert client.initialized["protocolVersion"] == asked
    assert "resultType" not in client.initialized
    assert client.session_id


@covers("ERA-5")
async def test_a_handshake_in_a_modern_envelope_is_an_unknown_method(
    modern: ConnectModern,
) -> None:
    reply = await modern().ask("initialize", {"protocolVersion": "2025-11-25"}, id="i")
    assert reply.refused == (404, -32601)
    assert reply.response["id"] == "i"


@covers("ERA-6", "T2-14")
@pytest.mark.parametrize("method", DROPPED)
async def test_a_dropped_method_is_unknown_in_the_modern_era(
    modern: ConnectModern, method: str
) -> None:
    assert (await modern().ask(method, {"level": "info", "uri": "a:b"})).refused == (404, -32601)


@covers("ERA-6", "LC-9")
async def test_a_ping_is_answered_in_a_session(connect_legacy: ConnectLegacy) -> None:
    reply = await (await connect_legacy()).ask("ping")
    assert (reply.status, reply.result) == (200, {})


@covers("ERA-7", "LC-2", "LC-3")
@pytest.mark.parametrize("asked", [MODERN_REVISION, "1999-01-01", "2099-01-01", "latest", ""])
async def test_a_handshake_over_anything_else_leads_to_the_newest_session(
    connect_nothing: LegacyClient, asked: str
) -> None:
    result = (await connect_nothing.initialize(protocolVersion=asked)).result
    assert result["protocolVersion"] == "2025-11-25"


@covers("ERA-8")
@pytest.mark.parametrize("named", LEGACY_REVISIONS)
async def test_a_modern_envelope_around_a_legacy_revision_is_unsupported(
    modern: ConnectModern, named: str
) -> None:
    reply = await modern().ask(
        "tools/list", meta={PROTOCOL_VERSION: named}, headers={"mcp-protocol-version": named}
    )
    assert reply.refused == (400, -32022)
    assert reply.error["data"]["requested"] == named


@covers("ERA-9", "META-1", "RPC-11")
async def test_a_modern_header_over_a_bare_body_is_malformed(modern: ConnectModern) -> None:
    nothing = {PROTOCOL_VERSION: None, CLIENT_CAPABILITIES: None}
    reply = await modern().ask("tools/list", meta=nothing, id="x")
    assert reply.refused == (400, -32602)
    assert reply.response["id"] == "x"


@covers("ERA-12")
async def test_a_modern_body_without_its_header_is_refused(modern: ConnectModern) -> None:
    reply = await modern().ask("tools/list", headers={"mcp-protocol-version": None})
    assert reply.refused == (400, -32020)


@covers("ERA-12", "LH-16")
async def test_a_session_goes_on_without_a_version_header(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    reply = await client.ask("tools/list", headers={"mcp-protocol-version": None})
    assert reply.result["tools"]


@covers("ERA-13")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_the_modern_era_knows_post_only(modern: ConnectModern, method: str) -> None:
    client = modern()
    headers = {"mcp-protocol-version": MODERN_REVISION, "accept": "text/event-stream"}
    exchange = await client.http.open(method, OPEN, headers=headers)
    assert exchange.status == 405
    assert exchange.headers["allow"] == "POST"


@covers("ERA-13", "SSE-6")
async def test_session_and_event_ids_mean_nothing_in_the_modern_era(
    modern: ConnectModern,
) -> None:
    strays = {"mcp-session-id": "x", "last-event-id": "x-1"}
    reply = await modern().call("repeat", {"text": "hi"}, headers=strays)
    assert (reply.status, text_of(reply.result)) == (200, "hi")
    assert "mcp-session-id" not in reply.headers


@covers("ERA-15", "HTTP-6", "AUTH-2", "AUTH-16")
async def test_who_may_not_come_in_hears_so_in_every_era(
    modern: ConnectModern, connect_nothing: LegacyClient
) -> None:
    connect_nothing.path = "/mcp/guarded"
    replies = [
        await modern(path="/mcp/guarded").open("tools/list"),
        await modern(path="/mcp/guarded").open("tools/list", meta={PROTOCOL_VERSION: None}),
        await connect_nothing.open("initialize"),
        await connect_nothing.get(),
    ]
    assert [reply.status for reply in replies] == [401] * 4
    for reply in replies:
        assert reply.headers["www-authenticate"].startswith("Bearer")


@covers("ERA-17", "MRTR-1", "SRV-1", "EL-8")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
@pytest.mark.parametrize("tool", ["greet", "greet_in_thread"])
async def test_one_tool_asks_its_user_in_either_era(connect: Connect, tool: str) -> None:
    def answer(method: str, params: dict[str, object]) -> dict[str, object]:
        assert (method, params["message"]) == ("elicitation/create", "What is your name?")
        return {"action": "accept", "content": {"name": "Ada"}}

    client = await connect(capabilities={"elicitation": {}}, answer=answer)
    assert text_of((await client.call(tool)).result) == "Hello, Ada!"


@covers("ERA-10")
@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"accept": "text/html"},
        {"origin": "http://evil.example"},
        {"host": "evil.example"},
        {"mcp-method": "prompts/list"},
        {"mcp-protocol-version": "v999"},
    ],
)
async def test_whatever_refuses_a_modern_request_is_json_with_a_code(
    modern: ConnectModern, headers: dict[str, str]
) -> None:
    reply = await modern().ask("tools/list", headers=headers)
    assert 400 <= reply.status < 500
    assert reply.headers["content-type"] == "application/json"
    assert isinstance(reply.error["code"], int)


@covers("ERA-10", "HTTP-1")
async def test_a_server_that_does_not_exist_is_refused_in_json(modern: ConnectModern) -> None:
    reply = await modern(path="/mcp/nowhere").ask("tools/list")
    assert reply.status == 404
    assert reply.headers["content-type"] == "application/json"


@covers("ERA-1", "HTTP-1")
@pytest.mark.parametrize("path", ["/mcp/open", "/mcp/open/"])
async def test_a_slash_at_the_end_is_served_without_a_redirect(connect: Connect, path: str) -> None:
    client = await connect(path=path)
    assert (await client.ask("tools/list")).status == 200


async def test_no_server_is_modern_only(connect_nothing: LegacyClient) -> None:
    for revision in HTTP_REVISIONS:
        reply = await connect_nothing.initialize(protocolVersion=revision)
        assert reply.status == 200
