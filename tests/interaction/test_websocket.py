"""What a WebSocket carries, in either era: frames, requests, subscriptions and their bounds."""

from __future__ import annotations

import asyncio
import json
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_transport.engine import connection, patrol
from mcp_transport.engine.engine import Engine
from mcp_transport.models import Call, Session
from mcp_transport.protocol.errors import Refused
from mcp_transport.testing import Http
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe
from tests.client import (
    CLIENT_CAPABILITIES,
    LEGACY_REVISIONS,
    MODERN_REVISION,
    PROTOCOL_VERSION,
    SUBSCRIPTION_ID,
    text_of,
)
from tests.interaction.conftest import Configure
from tests.interaction.requirements import covers
from tests.process import INTERVAL, LIMIT, takes_at_most
from tests.sockets import Socket, Sockets

ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
CANCELLED = "notifications/cancelled"
REPEAT = {"name": "repeat", "arguments": {"text": "hi"}}
WAIT = {"name": "wait", "arguments": {}}


# --- frames


@covers("WSH-3", "WS-5")
async def test_a_binary_frame_closes(sockets: Sockets) -> None:
    socket = await sockets.open()
    socket.put(data=b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}')
    assert await socket.closed() == 1003


@covers("WSH-3")
async def test_a_frame_that_is_too_large_closes(sockets: Sockets, settings: Any) -> None:
    settings.MCP_WEBSOCKET_MAX_BYTES = 200
    socket = await sockets.open()
    socket.put('"' + "é" * 99 + '"')  # 200 bytes
    assert (await socket.message())["error"]["code"] == -32600
    socket.put('"' + "é" * 100 + '"')
    assert await socket.closed() == 1009


@covers("WSH-3", "WS-10")
async def test_text_that_is_no_json_is_answered_without_an_id(sockets: Sockets) -> None:
    socket = await sockets.open()
    for text, code in (("{", -32700), ("[1", -32700), ("7", -32600), ("{}", -32600)):
        socket.put(text)
        answer = await socket.message()
        assert (answer["error"]["code"], "id" in answer) == (code, False)
    assert (await socket.ask_modern("tools/list"))["result"]["tools"]


@covers("WSH-3")
async def test_a_list_of_messages_is_for_2025_03_26(sockets: Sockets) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "ping"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call", "params": REPEAT},
    ]
    socket = await sockets.open()
    await socket.initialize("2025-03-26")
    socket.put_message(batch)
    text = await socket.frame()
    assert text is not None
    assert [item["id"] for item in json.loads(text)] == ["a", "b"]
    later = await sockets.open()
    await later.initialize("2025-06-18")
    later.put_message(batch)
    assert (await later.message())["error"]["code"] == -32600


@covers("WS-10", "WS-3", "WS-6")
async def test_errors_are_those_of_the_revision(sockets: Sockets) -> None:
    socket = await sockets.open()
    answer = await socket.ask_modern("no/such")
    assert answer["error"]["code"] == -32601
    answer = await socket.ask_modern("tools/list", meta={PROTOCOL_VERSION: "2099-01-01"})
    assert answer["error"]["code"] == -32022
    answer = await socket.ask_modern("tools/list", meta={CLIENT_CAPABILITIES: None})
    assert answer["error"]["code"] == -32602


@covers("WS-6", "WS-3", "WS-8")
async def test_no_header_is_needed_where_http_needs_one(sockets: Sockets) -> None:
    socket = await sockets.open(headers={"mcp-method": "else", "mcp-protocol-version": "x"})
    arguments = {"region": "north", "floor": 2}
    answer = await socket.ask_modern("tools/call", {"name": "routed", "arguments": arguments})
    assert text_of(answer["result"]) == "north 2 None"
    assert await Session.objects.acount() == 0


# --- eras


async def closed(session: Session) -> None:
    """Wait until the process that serves it has written that a session is over."""
    async with asyncio.timeout(LIMIT):
        while session.closed_at is None:  # it may be another process
            await asyncio.sleep(INTERVAL)
            await session.arefresh_from_db()


