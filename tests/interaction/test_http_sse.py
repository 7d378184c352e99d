from __future__ import annotations

import asyncio

import pytest

from mcp_transport.engine import inbox_reader, patrol
from mcp_transport.models import Inbox, Server, Session, Token, Worker
from mcp_transport.testing import Http
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe
from tests.client import CLIENT_CAPABILITIES, MODERN_REVISION, PROTOCOL_VERSION, text_of
from tests.interaction.conftest import OPEN, Configure, UserToken
from tests.interaction.requirements import covers
from tests.old_client import JSON, STREAM, OldClient

REPEAT = {"name": "repeat", "arguments": {"text": "hi"}}
REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")


@pytest.fixture
async def client(http: Http) -> OldClient:
    """A client that is connected to the open server."""
    return await OldClient(http).connect()


@covers("OLD-1", "OLD-2")
@pytest.mark.parametrize(
    ("path", "messages"),
    [
        (f"{OPEN}/sse", f"{OPEN}/messages"),
        (f"{OPEN}/sse/", f"{OPEN}/messages"),
        (OPEN, f"{OPEN}/messages"),
        ("/mcp/sse", "/mcp/messages"),
        ("/mcp", "/mcp/messages"),
        ("/sse", "/messages"),
    ],
)
@pytest.mark.inside
async def test_the_stream_begins_with_where_to_post(http: Http, path: str, messages: str) -> None:
    await Server.objects.filter(slug="open").aupdate(is_default=True)
    client = await OldClient(http).connect(path)
    session = await Session.objects.aget()
    assert client.address == f"{messages}?session_id={session.pk}"
    assert (session.transport, session.worker) == ("http_sse", runtime().worker_id)
    assert (await client.initialize())["protocolVersion"] == "2024-11-05"


@covers("OLD-3", "OLD-8", "LC-2")
@pytest.mark.parametrize("revision", REVISIONS)
async def test_every_answer_comes_on_the_stream(client: OldClient, revision: str) -> None:
    assert (await client.initialize(revision))["protocolVersion"] == revision
    assert text_of((await client.ask("tools/call", REPEAT, id="c"))["result"]) == "hi"
    assert (await client.ask("tools/list"))["result"]["tools"]
    session = await Session.objects.aget()
    assert (session.revision, session.client_name) == (revision, "tests")
    assert session.is_initialized


@covers("OLD-3")
async def test_the_stream_carries_progress_and_questions(client: OldClient) -> None:
    await client.initialize("2025-06-18", elicitation={})
    params = {"name": "count", "arguments": {"steps": 1}, "_meta": {"progressToken": "t"}}
    assert (await client.ask("tools/call", params))["method"] == "notifications/progress"
    assert text_of((await client.message())["result"]) == "counted"
    question = await client.ask("tools/call", {"name": "greet", "arguments": {}})
    assert question["method"] == "elicitation/create"
    answer = {"action": "accept", "content": {"name": "Ada"}}
    await client.post({"jsonrpc": "2.0", "id": question["id"], "result": answer})
    assert text_of((await client.message())["result"]) == "Hello, Ada!"


@covers("OLD-3", "ERA-16")
async def test_the_stream_tells_of_changes(client: OldClient, http: Http) -> None:
    await client.initialize()
    assert (await client.ask("ping"))["result"] == {}
    other = await OldClient(http).connect()
    await other.initialize()
    await other.ask("tools/call", {"name": "announce", "arguments": {"kind": "prompts"}})
    assert (await client.message())["method"] == "notifications/prompts/list_changed"


@covers("OLD-4")
async def test_a_message_without_a_session_or_for_an_unknown_one_is_refused(
    client: OldClient,
) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for query, status in (("", 400), ("?session_id=", 400), ("?session_id=unknown", 404)):
        exchange = await client.post(ping, address=f"{OPEN}/messages{query}")
        assert exchange.status == status


