from __future__ import annotations

import json
import re

import pytest

from mcp_transport.models import Session
from mcp_transport.testing.asgi import Http
from mcp_transport.worker.lifespan import runtime
from tests.client import LegacyClient
from tests.interaction.conftest import OPEN, Configure, ConnectLegacy, UserToken
from tests.interaction.requirements import covers

TOOLS = "notifications/tools/list_changed"
LIST_CHANGED = {
    kind: f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")
}


@covers("LH-1", "SSE-4")
@pytest.mark.inside
async def test_a_get_opens_a_stream(connect_legacy: ConnectLegacy) -> None:
    exchange = await (await connect_legacy()).get()
    assert exchange.status == 200
    assert exchange.headers["content-type"].startswith("text/event-stream")
    assert exchange.headers["x-accel-buffering"] == "no"
    await exchange.disconnect()


@covers("LH-2", "LH-3")
async def test_that_stream_carries_no_answers(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    stream = await client.listen()
    reply = await client.call("count", meta={"progressToken": "t"})
    assert len(reply.notifications) == 3
    await client.call("announce", {"kind": "tools"})
    await stream.expect(TOOLS)  # and none of the call's messages
    await stream.close()


@covers("LH-2", "RES-10")
async def test_what_is_only_a_hint_has_no_event_id(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    stream = await client.listen()
    await client.call("announce", {"kind": "tools"})
    await stream.expect(TOOLS)
    assert stream.events[-1].id is None
    await stream.close()


@covers("LH-3")
async def test_a_second_standalone_stream_is_refused(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    stream = await client.listen()
    assert (await client.get()).status == 409
    await stream.close()
    again = await client.listen()
    hints = [await again.message() for _ in range(3)]  # what may have been missed meanwhile
    assert {hint["method"] for hint in hints if hint} == set(LIST_CHANGED.values())
    await again.close()


@covers("LH-10", "SEC-2")
async def test_a_sessions_id_is_long_random_and_visible(connect_legacy: ConnectLegacy) -> None:
    ids = {(await connect_legacy()).session_id for _ in range(3)}
    assert len(ids) == 3
    for session_id in ids:
        assert session_id is not None
        assert re.fullmatch(r"[\x21-\x7e]{40,}", session_id)


@covers("LH-11")
@pytest.mark.parametrize("method", ["GET", "DELETE", "POST"])
async def test_without_its_sessions_id_a_request_is_refused(
    connect_nothing: LegacyClient, method: str
) -> None:
    headers = {**connect_nothing.headers(), "mcp-protocol-version": "2025-11-25"}
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}' if method == "POST" else b""
    exchange = await connect_nothing.http.open(method, OPEN, headers=headers, body=body)
    assert exchange.status == 400
    assert json.loads(await exchange.read())["error"]["code"] == -32600


@covers("LH-12")
@pytest.mark.parametrize("session_id", ["nonsense", "x" * 43, "", "é"])
async def test_an_unknown_session_is_not_found(
    connect_nothing: LegacyClient, session_id: str
) -> None:
    connect_nothing.session_id = session_id
    for exchange in (
        await connect_nothing.open("tools/list"),
        await connect_nothing.get(),
        await connect_nothing.delete(),
    ):
        assert exchange.status == 404 if session_id else exchange.status in {400, 404}


@covers("LH-12", "LH-14", "AUTH-16", "SEC-2", "SEC-3")
async def test_another_users_session_is_answered_like_an_unknown_one(
    connect_legacy: ConnectLegacy, user_token: UserToken, http: Http
) -> None:
    path = "/mcp/guarded"
    ada = await connect_legacy(path=path, token=await user_token("ada"))
    eve = await connect_legacy(path=path, token=await user_token("eve"))
    answers = []
    for session_id in (ada.session_id, "x" * 43):
        eve.session_id = session_id
        for exchange in (await eve.open("tools/list", id=1), await eve.get(), await eve.delete()):
            assert exchange.status == 404
            answers.append(await exchange.read())
    assert answers[:3] == answers[3:]
    assert (await ada.ask("ping")).result == {}


@covers("LH-14", "AUTH-10")
async def test_a_session_needs_its_token_with_every_request(
    connect_legacy: ConnectLegacy, user_token: UserToken
) -> None:
    client = await connect_legacy(path="/mcp/guarded", token=await user_token("ada"))
    client.token = ""
    assert (await client.open("tools/list")).status == 401
    assert (await client.get()).status == 401
    assert (await client.delete()).status == 401


@covers("LH-12", "LH-14")
async def test_a_session_of_one_server_is_unknown_at_another(
    connect_legacy: ConnectLegacy, user_token: UserToken
) -> None:
    client = await connect_legacy(token=await user_token("ada"))
    client.path = "/mcp/guarded"
    assert (await client.open("tools/list")).status == 404


@covers("LH-13", "LC-7")
async def test_an_ended_session_stays_ended(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    stream = await client.listen()
    assert (await client.delete()).status == 204
    assert await stream.message() is None
    assert (await client.delete()).status == 404
    assert (await client.get()).status == 404
    assert (await Session.objects.aget(pk=client.session_id)).closed_at is not None


@covers("LH-12")
async def test_a_session_that_was_closed_here_is_gone_for_its_client(
    connect_legacy: ConnectLegacy, configure: Configure
) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0)
    client = await connect_legacy()
    await Session.objects.filter(pk=client.session_id).aupdate(
        closed_at="2026-01-01T00:00:00Z", close_reason="operator"
    )
    assert (await client.ask("tools/list")).status == 404


@covers("LH-15")
@pytest.mark.parametrize("version", ["1999-01-01", "v999", "", "2025-11-25x"])
async def test_a_version_that_means_nothing_is_refused(
    connect_legacy: ConnectLegacy, version: str
) -> None:
    client = await connect_legacy()
    reply = await client.ask("tools/list", headers={"mcp-protocol-version": version})
    assert reply.refused == (400, -32600)


@covers("LH-15")
async def test_a_get_with_such_a_version_is_refused_too(connect_legacy: ConnectLegacy) -> None:
    exchange = await (await connect_legacy()).get(**{"mcp-protocol-version": "1999-01-01"})
    assert exchange.status == 400


@covers("LH-17")
@pytest.mark.parametrize("name", ["Mcp-Session-Id", "MCP-Session-Id", "mcp-session-id"])
async def test_the_session_header_may_be_spelled_in_any_case(
    connect_legacy: ConnectLegacy, name: str
) -> None:
    client = await connect_legacy()
    headers = {"mcp-session-id": None, name: client.session_id}
    assert (await client.ask("ping", headers=headers)).result == {}


@covers("LH-18")
@pytest.mark.parametrize("version", [None, "2025-11-25", "2025-03-26", "2024-11-05"])
async def test_a_handshake_may_carry_a_version_header(
    connect_nothing: LegacyClient, version: str | None
) -> None:
    exchange = await connect_nothing.open(
        "initialize",
        {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "x", "version": "1"},
        },
        headers={"mcp-protocol-version": version, "mcp-method": "initialize"},
    )
    assert exchange.status == 200


@covers("LH-10", "META-6")
@pytest.mark.inside
async def test_a_session_survives_a_restart(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    await runtime().stop()
    await runtime().start()
    assert (await client.ask("ping")).result == {}


@covers("LH-12", "SEC-2")
async def test_a_session_that_nobody_uses_expires(
    connect_legacy: ConnectLegacy, configure: Configure
) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0)
    client = await connect_legacy()
    await runtime().writer.flush(30)
    await Session.objects.filter(pk=client.session_id).aupdate(last_seen_at="2020-01-01T00:00:00Z")
    assert (await client.ask("ping")).status == 404


@covers("SUB-13")
@pytest.mark.inside
async def test_a_session_that_gives_way_takes_its_stream_along(
    legacy: ConnectLegacy, configure: Configure
) -> None:
    await configure(MCP_MAX_ANONYMOUS_SESSIONS=1)
    first = await legacy("2025-11-25")
    stream = await first.listen()
    await legacy("2025-11-25")
    assert await stream.message() is None


@covers("SUB-13", "SEC-2")
async def test_a_principal_has_a_limited_number_of_sessions(
    legacy: ConnectLegacy, user_token: UserToken, configure: Configure
) -> None:
    await configure(MCP_MAX_SESSIONS=2)
    token = await user_token("ada")
    clients = [await legacy("2025-11-25", path="/mcp/guarded", token=token) for _ in range(2)]
    third = LegacyClient(clients[0].http, "/mcp/guarded", "2025-11-25", token=token)
    await third.connect()
    assert (await clients[0].ask("ping")).status == 404  # the oldest had to go
    assert (await clients[1].ask("ping")).result == {}
