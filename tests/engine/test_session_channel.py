"""Questions on a session's stream, and what comes back for them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import BaseModel

from mcp_transport import Context, ToolError
from mcp_transport.engine.back_channel import ClosedChannel, Pending
from mcp_transport.engine.questions import form
from mcp_transport.protocol.jsonrpc import Response
from mcp_transport.registry.context import Question
from mcp_transport.worker.lifespan import Runtime
from tests.client import LegacyClient, Stream, text_of
from tests.engine.conftest import LIMIT, Legacy, Register

FORMS: dict[str, Any] = {"elicitation": {"form": {}}}
ADA = {"action": "accept", "content": {"name": "Ada"}}


class Name(BaseModel):
    name: str


@pytest.fixture
def asks(register: Register) -> None:
    @register
    async def asks(ctx: Context) -> str:
        answer = await ctx.elicit("Who?", Name)
        return str(answer.content["name"])


async def begin(client: LegacyClient, name: str = "asks") -> tuple[Stream, dict[str, Any]]:
    params = {"name": name, "arguments": {}}
    stream = await client.stream_of(await client.open("tools/call", params))
    question = await stream.message()
    assert question is not None
    return stream, question


async def answer_of(stream: Stream) -> dict[str, Any]:
    answer = await stream.message()
    assert answer is not None
    return dict(answer)


async def test_an_answer_that_is_none_is_said_to_the_model(asks: None, legacy: Legacy) -> None:
    client = await legacy(capabilities=FORMS)
    stream, question = await begin(client)
    await client.respond(question, {"action": "maybe"})
    answer = await answer_of(stream)
    assert answer["result"]["isError"] is True
    assert "no answer to the question" in text_of(answer["result"])


async def test_a_client_that_answers_twice_is_heard_once(asks: None, legacy: Legacy) -> None:
    client = await legacy(capabilities=FORMS)
    stream, question = await begin(client)
    for name in ("Ada", "Bob"):
        answer = {"action": "accept", "content": {"name": name}}
        assert (await client.respond(question, answer)).status == 202
    assert text_of((await answer_of(stream))["result"]) == "Ada"


@pytest.fixture
def impatient(settings: Any) -> None:
    settings.MCP_ANSWER_TIMEOUT = 0.05


async def test_a_question_without_an_answer_is_withdrawn(
    impatient: None, asks: None, legacy: Legacy, running: Runtime
) -> None:
    stream, question = await begin(await legacy(capabilities=FORMS))
    withdrawn = await stream.expect("notifications/cancelled")
    assert withdrawn["requestId"] == question["id"]
    answer = await answer_of(stream)
    assert "took too long" in text_of(answer["result"])
    assert running.engine._conversation.pending._waiting == {}


async def test_one_question_that_fails_ends_the_others(
    register: Register, legacy: Legacy, running: Runtime
) -> None:
    def question() -> Question:
        return form("Who?", Name)

    @register(name="both")
    async def both(ctx: Context) -> str:
        await ctx.ask({"a": question(), "b": question()})
        return "never"

    client = await legacy(capabilities=FORMS)
    stream, first = await begin(client, "both")
    second = await stream.message()
    assert second is not None
    assert first["id"] != second["id"]
    await client.respond(first, {"action": "maybe"})
    answer = await answer_of(stream)
    assert answer["result"]["isError"] is True
    await asyncio.sleep(0)
    assert running.engine._conversation.pending._waiting == {}


async def test_a_client_that_is_let_go_comes_back_for_the_answer(
    register: Register, legacy: Legacy
) -> None:
    go = asyncio.Event()

    @register(name="aside")
    async def aside(ctx: Context) -> str:
        await ctx.close_stream()
        async with asyncio.timeout(LIMIT):
            await go.wait()
        return "done"

    client = await legacy()
    reply = await client.call("aside")
    assert reply.messages == []
    last = [event.id for event in reply.events if event.id][-1]
    go.set()
    resumed = await client.listen(last)
    assert text_of((await answer_of(resumed))["result"]) == "done"


async def test_a_client_that_cannot_come_back_is_not_let_go(
    register: Register, legacy: Legacy
) -> None:
    @register(name="aside")
    async def aside(ctx: Context) -> str:
        await ctx.close_stream()
        return "done"

    reply = await (await legacy("2025-06-18")).call("aside")
    assert text_of(reply.result) == "done"


async def test_an_answer_finds_only_its_own_question() -> None:
    pending = Pending()
    waiting = pending.expect("s", "a.1")
    assert not pending.settle("t", Response("a.1", ADA))
    assert not pending.settle("s", Response("a.2", ADA))
    assert pending.settle("s", Response("a.1", ADA))
    assert not pending.settle("s", Response("a.1", ADA))
    assert (await waiting).result == ADA
    pending.forget("s", "a.1")
    pending.forget("s", "a.1")
    assert not pending.settle("s", Response("a.1", ADA))


async def test_a_client_without_a_stream_is_told_and_asked_nothing() -> None:
    channel = ClosedChannel()
    await channel.open()
    await channel.notify(b"{}")
    await channel.release()
    with pytest.raises(ToolError, match="takes no stream"):
        await channel.ask({})
