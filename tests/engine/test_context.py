"""What a running function sees, asks and says."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from mcp_transport import Context, SyncContext
from mcp_transport.worker.lifespan import Runtime
from tests.client import text_of
from tests.engine.conftest import Legacy, Modern, Register

ABLE: dict[str, Any] = {"elicitation": {"form": {}, "url": {}}, "sampling": {}, "roots": {}}
ANSWERS: dict[str, dict[str, Any]] = {
    "elicitation/create": {"action": "accept", "content": {"name": "Ada"}},
    "sampling/createMessage": {
        "role": "assistant", "model": "m", "content": {"type": "text", "text": "A poem."},
    },
    "roots/list": {"roots": [{"uri": "file:///home"}]},
}  # fmt: skip


class Name(BaseModel):
    name: str


def answer(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if params.get("mode") == "url":
        return {"action": "accept"}
    return ANSWERS[method]


@pytest.fixture(params=["modern", "legacy"])
def connect(request: pytest.FixtureRequest, modern: Modern, legacy: Legacy) -> Any:
    async def make(**options: Any) -> Any:
        return modern(**options) if request.param == "modern" else await legacy(**options)

    return make


def seen_by(ctx: Context | SyncContext) -> dict[str, Any]:
    return {
        "user": ctx.user.is_anonymous,
        "principal": ctx.principal.key,
        "has_session": ctx.session is not None,
        "server": ctx.server.slug,
        "agent": ctx.headers.get("x-request-id"),
        "secret": ctx.headers.get("authorization"),
        "id": ctx.request_id,
        "roots": "roots" in ctx.client_capabilities,
        "meta": ctx.meta.get("example.com/a"),
        "cancelled": ctx.cancelled,
    }


async def test_a_function_sees_who_asks_and_how(register: Register, connect: Any) -> None:
    @register(name="see")
    async def see(ctx: Context) -> dict[str, Any]:
        return seen_by(ctx)

    @register(name="see_in_thread")
    def see_in_thread(ctx: SyncContext) -> dict[str, Any]:
        return seen_by(ctx)

    client = await connect(capabilities=ABLE)
    headers = {"x-request-id": "r-1", "authorization": None}
    for name in ("see", "see_in_thread"):
        params: dict[str, Any] = {"name": name, "arguments": {}}
        reply = await client.ask(
            "tools/call", params, meta={"example.com/a": 1}, headers=headers, id="seven"
        )
        assert reply.result["structuredContent"] == {
            "user": True, "principal": "anonymous", "has_session": hasattr(client, "session_id"),
            "server": "own", "agent": "r-1", "secret": None, "id": "seven", "roots": True,
            "meta": 1, "cancelled": False,
        }  # fmt: skip


async def test_a_function_asks_everything_there_is(register: Register, connect: Any) -> None:
    @register(name="ask")
    async def ask(ctx: Context) -> str:
        name = (await ctx.elicit("Who?", Name)).content["name"]
        link = (await ctx.elicit("Visit", url="https://example.com")).action
        poem = (await ctx.sample("Write.", max_tokens=5)).text
        return f"{name} {link} {poem} {(await ctx.list_roots())[0].uri}"

    @register(name="ask_in_thread")
    def ask_in_thread(ctx: SyncContext) -> str:
        name = ctx.elicit("Who?", Name, key="who").content["name"]
        link = ctx.elicit("Visit", url="https://example.com").action
        poem = ctx.sample("Write.", max_tokens=5).text
        return f"{name} {link} {poem} {ctx.list_roots()[0].uri}"

    client = await connect(capabilities=ABLE, answer=answer)
    for name in ("ask", "ask_in_thread"):
        assert text_of((await client.call(name)).result) == "Ada accept A poem. file:///home"


async def test_what_is_remembered_outlasts_a_question(register: Register, connect: Any) -> None:
    runs: list[int] = []

    @register(name="draw")
    def draw(ctx: SyncContext) -> str:
        runs.append(len(runs))
        ticket = ctx.remember("ticket", len(runs))
        ctx.elicit("Who?", Name)
        return str(ticket)

    client = await connect(capabilities=ABLE, answer=answer)
    assert text_of((await client.call("draw")).result) == "1"
    assert len(runs) == 2


@pytest.mark.parametrize("options", [{}, {"schema": Name, "url": "https://example.com"}])
async def test_a_question_is_a_form_or_a_link(
    register: Register, modern: Modern, options: dict[str, Any]
) -> None:
    said: list[str] = []

    @register(name="ask")
    def ask(ctx: SyncContext) -> None:
        try:
            ctx.elicit("Who?", **options)
        except TypeError as error:
            said.append(str(error))

    await modern(capabilities=ABLE).call("ask")
    assert said == ["elicit() takes either a schema for a form or a url to visit."]


async def test_changes_are_told_from_threads_too(
    register: Register, modern: Modern, running: Runtime
) -> None:
    @register(name="change")
    def change(ctx: SyncContext) -> None:
        ctx.resource_updated("note://unknown")
        ctx.list_changed("tools")

    client = modern()
    stream = await client.listen(
        {"toolsListChanged": True, "resourceSubscriptions": ["note://unknown"]}
    )
    await stream.expect("notifications/subscriptions/acknowledged")
    await client.call("change")
    methods = {(await stream.message() or {})["method"] for _ in range(2)}
    assert methods >= {"notifications/tools/list_changed"}
    await stream.close()


@pytest.mark.parametrize(("level", "heard"), [("error", 1), ("debug", 3), (None, 0)])
async def test_only_what_matters_enough_is_said(
    register: Register, modern: Modern, level: str | None, heard: int
) -> None:
    @register(name="talk")
    async def talk(ctx: Context) -> None:
        await ctx.log("debug", "a")
        await ctx.log("info", "b", logger="own")
        await ctx.log("error", "c")

    meta = {"io.modelcontextprotocol/logLevel": level}
    reply = await modern().call("talk", meta=meta)
    assert len(reply.notifications) == heard
