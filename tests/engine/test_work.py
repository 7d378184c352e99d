"""Work of sessions: what ends it, once, and what its stream ends with."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.db import OperationalError

from mcp_transport import Context
from mcp_transport.admin.trying import asking
from mcp_transport.audit.recorder import Recording
from mcp_transport.auth.principal import ANONYMOUS
from mcp_transport.engine import recording, session_channel
from mcp_transport.models import Call, Event, Server, Session, Stream, Worker
from mcp_transport.protocol.errors import Refused
from mcp_transport.registry.decorators import prompt
from mcp_transport.storage.rows import DatabaseAway
from mcp_transport.storage.writer import WriterFull
from mcp_transport.streams.live import LiveStream
from mcp_transport.streams.log import EventLog
from mcp_transport.worker.lifespan import Runtime
from tests.client import LegacyClient, text_of
from tests.client import Stream as ClientStream
from tests.engine.conftest import LIMIT, Legacy, Modern, Register
from tests.storage.test_writer import Recorded, block

PROGRESS = {"progressToken": "p"}


class Gate:
    """Lets a test and its tool wait for each other."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.opened = asyncio.Event()
        self.cancellations = 0

    async def reached(self) -> None:
        async with asyncio.timeout(LIMIT):
            await self.entered.wait()

    async def pass_through(self) -> None:
        self.entered.set()
        async with asyncio.timeout(LIMIT):
            try:
                await self.opened.wait()
            except asyncio.CancelledError:
                self.cancellations += 1
                raise


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


@pytest.fixture
def hold(register: Register, gate: Gate) -> None:
    """A tool that reports once and then waits for the test."""

    @register(name="hold")
    async def hold(ctx: Context) -> str:
        await ctx.progress(1)
        await gate.pass_through()
        return "held"


async def begin(client: LegacyClient, name: str = "hold", id: Any = "h") -> ClientStream:  # noqa: A002
    params = {"name": name, "arguments": {}}
    stream = await client.stream_of(await client.open("tools/call", params, meta=PROGRESS, id=id))
    await stream.expect("notifications/progress")
    return stream


async def rest(stream: ClientStream) -> list[dict[str, Any]]:
    return [message async for message in stream.messages()]


async def outcomes(running: Runtime) -> list[str]:
    await running.writer.flush(LIMIT)
    return [call.outcome async for call in Call.objects.order_by("id")]


def works(running: Runtime) -> Any:
    return running.engine._conversation.works