@covers("WS-2", "WSH-4", "LC-2")
@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
async def test_a_handshake_pins_a_session_to_the_connection(
    sockets: Sockets, revision: str
) -> None:
    socket = await sockets.open()
    assert (await socket.initialize(revision))["protocolVersion"] == revision
    assert text_of((await socket.ask("tools/call", REPEAT))["result"]) == "hi"
    session = await Session.objects.aget()
    assert (session.revision, session.transport) == (revision, "websocket")
    assert session.is_initialized
    await socket.leave()
    await closed(session)


@covers("WS-8")
async def test_a_session_lives_on_its_connection_alone(sockets: Sockets, http: Http) -> None:
    socket, other = await sockets.open(), await sockets.open()
    await socket.initialize()
    assert (await other.ask("tools/list"))["error"]["code"] == -32600
    session = await Session.objects.aget()
    exchange = await http.open(
        "POST",
        "/mcp/open",
        headers={"content-type": "application/json", "mcp-session-id": session.pk},
        body=b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}',
    )
    assert exchange.status == 404


@covers("WS-2")
async def test_a_connection_shakes_hands_once(sockets: Sockets) -> None:
    socket = await sockets.open()
    await socket.initialize()
    answer = await socket.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}})
    assert answer["error"]["code"] == -32600
    assert (await socket.ask("ping"))["result"] == {}


@covers("WSH-4", "ERA-1")
async def test_both_eras_share_a_connection(sockets: Sockets) -> None:
    socket = await sockets.open()
    assert (await socket.ask_modern("server/discover"))["result"]["resultType"] == "complete"
    await socket.initialize()
    for _ in range(2):
        assert "resultType" not in (await socket.ask("tools/list"))["result"]
        assert (await socket.ask_modern("tools/list"))["result"]["resultType"] == "complete"


@covers("WSH-4", "SRV-1")
async def test_a_session_is_asked_while_its_request_waits(sockets: Sockets) -> None:
    socket = await sockets.open()
    await socket.initialize(elicitation={})
    socket.request("tools/call", {"name": "greet", "arguments": {}}, id="g")
    question = await socket.message()
    assert question["method"] == "elicitation/create"
    assert (await socket.ask("ping"))["result"] == {}  # meanwhile
    answer = {"action": "accept", "content": {"name": "Ada"}}
    socket.put_message({"jsonrpc": "2.0", "id": question["id"], "result": answer})
    assert text_of((await socket.message())["result"]) == "Hello, Ada!"


@covers("WS-3", "MRTR-1")
async def test_a_modern_request_asks_by_its_result(sockets: Sockets) -> None:
    socket = await sockets.open()
    call: dict[str, Any] = {"name": "greet", "arguments": {}}
    able: dict[str, Any] = {CLIENT_CAPABILITIES: {"elicitation": {}}}
    result = (await socket.ask_modern("tools/call", call, meta=able))["result"]
    assert result["resultType"] == "input_required"
    (key,) = result["inputRequests"]
    answer = {"action": "accept", "content": {"name": "Ada"}}
    call |= {"requestState": result["requestState"], "inputResponses": {key: answer}}
    result = (await socket.ask_modern("tools/call", call, meta=able))["result"]
    assert text_of(result) == "Hello, Ada!"


@covers("WS-3", "WS-7")
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_progress_comes_before_the_result(sockets: Sockets, era: str) -> None:
    socket = await sockets.open()
    await socket.initialize()
    params = {"name": "count", "arguments": {}, "_meta": {"progressToken": "t"}}
    if era == "modern":
        socket.request_modern("tools/call", params, meta={"progressToken": "t"}, id="c")
    else:
        socket.request("tools/call", params, id="c")
    seen = [await socket.message(MODERN_REVISION if era == "modern" else None) for _ in range(4)]
    assert [item.get("method") for item in seen] == ["notifications/progress"] * 3 + [None]
    assert seen[-1]["id"] == "c"
    assert (await Call.objects.aget()).transport == "websocket"


# --- requests in flight


