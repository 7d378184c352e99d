"""Tools over a WebSocket, for whoever has no MCP client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_transport.models import Call, Server
from mcp_transport.testing import Http
from tests.apps.good.probe import Probe
from tests.interaction.conftest import *  # noqa: F403  the running site
from tests.interaction.conftest import UserToken
from tests.sockets import Socket, Sockets

Event = dict[str, Any]


@pytest.fixture(autouse=True)
def _is_on(settings: Any) -> None:
    settings.MCP_REST = True


async def reach(sockets: Sockets, tool: str, server: str = "open", **options: Any) -> Socket:
    options.setdefault("subprotocols", ())
    return await sockets.open(f"/mcp/{server}/ws/tools/{tool}", **options)


async def next_event(socket: Socket) -> Event:
    text = await socket.frame()
    assert text is not None, f"closed with {socket.code}"
    return dict(json.loads(text))


async def events_of_call(socket: Socket) -> list[Event]:
    found = [await next_event(socket)]
    while found[-1]["event"] not in ("complete", "error"):
        found.append(await next_event(socket))
    return found


@sync_to_async
def calls() -> list[tuple[str, str, str]]:
    return list(Call.objects.order_by("id").values_list("transport", "entry", "outcome"))


async def test_a_call_is_started_and_completed_and_made_once(sockets: Sockets) -> None:
    socket = await reach(sockets, "add")
    assert (socket.is_accepted, socket.subprotocol) == (True, None)
    socket.put(json.dumps({"arguments": {"a": 2, "b": 3}, "id": 7}))
    started, completed = await events_of_call(socket)
    assert started == {"event": "started", "id": 7}
    assert (completed["event"], completed["id"], completed["data"]) == ("complete", 7, 5)
    assert await calls() == [("rest", "add", "ok")]


async def test_progress_and_pieces_are_events(sockets: Sockets) -> None:
    socket = await reach(sockets, "count")
    socket.put(json.dumps({"arguments": {"steps": 2, "total": 2}, "id": "a"}))
    names = [event["event"] for event in await events_of_call(socket)]
    assert names == ["started", "progress", "progress", "complete"]
    socket = await reach(sockets, "chunks")
    socket.put(json.dumps({"arguments": {"count": 2}}))
    events = await events_of_call(socket)
    assert [event["event"] for event in events] == ["started", "chunk", "chunk", "complete"]
    assert [event["index"] for event in events[1:3]] == [0, 1]
    assert {event["id"] for event in events} == {"call-1"}  # who names none is given one


async def test_calls_run_side_by_side_and_one_can_be_cancelled(
    sockets: Sockets, probe: Probe
) -> None:
    socket = await reach(sockets, "wait")
    for id_ in (1, 2):
        socket.put(json.dumps({"id": id_}))
        assert (await next_event(socket))["event"] == "started"
    socket.put(json.dumps({"id": 1}))
    taken = await next_event(socket)
    assert (taken["event"], taken["error"]["code"]) == ("error", 400)  # the id is in flight
    socket.put(json.dumps({"id": 1, "cancel": True}))
    probe.released.set()
    assert [event["id"] for event in await events_of_call(socket)] == [2]


async def test_whoever_leaves_ends_what_runs(sockets: Sockets) -> None:
    socket = await reach(sockets, "wait")
    socket.put(json.dumps({"id": 1}))
    await next_event(socket)
    await socket.leave()
    assert [outcome for _t, _e, outcome in await calls()] == ["cancelled"]


@pytest.mark.parametrize(
    ("tool", "frame", "code"),
    [
        ("repeat", "{", 400),
        ("repeat", "[]", 400),
        ("repeat", '{"arguments": [], "id": 1}', 400),
        ("repeat", '{"id": 1.5}', 400),
        ("repeat", '{"id": 1}', 422),
        ("nobody", '{"id": 1}', 404),
        ("staff_only", '{"id": 1}', 404),
        ("fails", '{"id": 1}', 422),
        ("breaks", '{"id": 1}', 500),
        ("dawdle", '{"id": 1}', 408),
        ("greet", '{"id": 1}', 400),
    ],
)
async def test_what_goes_wrong_is_an_event(
    sockets: Sockets, tool: str, frame: str, code: int
) -> None:
    socket = await reach(sockets, tool)
    socket.put(frame)
    problem = (await events_of_call(socket))[-1]
    assert (problem["event"], problem["error"]["code"]) == ("error", code)
    assert problem["error"]["message"]
    assert problem["id"] == (1 if '"id": 1}' in frame else None)
    socket.put('{"id": 2}')  # the connection goes on
    assert (await events_of_call(socket))[-1]["id"] == 2


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
async def test_a_token_opens_a_server(sockets: Sockets, user_token: UserToken, name: str) -> None:
    value = await user_token()
    assert (await reach(sockets, "nothing", "guarded")).status == 401
    headers = {name: value if name == "x-api-key" else f"Bearer {value}"}
    assert (await reach(sockets, "nothing", "guarded", headers=headers)).is_accepted


async def test_a_page_offers_the_subprotocol_with_its_ticket(
    http: Http, sockets: Sockets, user_token: UserToken
) -> None:
    headers = {"authorization": f"Bearer {await user_token()}"}
    exchange = await http.open("POST", "/mcp/guarded/ws/ticket", headers=headers)
    ticket = json.loads(await exchange.read())["ticket"]
    offered = ("mcp.tools", f"mcp.ticket.{ticket}")
    socket = await reach(sockets, "nothing", "guarded", subprotocols=offered)
    assert (socket.is_accepted, socket.subprotocol) == (True, "mcp.tools")
    assert (await reach(sockets, "nothing", "guarded", subprotocols=offered)).status == 401


async def test_a_server_for_plain_calls_alone_gives_tickets(
    http: Http, sockets: Sockets, user_token: UserToken
) -> None:
    await Server.objects.filter(slug="guarded").aupdate(transports=["rest"])
    headers = {"authorization": f"Bearer {await user_token()}"}
    exchange = await http.open("POST", "/mcp/guarded/ws/ticket", headers=headers)
    ticket = json.loads(await exchange.read())["ticket"]
    offered = ("mcp.tools", f"mcp.ticket.{ticket}")
    assert (await reach(sockets, "nothing", "guarded", subprotocols=offered)).is_accepted


async def test_a_client_of_the_protocol_is_told_that_this_is_none(sockets: Sockets) -> None:
    socket = await reach(sockets, "nothing", subprotocols=("mcp",))
    assert (socket.status, "mcp.tools" in str(socket.denial)) == (400, True)


async def test_a_site_that_did_not_ask_for_it_has_no_such_address(
    sockets: Sockets, settings: Any
) -> None:
    settings.MCP_REST = False
    assert (await reach(sockets, "nothing")).status == 404


async def test_an_id_that_is_none_is_refused_as_an_event(sockets: Sockets) -> None:
    socket = await reach(sockets, "add")
    ids: list[Any] = ["x" * 1001, 1.5, True, {}]
    for id_ in ids:
        socket.put(json.dumps({"arguments": {"a": 2, "b": 3}, "id": id_}))
        refusal = await next_event(socket)
        assert (refusal["event"], refusal["error"]["code"]) == ("error", 400)