async def test_a_request_is_cancelled_once(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    client = await legacy()
    stream = await begin(client)
    await gate.reached()
    for _ in range(3):
        assert works(running).cancel(client.session_id, "h")
    works(running).cancel_session(client.session_id)
    assert await rest(stream) == []
    assert gate.cancellations == 1
    assert await outcomes(running) == ["cancelled"]
    assert works(running).is_idle
    assert (await Stream.objects.aget()).closed_at is not None


@pytest.mark.parametrize("mode", ["durable", "batched", "off"])
async def test_a_queue_that_is_full_refuses_work_and_no_result(
    hold: None,
    legacy: Legacy,
    modern: Modern,
    gate: Gate,
    running: Runtime,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
) -> None:
    monkeypatch.setattr(running.recorder, "mode", recording_mode := Recording(mode))
    monkeypatch.setattr(running.recorder, "is_on", recording_mode is not Recording.OFF)
    client = await legacy()
    stream = await begin(client)
    await gate.reached()
    blocked = await block(running.writer)
    running.writer.queue_limit = 6
    with contextlib.suppress(WriterFull):
        while True:
            running.writer.post(Recorded(), ())
    gate.opened.set()  # the result of what runs, and its row, come on top
    refused = {"durable": 503, "batched": 503, "off": 200}[mode]
    assert (await modern().call("hold")).status == refused
    assert (await client.open("initialize", {"protocolVersion": "2025-11-25"})).status == 503
    blocked.opened.set()
    assert text_of((await rest(stream))[-1]["result"]) == "held"
    assert await outcomes(running) == ([] if mode == "off" else ["ok"])
    assert (await Stream.objects.aget()).closed_at is not None


async def test_a_stopping_process_says_so_although_the_queue_is_full(running: Runtime) -> None:
    blocked = await block(running.writer)
    running.writer.queue_limit = 2
    for _ in range(2):
        running.writer.post(Recorded(), ())
    stopping = asyncio.ensure_future(running.stop())
    async with asyncio.timeout(LIMIT):
        while not (running.writer._is_stopped or stopping.done()):  # noqa: ASYNC110 - tells nobody
            await asyncio.sleep(0)
    blocked.opened.set()
    await asyncio.wait_for(stopping, LIMIT)
    assert (await Worker.objects.aget()).ended_at is not None


async def test_ids_keep_their_type(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    client = await legacy()
    stream = await begin(client, id=1)
    assert not works(running).cancel(client.session_id, "1")
    assert not works(running).cancel("another session", 1)
    gate.opened.set()
    assert text_of((await rest(stream))[-1]["result"]) == "held"


async def test_a_function_that_ignores_its_cancellation_is_not_answered(
    register: Register, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    @register
    async def ignore(ctx: Context) -> str:
        await ctx.progress(1)
        try:
            await gate.pass_through()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
        return "done all the same"

    client = await legacy()
    stream = await begin(client, "ignore")
    await gate.reached()
    works(running).cancel(client.session_id, "h")
    assert await rest(stream) == []
    assert await outcomes(running) == ["cancelled"]


async def test_a_cancellation_after_the_end_changes_nothing(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await legacy()
    record = recording.record

    async def cancel_first(*arguments: Any, **named: Any) -> None:
        works(running).cancel(client.session_id, "h")
        await record(*arguments, **named)

    monkeypatch.setattr(recording, "record", cancel_first)
    stream = await begin(client)
    gate.opened.set()
    assert text_of((await rest(stream))[-1]["result"]) == "held"
    assert await outcomes(running) == ["ok"]


async def test_a_cancellation_between_report_and_commit_ends_the_stream(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is on its way into the log when the work that reported it is cancelled."""
    client = await legacy()
    append, held = EventLog.append, asyncio.Event()

    def cancel_then_append(
        self: EventLog, stream: str, sequence: int, data: bytes, **options: Any
    ) -> Any:
        if b"notifications/progress" in data:
            asyncio.get_running_loop().call_soon(works(running).cancel, client.session_id, "h")
            held.set()
        return append(self, stream, sequence, data, **options)

    monkeypatch.setattr(EventLog, "append", cancel_then_append)
    stream = await begin(client)
    async with asyncio.timeout(LIMIT):
        await held.wait()
    assert await rest(stream) == []
    row = await Stream.objects.aget()
    await running.writer.flush(LIMIT)
    await row.arefresh_from_db()
    assert row.closed_at is not None
    assert row.last_sequence == await Event.objects.acount() == 2


async def test_a_stream_that_was_being_opened_when_the_work_ended_is_closed(
    register: Register,
    legacy: Legacy,
    gate: Gate,
    running: Runtime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = asyncio.Event()

    async def open_slowly(self: Any) -> Any:
        opened.set()
        gate.opened.set()
        return await primed(self)

    primed = session_channel.SessionChannel._primed
    monkeypatch.setattr(session_channel.SessionChannel, "_primed", open_slowly)

    @register(name="pass")
    async def pass_() -> str:
        await gate.pass_through()
        return "passed"

    object.__setattr__(running.engine.services, "stream_after", 0.0)
    reply = await (await legacy()).call("pass")
    assert text_of(reply.result) == "passed"
    assert opened.is_set()
    await running.writer.flush(LIMIT)
    assert [row.closed_at is None async for row in Stream.objects.all()] in ([], [False])
    assert await outcomes(running) == ["ok"]


async def test_a_session_that_ends_takes_its_work_along(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    client, other = await legacy(), await legacy()
    mine, others = await begin(client), await begin(other)
    await gate.reached()
    assert (await client.delete()).status == 204
    assert await rest(mine) == []
    gate.opened.set()
    assert text_of((await rest(others))[-1]["result"]) == "held"
    assert await Session.objects.filter(closed_at=None).acount() == 1


async def test_what_runs_at_the_end_of_the_process_is_answered(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    stream = await begin(await legacy())
    await gate.reached()
    await works(running).drain(0.01)
    (answer,) = await rest(stream)
    assert answer["error"]["code"] == -32603
    assert "interrupted" in answer["error"]["message"]
    assert await outcomes(running) == ["interrupted"]


async def test_draining_waits_for_what_runs(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    stream = await begin(await legacy())
    await gate.reached()
    draining = asyncio.ensure_future(works(running).drain(LIMIT))
    await asyncio.sleep(0)
    assert not draining.done()
    gate.opened.set()
    await draining
    assert text_of((await rest(stream))[-1]["result"]) == "held"
    await works(running).drain(LIMIT)


async def test_work_that_is_cancelled_before_it_begins_holds_nobody(
    hold: None, legacy: Legacy, running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await legacy()
    start = type(works(running)).start

    def start_and_cancel(self: Any, work: Any) -> None:
        start(self, work)
        work.cancel()

    monkeypatch.setattr(type(works(running)), "start", start_and_cancel)
    reply = await client.call("hold")
    assert reply.is_stream
    assert reply.messages == []
    assert await outcomes(running) == ["cancelled"]


async def test_a_prompt_that_takes_too_long_leaves_one_row(
    register: Register, modern: Modern, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    @prompt(timeout=0.05)
    async def dream() -> str:
        await gate.pass_through()
        return "never"

    for client in (modern(), await legacy()):
        reply = await client.ask("prompts/get", {"name": "dream"})
        assert reply.error["code"] == -32603
        assert "0.05 seconds" in reply.error["message"]
    assert await outcomes(running) == ["timeout", "timeout"]


async def test_a_call_that_cannot_be_recorded_is_refused(
    hold: None, legacy: Legacy, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: Any, **_named: Any) -> None:
        raise Refused(503, recording.UNRECORDED)

    stream = await begin(await legacy())
    monkeypatch.setattr(recording, "record", refuse)
    gate.opened.set()
    (answer,) = await rest(stream)
    assert answer["error"]["message"] == recording.UNRECORDED


async def test_a_cancellation_that_cannot_be_recorded_ends_the_stream(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_arguments: Any, **_named: Any) -> None:
        raise Refused(503, recording.UNRECORDED)

    client = await legacy()
    stream = await begin(client)
    await gate.reached()
    monkeypatch.setattr(recording, "record", refuse)
    works(running).cancel(client.session_id, "h")
    assert len(await rest(stream)) <= 1


async def test_a_result_that_cannot_be_logged_holds_nobody(
    hold: None,
    legacy: Legacy,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    append = EventLog.append

    def fail(self: EventLog, stream: str, sequence: int, data: bytes, **options: Any) -> Any:
        if b'"result"' not in data:
            return append(self, stream, sequence, data, **options)
        future = asyncio.get_running_loop().create_future()
        future.set_exception(OperationalError("away"))
        return future

    client = await legacy()
    stream = await begin(client)
    monkeypatch.setattr(EventLog, "append", fail)
    gate.opened.set()
    assert await rest(stream) == []
    assert "Work ended with an error" in caplog.text
    monkeypatch.setattr(EventLog, "append", append)
    resumed = await client.listen(stream.events[-1].id)
    assert text_of((await rest(resumed))[-1]["result"]) == "held"


async def test_a_failure_of_ours_is_an_internal_error(
    hold: None, legacy: Legacy, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> Any:
        raise RuntimeError("the password is hunter2")

    stream = await begin(await legacy())
    monkeypatch.setattr(recording, "outcome_of", fail)
    gate.opened.set()
    (answer,) = await rest(stream)
    assert answer["error"]["code"] == -32603
    assert "hunter2" not in str(answer)


async def test_requests_of_one_id_end_with_their_session_both(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    client = await legacy()
    first, second = await begin(client), await begin(client)
    assert len(works(running)) == 2
    await client.delete()
    assert [await rest(stream) for stream in (first, second)] == [[], []]
    assert await outcomes(running) == ["cancelled", "cancelled"]
    assert works(running).is_idle


async def test_the_first_of_two_requests_of_one_id_is_still_one_that_runs(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime
) -> None:
    client = await legacy()
    first, second = await begin(client), await begin(client)
    assert works(running).cancel(client.session_id, "h")  # the newest
    assert await rest(second) == []
    assert not works(running).is_idle
    assert works(running).sessions() == {client.session_id}
    gate.opened.set()
    assert text_of((await rest(first))[-1]["result"]) == "held"


async def tried(running: Runtime, name: str = "hold") -> str:
    """Have the admin try a tool; the stream that tells of it."""
    async with asyncio.timeout(LIMIT):
        params = {"name": name, "arguments": {}}
        return await asking.begin(running, "own", ANONYMOUS, "tools/call", params)


async def test_a_stream_that_was_open_first_ends_with_work_that_never_began(
    hold: None, running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = type(works(running)).start

    def start_and_cancel(self: Any, work: Any) -> None:
        start(self, work)
        work.cancel()

    monkeypatch.setattr(type(works(running)), "start", start_and_cancel)
    with contextlib.suppress(asking.NotStarted):
        await tried(running)
    assert await outcomes(running) == ["cancelled"]
    assert not await Stream.objects.filter(closed_at=None).aexists()


async def test_a_stream_that_cannot_be_opened_first_keeps_no_place(
    hold: None, running: Runtime, own_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Server.objects.filter(pk=own_server.pk).aupdate(concurrency=1)

    async def fail(*_arguments: Any) -> Any:
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(session_channel.SessionChannel, "_primed", fail)
        with pytest.raises(asking.NotStarted, match="database"):
            await tried(running)
    assert await tried(running)


async def test_events_that_cannot_be_read_are_no_answer(
    hold: None, legacy: Legacy, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: Any) -> Any:
        raise DatabaseAway

    client = await legacy()
    stream = await begin(client)
    last = stream.events[-1].id
    with monkeypatch.context() as patched:
        patched.setattr(LiveStream, "_unseen", fail)
        gate.opened.set()
        assert await rest(stream) == []  # the request goes on, and its client comes back
    resumed = await client.listen(last)
    assert text_of((await rest(resumed))[-1]["result"]) == "held"


async def test_a_stream_that_is_read_on_counts_as_one_that_stays_open(
    hold: None, legacy: Legacy, gate: Gate, running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.limiting, "_max_anonymous_streams", 1)
    client = await legacy()
    stream = await begin(client)
    last = stream.events[-1].id
    resumed = await client.listen(last)
    assert (await client.get(last)).status == 429
    gate.opened.set()
    assert text_of((await rest(resumed))[-1]["result"]) == "held"
    assert await rest(await client.listen(last))
    assert running.limiting.streams_of(ANONYMOUS) == 0