@covers("OLD-4")
async def test_what_is_no_json_is_refused_at_once(client: OldClient, http: Http) -> None:
    exchange = await http.open("POST", client.address, headers=JSON, body=b"{")
    assert exchange.status == 400
    assert (
        await client.post({"jsonrpc": "2.0"}, headers={"content-type": "text/plain"})
    ).status == 415


@covers("OLD-4")
async def test_a_session_ends_with_its_stream(client: OldClient, probe: Probe) -> None:
    await client.initialize()
    call = {"name": "wait", "arguments": {}}
    await client.post({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call})
    await probe.wait(probe.started)
    await client.stream.disconnect()
    await probe.wait(probe.cancelled)
    assert (await client.post({"jsonrpc": "2.0", "id": 2, "method": "ping"})).status == 404
    assert (await Session.objects.aget()).closed_at is not None


@covers("OLD-5")
@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}])
async def test_pages_from_elsewhere_are_refused(
    http: Http, client: OldClient, headers: dict[str, str]
) -> None:
    stream = await http.open("GET", f"{OPEN}/sse", headers={**STREAM, **headers})
    assert stream.status == 403
    assert (await client.post({"jsonrpc": "2.0", "method": "x"}, headers=headers)).status == 403


@covers("OLD-6")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"accept": "text/event-stream, */*"}, 200),
        ({"accept": "application/json"}, 405),
        ({}, 405),
        ({**STREAM, "mcp-protocol-version": "2025-11-25"}, 400),
        ({**STREAM, "mcp-session-id": "unknown"}, 404),
        ({**STREAM, "mcp-protocol-version": MODERN_REVISION}, 405),
    ],
)
async def test_a_get_of_the_endpoint_is_an_old_client_if_nothing_says_otherwise(
    http: Http, headers: dict[str, str], status: int
) -> None:
    assert (await http.open("GET", OPEN, headers=headers)).status == status


@covers("OLD-7", "OLD-1")
@pytest.mark.parametrize("switch", ["setting", "row"])
async def test_the_transport_is_switched_off_by_a_setting_or_the_row(
    http: Http, configure: Configure, switch: str
) -> None:
    if switch == "setting":
        await configure(MCP_HTTP_SSE=False)
    await Server.objects.filter(slug="open").aupdate(
        transports=[] if switch == "setting" else ["streamable_http"], is_default=True
    )
    for path, status in ((OPEN, 405), (f"{OPEN}/sse", 404), ("/sse", 404), ("/mcp/sse", 404)):
        assert (await http.open("GET", path, headers=STREAM)).status == status, path
    assert (await http.open("POST", f"{OPEN}/messages", headers=JSON)).status in {400, 404}


@covers("OLD-7")
async def test_the_root_is_the_site_s_own_without_a_default_server(http: Http) -> None:
    for method, path in (("GET", "/sse"), ("POST", "/messages")):
        assert (await http.open(method, path, headers=STREAM)).status == 404


@covers("OLD-1")
@pytest.mark.parametrize(("method", "path"), [("POST", "sse"), ("GET", "messages")])
async def test_the_stream_takes_get_and_the_messages_post(
    http: Http, method: str, path: str
) -> None:
    exchange = await http.open(method, f"{OPEN}/{path}", headers={**STREAM, **JSON}, body=b"{}")
    assert exchange.status == 405


@covers("OLD-1")
async def test_a_client_that_takes_no_stream_gets_none(http: Http) -> None:
    headers = {"accept": "application/json"}
    assert (await http.open("GET", f"{OPEN}/sse", headers=headers)).status == 406


@covers("OLD-8")
async def test_a_modern_request_is_told_to_shake_hands(client: OldClient) -> None:
    meta = {PROTOCOL_VERSION: MODERN_REVISION, CLIENT_CAPABILITIES: {}}
    answer = await client.ask("server/discover", {"_meta": meta})
    assert answer["error"]["code"] == -32022
    assert MODERN_REVISION not in answer["error"]["data"]["supported"]
    assert (await client.initialize())["protocolVersion"] == "2024-11-05"