@covers("WSH-5")
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_an_id_in_flight_is_not_used_twice(sockets: Sockets, probe: Probe, era: str) -> None:
    socket = await sockets.open()
    await socket.initialize()
    ask = socket.request if era == "legacy" else socket.request_modern
    ask("tools/call", WAIT, id=7)
    await probe.wait(probe.started)
    other = socket.request_modern if era == "legacy" else socket.request
    other("tools/list", id=7)
    refusal = await socket.message()
    assert (refusal["id"], refusal["error"]["code"]) == (7, -32600)
    other("tools/list", id="7")
    assert (await socket.message(MODERN_REVISION if era == "legacy" else None))["id"] == "7"
    probe.released.set()
    answer = await socket.message(MODERN_REVISION if era == "modern" else None)
    assert text_of(answer["result"]) == "waited"
    ask("tools/list", id=7)
    assert (await socket.message(MODERN_REVISION if era == "modern" else None))["id"] == 7


@covers("WS-7", "CAN-2")
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_notification_cancels_in_either_era(
    sockets: Sockets, probe: Probe, era: str
) -> None:
    socket = await sockets.open()
    await socket.initialize()
    ask = socket.request if era == "legacy" else socket.request_modern
    ids = count(1000)

    async def cancel() -> float:
        probe.reset()
        id_ = next(ids)
        ask("tools/call", WAIT, id=id_)
        await probe.wait(probe.started)
        at = time.monotonic()
        socket.notify(CANCELLED, {"requestId": id_})
        await probe.wait(probe.cancelled)
        return time.monotonic() - at

    assert await takes_at_most(0.5, cancel)
    assert (await socket.ask("ping"))["result"] == {}
    await runtime().writer.flush(30)
    outcomes = Call.objects.filter(entry="wait").values_list("outcome", flat=True)
    assert {outcome async for outcome in outcomes} == {"cancelled"}
    assert socket.is_quiet


@covers("WS-7", "CAN-4")
@pytest.mark.parametrize("params", [{"requestId": "nobody"}, {}, {"requestId": []}])
async def test_a_cancellation_of_nothing_is_ignored(sockets: Sockets, params: Any) -> None:
    socket = await sockets.open()
    await socket.initialize()
    socket.notify(CANCELLED, params)
    assert (await socket.ask("ping"))["result"] == {}


@covers("WSH-6")
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_end_of_the_connection_ends_its_work(
    sockets: Sockets, probe: Probe, era: str
) -> None:
    socket = await sockets.open()
    await socket.initialize()
    ask = socket.request if era == "legacy" else socket.request_modern
    ask("tools/call", WAIT)
    await probe.wait(probe.started)
    await socket.leave()
    await probe.wait(probe.cancelled)
    await runtime().writer.flush(30)
    assert (await Call.objects.aget(entry="wait")).outcome == "cancelled"


@covers("WSH-6")
async def test_the_end_of_the_connection_frees_its_thread(sockets: Sockets, probe: Probe) -> None:
    socket = await sockets.open()
    await socket.initialize()
    socket.request("tools/call", {"name": "wait_in_thread", "arguments": {}})
    await probe.wait_for_thread(probe.thread_started)
    await socket.leave()
    await probe.wait_for_thread(probe.thread_cancelled)


@covers("WSH-6")
async def test_a_session_that_is_closed_by_an_operator_ends_its_connection(
    sockets: Sockets, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "TURN", 0.01)
    monkeypatch.setattr(patrol, "RECHECK_INTERVAL", 0.0)
    await configure(MCP_ROW_CACHE_SECONDS=0.0)
    socket = await sockets.open()
    await socket.initialize()
    await sync_to_async(Session.objects.all().close)("closed by an operator")
    assert await socket.closed() == 4404
    assert (await Session.objects.aget()).close_reason == "closed by an operator"


# --- listening


async def listening(socket: Socket, wanted: dict[str, Any], **options: Any) -> Any:
    identity = socket.request_modern("subscriptions/listen", {"notifications": wanted}, **options)
    acknowledged = await socket.message(MODERN_REVISION)
    assert acknowledged["method"] == ACKNOWLEDGED
    return identity


