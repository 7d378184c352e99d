from __future__ import annotations

import asyncio

import pytest

from tests.apps.good.probe import Probe
from tests.client import LOG_LEVEL, MODERN_REVISION, text_of
from tests.interaction.conftest import Configure, Connect, ConnectModern
from tests.interaction.requirements import covers


@covers("SSE-1", "SSE-3", "LH-4", "SSE-8", "PRG-1")
async def test_a_call_that_reports_is_answered_on_a_stream_of_its_own(connect: Connect) -> None:
    client = await connect()
    reply = await client.call("count", meta={"progressToken": "t"}, id="c")
    assert reply.is_stream
    assert [note["method"] for note in reply.notifications] == ["notifications/progress"] * 3
    assert reply.messages[-1]["id"] == "c"
    assert text_of(reply.result) == "counted"


@covers("SSE-8")
async def test_a_call_that_asked_for_progress_and_made_none_is_answered_with_json(
    connect: Connect,
) -> None:
    reply = await (await connect()).call("nothing", meta={"progressToken": "t"})
    assert not reply.is_stream


@covers("SSE-4")
@pytest.mark.parametrize("tool", ["count", "count_in_thread"])
@pytest.mark.inside
async def test_proxies_are_told_not_to_buffer(connect: Connect, tool: str) -> None:
    reply = await (await connect()).call(tool, meta={"progressToken": 1})
    assert reply.headers["x-accel-buffering"] == "no"
    assert "no-cache" in reply.headers["cache-control"]
    assert "no-transform" in reply.headers["cache-control"]


@covers("SSE-6", "LH-8")
async def test_events_have_ids_only_where_they_can_be_resumed(
    connect: Connect, revision: str
) -> None:
    reply = await (await connect()).call("count", meta={"progressToken": "t"})
    ids = [event.id for event in reply.events if event.data]
    if revision == MODERN_REVISION:
        assert ids == [None] * 4
    else:
        assert None not in ids
        assert len(set(ids)) == 4


@covers("SSE-5")
async def test_a_silent_stream_shows_that_it_is_alive(
    modern: ConnectModern, configure: Configure
) -> None:
    await configure(MCP_KEEP_ALIVE_INTERVAL=0.05)
    stream = await modern().listen({"toolsListChanged": True})
    await stream.expect("notifications/subscriptions/acknowledged")
    event = await stream.exchange.event()
    assert event is not None
    assert event.comments
    assert event.data is None
    await stream.close()


@covers("SSE-5", "RPC-14")
async def test_a_call_that_takes_long_becomes_a_stream(
    connect: Connect, configure: Configure, probe: Probe
) -> None:
    await configure(MCP_STREAM_AFTER=0.05)
    client = await connect()
    exchange = await client.open("tools/call", {"name": "wait", "arguments": {}})
    assert exchange.headers["content-type"].startswith("text/event-stream")
    probe.released.set()
    assert text_of((await client.read(exchange)).result) == "waited"


@covers("SSE-7")
async def test_streams_at_the_same_time_carry_their_own_messages(connect: Connect) -> None:
    client = await connect()
    replies = await asyncio.gather(
        *(
            client.call("count", {"steps": 2}, meta={"progressToken": f"t{n}", LOG_LEVEL: "info"})
            for n in range(3)
        )
    )
    for number, reply in enumerate(replies):
        tokens = {note["params"]["progressToken"] for note in reply.notifications}
        assert tokens == {f"t{number}"}


@covers("SSE-2", "MRTR-1")
async def test_a_modern_stream_carries_no_request(modern: ConnectModern) -> None:
    client = modern(capabilities={"elicitation": {}})
    reply = await client.ask(
        "tools/call", {"name": "greet"}, meta={"progressToken": "t", LOG_LEVEL: "debug"}
    )
    assert reply.requests == []
    assert reply.result["resultType"] == "input_required"
