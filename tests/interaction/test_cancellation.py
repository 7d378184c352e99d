from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from mcp_transport.models import Call
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import Probe
from tests.client import HTTP_REVISIONS, text_of
from tests.interaction.conftest import Configure, Connect, ConnectLegacy, ConnectModern
from tests.interaction.requirements import covers
from tests.process import takes_at_most

WAIT = {"name": "wait", "arguments": {}}
REPORTING = {"name": "wait", "arguments": {"report": True}}


@covers("CAN-1", "CAN-2")
async def test_a_client_that_leaves_its_stream_cancels_within_250_ms(
    modern: ConnectModern, probe: Probe
) -> None:
    async def leave() -> float:
        probe.reset()
        exchange = await modern().open("tools/call", REPORTING, meta={"progressToken": "t"})
        await probe.wait(probe.started)
        left_at = time.monotonic()
        await exchange.disconnect()
        await probe.wait(probe.cancelled)
        assert not probe.finished.is_set()
        return time.monotonic() - left_at

    assert await takes_at_most(0.25, leave)


@covers("CAN-1")
async def test_a_client_that_leaves_before_anything_was_sent_cancels_too(
    modern: ConnectModern, probe: Probe
) -> None:
    client = modern()
    opening = asyncio.create_task(client.open("tools/call", WAIT))
    await probe.wait(probe.started)
    client.http.leave_newest()
    await probe.wait(probe.cancelled)
    with pytest.raises(AssertionError, match="without an answer"):
        await opening


@covers("CAN-1", "CAN-2")
async def test_a_thread_sees_that_nobody_waits_for_it(
    modern: ConnectModern, configure: Configure, probe: Probe
) -> None:
    await configure(MCP_STREAM_AFTER=0.05)
    exchange = await modern().open("tools/call", {"name": "wait_in_thread", "arguments": {}})
    await probe.wait_for_thread(probe.thread_started)
    await exchange.disconnect()
    await probe.wait_for_thread(probe.thread_cancelled)


@covers("CAN-1", "CAN-3")
async def test_a_cancelled_call_is_recorded_as_one(modern: ConnectModern, probe: Probe) -> None:
    exchange = await modern().open("tools/call", REPORTING, meta={"progressToken": "t"})
    await probe.wait(probe.started)
    await exchange.disconnect()
    await probe.wait(probe.cancelled)
    await runtime().writer.flush(30)
    assert (await Call.objects.aget(entry="wait")).outcome == "cancelled"


@covers("CAN-3")
async def test_no_cancellation_is_announced_on_a_modern_stream(modern: ConnectModern) -> None:
    reply = await modern().call("dawdle", meta={"progressToken": "t"})
    assert "notifications/cancelled" not in {note["method"] for note in reply.notifications}


@covers("CAN-5", "LC-8", "RPC-14")
@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_work_that_takes_too_long_is_ended(connect: Connect) -> None:
    reply = await (await connect()).call("dawdle", meta={"progressToken": "t"})
    assert reply.result["isError"] is True
    assert "0.1 seconds" in text_of(reply.result)


@covers("LC-11")
async def test_a_lost_connection_cancels_nothing_in_a_session(
    connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await connect_legacy()
    exchange = await client.open("tools/call", REPORTING, meta={"progressToken": "t"})
    await probe.wait(probe.started)
    await exchange.disconnect()
    probe.released.set()
    await probe.wait(probe.finished)
    assert not probe.cancelled.is_set()


@covers("LC-11", "CAN-2")
async def test_a_session_cancels_a_call_by_saying_so(
    connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await connect_legacy()
    exchange = await client.open("tools/call", REPORTING, meta={"progressToken": "t"}, id="c")
    await probe.wait(probe.started)
    accepted = await client.notify("notifications/cancelled", {"requestId": "c", "reason": "x"})
    assert accepted.status == 202
    await probe.wait(probe.cancelled)
    messages = (await client.read(exchange)).messages
    assert [message for message in messages if "method" not in message] == []


@covers("LC-11", "SEC-3")
async def test_a_session_cannot_cancel_another_ones_call(
    connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    mine, other = await connect_legacy(), await connect_legacy()
    exchange = await mine.open("tools/call", REPORTING, meta={"progressToken": "t"}, id=1)
    await probe.wait(probe.started)
    assert (await other.notify("notifications/cancelled", {"requestId": 1})).status == 202
    probe.released.set()
    assert text_of((await mine.read(exchange)).result) == "waited"


@covers("CAN-4", "LC-11")
@pytest.mark.parametrize("params", [{"requestId": "nobody"}, {"requestId": 0}])
async def test_a_cancellation_of_nothing_is_ignored(
    connect_legacy: ConnectLegacy, params: dict[str, Any]
) -> None:
    client = await connect_legacy()
    assert (await client.notify("notifications/cancelled", params)).status == 202
    assert (await client.ask("ping")).result == {}


@covers("CAN-4")
async def test_a_modern_cancellation_does_not_stop_a_session_call(
    modern: ConnectModern, connect_legacy: ConnectLegacy, probe: Probe
) -> None:
    client = await connect_legacy()
    exchange = await client.open("tools/call", REPORTING, meta={"progressToken": "t"}, id="c")
    await probe.wait(probe.started)
    stranger = modern()
    message = {
        "jsonrpc": "2.0",
        "method": "notifications/cancelled",
        "params": {"requestId": "c"},
    }
    await stranger.post(message, {**stranger.headers("", {}), "mcp-method": None})
    probe.released.set()
    assert text_of((await client.read(exchange)).result) == "waited"