@covers("WS-7", "SUB-9")
async def test_subscriptions_are_told_apart_by_their_id(sockets: Sockets) -> None:
    socket, other = await sockets.open(), await sockets.open()
    await listening(socket, {"toolsListChanged": True}, id="tools")
    await listening(socket, {"promptsListChanged": True}, id="prompts")
    for kind in ("prompts", "tools"):
        await other.ask_modern("tools/call", {"name": "announce", "arguments": {"kind": kind}})
        note = await socket.message(MODERN_REVISION)
        assert note["method"] == f"notifications/{kind}/list_changed"
        assert note["params"]["_meta"][SUBSCRIPTION_ID] == kind


@covers("WS-7", "WSH-8")
@pytest.mark.inside
async def test_who_does_not_read_hears_of_changes_when_they_do(sockets: Sockets) -> None:
    socket, other = await sockets.open(), await sockets.open()
    await listening(socket, {"toolsListChanged": True}, id="s")
    socket.writable.clear()
    call = {"name": "announce", "arguments": {"kind": "tools"}}
    for _ in range(5):
        assert "result" in await other.ask_modern("tools/call", call)
    assert socket.is_quiet
    socket.writable.set()
    end = socket.request_modern("tools/list")
    heard = []
    while (message := await socket.message(MODERN_REVISION)).get("id") != end:
        heard.append(message["params"]["_meta"][SUBSCRIPTION_ID])
    assert heard in (["s"] * 2, ["s"] * 3)  # those on their way, and once what came meanwhile
    assert "result" in await other.ask_modern("tools/call", call)
    assert (await socket.message(MODERN_REVISION))["params"]["_meta"][SUBSCRIPTION_ID] == "s"


@covers("WS-7")
async def test_a_subscription_that_is_cancelled_hears_nothing_more(sockets: Sockets) -> None:
    socket = await sockets.open()
    await listening(socket, {"toolsListChanged": True}, id="s")
    socket.notify(CANCELLED, {"requestId": "s"})
    call = {"name": "announce", "arguments": {"kind": "tools"}}
    assert "result" in await socket.ask_modern("tools/call", call)
    assert socket.is_quiet


@covers("WSH-7", "WSH-9")
@pytest.mark.inside
async def test_a_server_that_stops_ends_subscriptions_with_a_result_and_closes(
    sockets: Sockets,
) -> None:
    socket = await sockets.open()
    await listening(socket, {"toolsListChanged": True}, id=5)
    stopping = asyncio.create_task(runtime().stop())
    result = await socket.message(MODERN_REVISION)
    assert (result["id"], result["result"]["_meta"][SUBSCRIPTION_ID]) == (5, 5)
    end = await socket.message(MODERN_REVISION)
    assert (end["method"], end["params"]["requestId"]) == (CANCELLED, 5)
    assert await socket.closed() == 1012
    await stopping


@covers("WSH-9")
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_server_that_stops_finishes_what_runs(
    sockets: Sockets, probe: Probe, era: str
) -> None:
    socket = await sockets.open()
    await socket.initialize()
    ask = socket.request if era == "legacy" else socket.request_modern
    ask("tools/call", WAIT)
    await probe.wait(probe.started)
    stopping = asyncio.create_task(runtime().stop())
    for _ in range(5):  # until it has begun
        await asyncio.sleep(0)
    revision = MODERN_REVISION if era == "modern" else None
    ask("tools/list", id="new")
    while (answer := await socket.message(revision))["id"] == "new":
        assert answer["error"]["code"] == 503
        probe.released.set()
    assert text_of(answer["result"]) == "waited"
    assert await socket.closed() == 1012
    await stopping


@covers("ERA-16", "WSH-4")
async def test_a_session_hears_of_changes_on_its_connection(sockets: Sockets) -> None:
    socket, other = await sockets.open(), await sockets.open()
    await socket.initialize()
    subscribed = await socket.ask("resources/subscribe", {"uri": "note://plain"})
    assert subscribed["result"] == {}
    await other.ask_modern("tools/call", {"name": "announce", "arguments": {"kind": "tools"}})
    assert (await socket.message())["method"] == "notifications/tools/list_changed"
    call = {"name": "touch", "arguments": {"uri": "note://plain"}}
    await other.ask_modern("tools/call", call)
    assert (await socket.message())["method"] == "notifications/resources/updated"