@covers("OLD-8", "SEC-3")
async def test_the_address_is_good_for_its_user_alone(http: Http, user_token: UserToken) -> None:
    mine = OldClient(http, token=await user_token("ada"))
    await mine.connect("/mcp/guarded/sse")
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    for token, status in ((await user_token("bob"), 404), ("", 401)):
        other = OldClient(http, token=token)
        assert (await other.post(ping, address=mine.address)).status == status
    assert (await mine.post(ping)).status == 202


@covers("OLD-8")
async def test_a_stream_ends_with_its_credentials(
    http: Http, configure: Configure, user_token: UserToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "TURN", 0.01)
    monkeypatch.setattr(patrol, "RECHECK_INTERVAL", 0.0)
    await configure(MCP_ROW_CACHE_SECONDS=0.0)
    client = await OldClient(http, token=await user_token()).connect("/mcp/guarded/sse")
    await Token.objects.all().adelete()
    assert await client.stream.event() is None


@covers("OLD-3")
@pytest.mark.inside
async def test_a_server_that_stops_lets_its_clients_go(client: OldClient) -> None:
    await client.initialize()
    stopping = asyncio.create_task(runtime().stop())
    event = await client.stream.event()
    assert event is not None
    assert event.retry == 1000
    assert await client.stream.event() is None
    await stopping


# --- several worker processes


@covers("OLD-3")
async def test_a_post_reaches_the_process_that_holds_the_stream(
    client: OldClient, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_reader, "POST_INTERVAL", 0.01)
    session = await Session.objects.aget()
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    await client.initialize()
    client.expect(ping)
    await Inbox.objects.acreate(
        worker=runtime().worker_id,
        session=session.pk,
        kind=Inbox.Kind.MESSAGE,
        payload={"body": ping},
        created_at=session.created_at,
    )
    assert (await client.message())["result"] == {}


@covers("OLD-4")
@pytest.mark.parametrize(("is_alive", "status"), [(True, 202), (False, 404)])
async def test_a_post_is_left_for_another_process_while_that_lives(
    client: OldClient, configure: Configure, is_alive: bool, status: int
) -> None:
    session = await Session.objects.aget()
    mine = await Worker.objects.aget()
    other = Worker(id="other", hostname="web2", pid=2)
    other.started_at = other.seen_at = mine.seen_at
    other.ended_at = None if is_alive else mine.seen_at
    await other.asave()
    runtime().sessions.forget(session.pk)
    await Session.objects.aupdate(worker="other")
    connections = runtime().engine.connections
    for held in connections:
        connections.discard(held)
        held.session_id = "another"  # as if it were held there
        connections.add(held)
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert (await client.post(ping)).status == status
    rows = [row async for row in Inbox.objects.filter(worker="other")]
    assert [row.payload["body"] for row in rows] == ([ping] if is_alive else [])


@covers("OLD-1", "SUB-13")
@pytest.mark.inside
async def test_who_may_hold_no_more_streams_opens_no_session(
    http: Http, configure: Configure
) -> None:
    await configure(MCP_MAX_ANONYMOUS_STREAMS=1)
    await OldClient(http).connect()
    refused = await http.open("GET", f"{OPEN}/sse", headers=STREAM)
    assert refused.status == 429
    assert await Session.objects.acount() == 1


@covers("OLD-1")
@pytest.mark.inside
async def test_what_an_old_client_accepts_may_stand_in_several_lines(http: Http) -> None:
    lines = [("accept", "text/event-stream"), ("accept", "application/json")]
    stream = await http.open("GET", OPEN, headers=lines)
    assert stream.status == 200
    event = await stream.event()
    assert event is not None
    assert event.event == "endpoint"
