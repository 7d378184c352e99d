from __future__ import annotations

import pytest

from mcp_transport.models import Event
from mcp_transport.models import Stream as StreamRow
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe
from tests.client import LegacyClient, Stream, text_of
from tests.interaction.conftest import ConnectLegacy, UserToken
from tests.interaction.requirements import covers

REPORTING = {"name": "wait", "arguments": {"report": True}}
PROGRESS = "notifications/progress"


async def started(client: LegacyClient, probe: Probe, request_id: str = "w") -> Stream:
    """A call that has reported once and waits now."""
    exchange = await client.open(
        "tools/call", REPORTING, meta={"progressToken": request_id}, id=request_id
    )
    stream = await client.stream_of(exchange)
    await stream.expect(PROGRESS)
    await probe.wait(probe.started)
    return stream


@covers("LH-9", "LC-11")
async def test_who_comes_back_gets_what_the_stream_still_owes(
    connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await connect_legacy()
    stream = await started(client, probe)
    await stream.close()
    probe.released.set()
    await probe.wait(probe.finished)
    resumed = await client.listen(stream.events[-1].id)
    answer = await resumed.message()
    assert answer is not None
    assert (answer["id"], text_of(answer["result"])) == ("w", "waited")
    assert await resumed.message() is None


@covers("LH-9")
async def test_a_stream_is_resumed_while_its_call_still_runs(
    connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await connect_legacy()
    stream = await started(client, probe)
    await stream.close()
    resumed = await client.listen(stream.events[-1].id)
    probe.released.set()
    answer = await resumed.message()
    assert answer is not None
    assert text_of(answer["result"]) == "waited"


@covers("LH-9", "LH-8")
async def test_everything_after_the_event_is_replayed_in_order(
    connect_legacy: ConnectLegacy,
) -> None:
    client = await connect_legacy()
    reply = await client.call("count", {"steps": 4}, meta={"progressToken": "t"})
    events = [event for event in reply.events if event.data]
    resumed = await client.listen(events[0].id)
    replayed = [message async for message in resumed.messages()]
    assert replayed == reply.messages[1:]
    assert [event.id for event in resumed.events if event.data] == [e.id for e in events[1:]]


@covers("LH-9", "LH-3")
async def test_no_other_streams_events_are_replayed(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    first = await client.call("count", {"steps": 2}, meta={"progressToken": "a"}, id="a")
    await client.call("count", {"steps": 2}, meta={"progressToken": "b"}, id="b")
    ids = [event.id for event in first.events if event.data]
    resumed = await client.listen(ids[0])
    tokens = [message async for message in resumed.messages()]
    assert tokens == first.messages[1:]


@covers("LH-9", "LH-2")
async def test_the_end_of_a_stream_has_nothing_after_it(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    reply = await client.call("count", meta={"progressToken": "t"})
    exchange = await client.get(reply.events[-1].id)
    assert exchange.status == 200
    stream = await client.stream_of(exchange)
    assert await stream.message() is None


@covers("LH-9", "LH-14", "SEC-3", "AUTH-16")
async def test_nobody_replays_another_sessions_events(
    connect_legacy: ConnectLegacy, user_token: UserToken
) -> None:
    path = "/mcp/guarded"
    ada = await connect_legacy(path=path, token=await user_token("ada"))
    own = await connect_legacy(path=path, token=await user_token("ada"))
    eve = await connect_legacy(path=path, token=await user_token("eve"))
    reply = await ada.call("count", meta={"progressToken": "t"})
    event_id = next(event.id for event in reply.events if event.data)
    for other in (own, eve):
        exchange = await other.get(event_id)
        assert 400 <= exchange.status < 500
        assert b"progress" not in await exchange.read()


@covers("LH-9")
@pytest.mark.parametrize("event_id", ["nonsense", "x-1", "-", "1-1", "é"])
async def test_an_unknown_event_is_refused(connect_legacy: ConnectLegacy, event_id: str) -> None:
    exchange = await (await connect_legacy()).get(event_id)
    assert 400 <= exchange.status < 500


@covers("LH-6")
async def test_a_stream_begins_with_an_empty_event_where_clients_know_it(
    connect_legacy: ConnectLegacy, legacy_revision: str
) -> None:
    reply = await (await connect_legacy()).call("count", meta={"progressToken": "t"})
    first = reply.events[0]
    if legacy_revision == "2025-11-25":
        assert first.id
        assert first.data == ""
    else:
        assert all(event.data != "" for event in reply.events)


@covers("LH-6", "LH-9")
async def test_a_call_can_be_resumed_from_the_empty_event(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-11-25")
    reply = await client.call("count", meta={"progressToken": "t"})
    resumed = await client.listen(reply.events[0].id)
    assert [message async for message in resumed.messages()] == reply.messages


@covers("LH-7", "LH-5", "LH-9")
async def test_a_stream_that_is_closed_early_says_when_to_come_back(
    legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await legacy("2025-11-25")
    exchange = await client.open("tools/call", {"name": "step_aside", "arguments": {}})
    stream = await client.stream_of(exchange)
    assert await stream.message() is None
    assert [event.retry for event in stream.events if event.retry] == [500]
    last_id = [event.id for event in stream.events if event.id][-1]
    resumed = await client.listen(last_id)
    probe.released.set()
    answer = await resumed.message()
    assert answer is not None
    assert text_of(answer["result"]) == "finished alone"


@covers("LH-5")
@pytest.mark.parametrize("legacy_revision", ["2025-03-26", "2025-06-18"])
async def test_an_older_stream_stays_open_until_its_answer(
    connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await connect_legacy()
    probe.released.set()
    reply = await client.call("step_aside", meta={"progressToken": "t"})
    assert text_of(reply.result) == "finished alone"


@covers("LH-8")
async def test_no_two_events_of_a_session_share_an_id(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    ids = []
    for number in range(3):
        reply = await client.call("count", meta={"progressToken": number})
        ids += [event.id for event in reply.events if event.id]
    assert len(set(ids)) == len(ids) >= 9


@covers("LH-9")
@pytest.mark.inside
async def test_what_was_not_read_survives_a_restart(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    reply = await client.call("count", meta={"progressToken": "t"})
    event_id = next(event.id for event in reply.events if event.data)
    await runtime().stop()
    await runtime().start()
    resumed = await client.listen(event_id)
    assert [message async for message in resumed.messages()] == reply.messages[1:]


@covers("LH-9", "RPC-14")
@pytest.mark.inside
async def test_a_stream_whose_worker_died_is_replayed_and_then_ended(
    connect_legacy: ConnectLegacy,
) -> None:
    client = await connect_legacy()
    reply = await client.call("count", meta={"progressToken": "t"}, id="c")
    await runtime().writer.flush(30)
    result = await Event.objects.order_by("sequence").alast()
    assert result is not None
    await result.adelete()  # as if it had not been written yet
    await StreamRow.objects.aupdate(closed_at=None, worker="dead")
    first = next(event.id for event in reply.events if event.data)
    resumed = await client.listen(first)
    *replayed, last = [message async for message in resumed.messages()]
    assert replayed == reply.messages[1:-1]
    assert last["id"] == "c"
    assert last["error"]["code"] == -32603
    assert "interrupted" in last["error"]["message"]