@covers("ERA-16", "WSH-4")
async def test_a_session_listens_before_its_next_request_is_answered(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening, begun, may_open = Engine.open_stream, asyncio.Event(), asyncio.Event()

    async def slowly(self: Engine, *args: Any) -> Any:
        begun.set()
        async with asyncio.timeout(LIMIT):
            await may_open.wait()  # as for a session that is read from the database
        return await opening(self, *args)

    monkeypatch.setattr(Engine, "open_stream", slowly)
    socket = await sockets.open()
    await socket.initialize()
    request = socket.request("ping")
    async with asyncio.timeout(LIMIT):
        await begun.wait()
    await (await sockets.open()).ask_modern("tools/list")  # meanwhile others are served
    assert socket.is_quiet
    may_open.set()
    assert (await socket.message())["id"] == request
    assert len(runtime().hub.listeners()) == 1


@covers("WSH-4")
@pytest.mark.parametrize("error", [Refused(429, "Too many."), OSError("database")])
async def test_a_session_that_cannot_listen_is_served_all_the_same(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*_args: Any) -> Any:
        raise error

    monkeypatch.setattr(Engine, "open_stream", fail)
    socket = await sockets.open()
    await socket.initialize()
    assert (await socket.ask("ping"))["result"] == {}


# --- bounds


@covers("WSH-8")
async def test_too_many_requests_at_once_close(
    sockets: Sockets, configure: Configure, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 0.01)
    await configure(MCP_CONNECTION_REQUESTS=2)
    socket = await sockets.open()
    for _ in range(3):
        socket.request_modern("tools/call", WAIT)
    assert await socket.closed() == 1013
    await probe.wait(probe.cancelled)


@covers("WSH-8")
async def test_too_much_that_is_not_read_is_cut(
    sockets: Sockets, configure: Configure, probe: Probe
) -> None:
    await configure(MCP_STREAM_QUEUE=5)
    socket = await sockets.open()
    for _ in range(7):
        socket.request_modern("tools/call", WAIT)
    socket.request_modern("tools/list")
    await socket.message(MODERN_REVISION)
    socket.writable.clear()
    probe.released.set()
    assert await socket.closed() == 1013


@covers("WSH-8")
async def test_from_a_client_that_does_not_read_nothing_more_is_taken(
    sockets: Sockets, configure: Configure
) -> None:
    await configure(MCP_STREAM_QUEUE=10, MCP_CONNECTION_REQUESTS=4)
    socket = await sockets.open()
    socket.writable.clear()
    for _ in range(50):
        socket.request_modern("tools/list")
    await (await sockets.open()).ask_modern("tools/list")  # meanwhile others are served
    socket.writable.set()  # it reads again, and everything is answered
    for _ in range(50):
        assert (await socket.message(MODERN_REVISION))["result"]["tools"]


@covers("WSH-8")
async def test_a_client_that_stops_reading_is_cut_after_a_while(
    sockets: Sockets, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "TURN", 0.01)
    await configure(MCP_STALL_TIMEOUT=0.05)
    socket = await sockets.open()
    socket.writable.clear()
    socket.request_modern("tools/list")
    assert await socket.closed() == 1013


@covers("WSH-8")
async def test_a_connection_nobody_uses_is_closed(
    sockets: Sockets, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "TURN", 0.01)
    await configure(MCP_SESSION_IDLE_TIMEOUT=0.05)
    assert await (await sockets.open()).closed() == 1000


@covers("WSH-8")
async def test_a_principal_holds_only_so_many_connections(
    sockets: Sockets, configure: Configure
) -> None:
    await configure(MCP_MAX_ANONYMOUS_STREAMS=2)
    first = await sockets.open()
    assert (await sockets.open()).is_accepted
    assert (await sockets.open()).status == 429
    await first.leave()
    assert (await sockets.open()).is_accepted


@covers("WS-4")
def test_the_transport_is_written_down() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "topics" / "transports.md"
    text = page.read_text(encoding="utf-8")
    for subject in (
        "mcp.ticket.",
        "notifications/cancelled",
        "1003",
        "1009",
        "1012",
        "1013",
        "4401",
    ):
        assert subject in text
