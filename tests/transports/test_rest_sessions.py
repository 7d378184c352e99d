"""Sessions over plain HTTP, for who opened them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from mcp_transport.models import Call, Event, Server, Session, Stream
from mcp_transport.testing import Exchange, Http
from mcp_transport.worker.lifespan import runtime
from tests.client import LegacyClient
from tests.interaction.conftest import *  # noqa: F403  the running site
from tests.interaction.conftest import UserToken
from tests.old_client import OldClient
from tests.sockets import Sockets

GUARDED = "/mcp/guarded"
SESSIONS = f"{GUARDED}/sessions"


class Owner:
    """Plain requests with a token, and clients that use the same."""

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        self.token = token
        self.headers = {"authorization": f"Bearer {token}"}

    async def ask(self, path: str = SESSIONS, method: str = "GET") -> tuple[int, Any]:
        exchange = await self._http.open(method, path, headers={"x-api-key": self.token})
        return exchange.status, json.loads(await exchange.read())

    async def stream(self, session_id: str, **headers: str) -> Exchange:
        return await self._http.open(
            "GET", f"{SESSIONS}/{session_id}/stream", headers={"x-api-key": self.token, **headers}
        )

    async def client(self) -> LegacyClient:
        return await LegacyClient(self._http, GUARDED, "2025-11-25", token=self.token).connect()

    async def session(self) -> str:
        """The only one."""
        _status, told = await self.ask()
        assert told["count"] == 1
        return str(told["sessions"][0]["id"])


@pytest.fixture
async def owner(http: Http, user_token: UserToken, settings: Any) -> Owner:
    settings.MCP_REST = True
    return Owner(http, await user_token())


@pytest.fixture
async def stranger(http: Http, user_token: UserToken) -> Owner:
    return Owner(http, await user_token("bob"))


async def test_an_owner_sees_sessions_of_every_transport(
    owner: Owner, http: Http, sockets: Sockets
) -> None:
    await owner.client()
    await (await sockets.open(f"{GUARDED}/ws", headers=owner.headers)).initialize()
    await OldClient(http, token=owner.token).connect(f"{GUARDED}/sse")
    status, told = await owner.ask()
    assert (status, told["count"]) == (200, 3)
    assert {s["transport"] for s in told["sessions"]} == {
        "streamable_http",
        "websocket",
        "http_sse",
    }
    _status, one = await owner.ask(f"{SESSIONS}/{told['sessions'][0]['id']}")
    assert one == told["sessions"][0]
    assert one.keys() == {"id", "transport", "revision", "client", "created_at", "last_seen_at"}


async def test_what_another_opened_is_not_there(owner: Owner, stranger: Owner) -> None:
    await owner.client()
    session = await owner.session()
    assert (await stranger.ask())[1]["count"] == 0
    for part in ("", "/messages", "/stream"):
        assert (await stranger.ask(f"{SESSIONS}/{session}{part}"))[0] == 404
    assert (await stranger.ask(f"{SESSIONS}/{session}", "DELETE"))[0] == 404
    assert (await owner.ask(f"/mcp/open/sessions/{session}"))[0] == 404  # of another server
    assert (await owner.ask(f"{SESSIONS}/{session}"))[0] == 200


async def test_who_sends_no_credentials_owns_nothing(owner: Owner, http: Http) -> None:
    await LegacyClient(http, "/mcp/open", "2025-11-25").connect()
    exchange = await http.open("GET", "/mcp/open/sessions")
    assert exchange.status == 401


@pytest.mark.parametrize("transport", ["streamable_http", "websocket"])
async def test_an_owner_ends_a_session_and_what_holds_it(
    owner: Owner, sockets: Sockets, transport: str
) -> None:
    if transport == "websocket":
        socket = await sockets.open(f"{GUARDED}/ws", headers=owner.headers)
        await socket.initialize()
    else:
        client = await owner.client()
    session = await owner.session()
    assert await owner.ask(f"{SESSIONS}/{session}", "DELETE") == (200, {"status": "terminated"})
    assert (await owner.ask(f"{SESSIONS}/{session}", "DELETE"))[0] == 404
    assert (await owner.ask())[1]["count"] == 0
    if transport == "websocket":
        assert await socket.closed() == 4404
    else:
        assert (await client.ask("tools/list")).status == 404


async def test_a_session_is_ended_at_its_own_address(owner: Owner) -> None:
    assert (await owner.ask(SESSIONS, "DELETE"))[0] == 405
    for path in ("x", "-", "%00", "\x00", "a" * 43):
        assert (await owner.ask(f"{SESSIONS}/{path}", "DELETE"))[0] == 404
    client = await owner.client()
    assert (await owner.ask(f"{SESSIONS}/{client.session_id}/more"))[0] == 404


async def test_a_history_has_messages_and_calls_in_order(owner: Owner) -> None:
    client = await owner.client()
    await client.call("count", {"steps": 2, "total": 2})
    await client.call("add", {"a": 2, "b": 3})
    session = await owner.session()
    _status, told = await owner.ask(f"{SESSIONS}/{session}/messages")
    calls = [said for said in told["messages"] if said["kind"] == "call"]
    assert [(c["entry"], c["outcome"]) for c in calls] == [("count", "ok"), ("add", "ok")]
    assert calls[1]["arguments"] == {"a": 2, "b": 3}
    assert [said["at"] for said in told["messages"]] == sorted(s["at"] for s in told["messages"])
    await client.call("nothing")
    path = f"{SESSIONS}/{session}/messages?after={told['cursor']}"
    _status, later = await owner.ask(path)
    assert [said["entry"] for said in later["messages"] if said["kind"] == "call"] == ["nothing"]


@sync_to_async
def say(session_id: str, *texts: str, calls: int = 0) -> None:
    """Leave messages in a session's log, and calls in the record."""
    now = timezone.now() - timedelta(seconds=60)
    stream, _ = Stream.objects.get_or_create(
        id="s" * 22, defaults={"session_id": session_id, "worker": "w", "opened_at": now}
    )
    start = stream.events.count()
    for number, text in enumerate(texts, start + 1):
        at = now + timedelta(milliseconds=number)
        Event.objects.create(stream=stream, sequence=number, data=json.dumps(text), created_at=at)
    for number in range(calls):
        Call.objects.create(
            worker="w", sequence=number, started_at=now, duration_us=number, method="tools/call",
            entry=f"call {number}", session=session_id, outcome="ok",
        )  # fmt: skip


async def test_a_history_is_read_in_pieces_from_either_end(owner: Owner) -> None:
    await owner.client()
    session = await owner.session()
    await say(session, *map(str, range(130)), calls=130)
    path = f"{SESSIONS}/{session}/messages"
    _status, last = await owner.ask(path)
    assert (last["count"], last["limit"]) == (100, 100)  # the cap
    assert last["messages"][-1].get("message") == "129"
    assert (await owner.ask(f"{path}?after={last['cursor']}"))[1]["count"] == 0
    cursor = "0.0"
    seen: list[str] = []
    while len(seen) <= 260:
        _status, piece = await owner.ask(f"{path}?limit=70&after={cursor}")
        if not piece["count"]:
            break
        seen += [said.get("message") or said.get("entry") for said in piece["messages"]]
        cursor = piece["cursor"]
    assert len(seen) == len(set(seen)) == 260


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "after=x", "after=1", "after=1.2.3"]
)
async def test_a_wrong_piece_of_a_history_is_refused(owner: Owner, query: str) -> None:
    await owner.client()
    session = await owner.session()
    assert (await owner.ask(f"{SESSIONS}/{session}/messages?{query}"))[0] == 400


async def test_a_stream_tells_what_is_said_and_goes_on_where_it_was_left(owner: Owner) -> None:
    await owner.client()
    session = await owner.session()
    await say(session, "before")
    stream = await owner.stream(session)
    assert stream.headers["content-type"] == "text/event-stream"
    await say(session, "one", "two")
    first = await stream.event()
    assert first is not None
    assert (first.event, first.data) == ("message", '"one"')
    await stream.disconnect()
    again = await owner.stream(session, **{"last-event-id": first.id or ""})
    second = await again.event()
    assert second is not None
    assert second.data == '"two"'
    beginning = await owner.stream(session, **{"last-event-id": "0"})
    event = await beginning.event()
    assert event is not None
    assert event.data == '"before"'


async def test_a_stream_takes_nothing_from_the_sessions_client(owner: Owner) -> None:
    client = await owner.client()
    session = await owner.session()
    stream = await owner.stream(session)
    meta = {"progressToken": "t"}
    reply = await client.call("count", {"steps": 2, "total": 2}, meta=meta)
    assert len(reply.notifications) == 2
    seen = [await stream.event() for _ in range(3)]
    assert "result" in json.loads(next(e.data for e in reversed(seen) if e and e.data) or "")
    assert await Call.objects.acount() == 1  # once, whoever watches


async def test_a_stream_ends_with_its_session(owner: Owner) -> None:
    await owner.client()
    session = await owner.session()
    stream = await owner.stream(session)
    await owner.ask(f"{SESSIONS}/{session}", "DELETE")
    event = await stream.event()
    assert event is not None
    assert (event.event, json.loads(event.data or "")) == ("done", {"status": "closed"})
    assert await stream.event() is None


async def test_a_stream_is_asked_for_properly(owner: Owner) -> None:
    await owner.client()
    session = await owner.session()
    assert (await owner.stream(session, accept="application/json")).status == 406
    for wrong in ("x", "-1", "1.5", "9" * 20):
        assert (await owner.stream(session, **{"last-event-id": wrong})).status == 400


async def test_watching_a_session_does_not_keep_it_open(owner: Owner) -> None:
    await owner.client()
    session = await owner.session()
    before = await Session.objects.aget(id=session)
    await owner.ask(f"{SESSIONS}/{session}/messages")
    assert (await Session.objects.aget(id=session)).last_seen_at == before.last_seen_at


@sync_to_async
def plan_of_history() -> str:
    rows = Call.objects.filter(session="s").exclude(session="").order_by("id")[:100]
    return str(rows.explain())


async def test_the_record_of_a_session_is_found_by_an_index(owner: Owner) -> None:
    if connection.vendor == "sqlite":  # PostgreSQL reads small tables from end to end
        assert "mcp_call_session" in await plan_of_history()


@pytest.mark.parametrize("below", ["", "/{}", "/{}/messages", "/{}/stream"])
async def test_looking_counts_as_a_request_and_ending_does_not(owner: Owner, below: str) -> None:
    session_id = (await owner.client()).session_id
    await Server.objects.filter(slug="guarded").aupdate(principal_rate=1)
    runtime().directory.forget()
    assert (await owner.ask())[0] == 200
    assert (await owner.ask(SESSIONS + below.format(session_id)))[0] == 429
    assert (await owner.ask(f"{SESSIONS}/{session_id}", "DELETE"))[0] == 200
