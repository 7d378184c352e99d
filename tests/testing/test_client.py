"""Tests of mcp_transport.testing.client, at every revision."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User

from mcp_transport import Context, ToolError
from mcp_transport.testing import (
    Client,
    LogLine,
    ProgressReport,
    Refusal,
    Site,
    ToolFailed,
)
from tests.testing.conftest import EVERY_REVISION, Register


@EVERY_REVISION
async def test_a_tool_is_called_by_its_name_and_arguments(mcp: Client) -> None:
    assert (await mcp.call("repeat", text="hello")).text == "hello"


async def test_structured_content_is_what_the_tool_returned(mcp: Client) -> None:
    outcome = await mcp.call("quote", parcel={"weight": 2.5}, copies=2)
    assert outcome.structured == {"amount": 5.0, "currency": "EUR"}
    assert (await mcp.call("primes", limit=8)).structured == [2, 3, 5, 7]


@pytest.mark.parametrize("mcp_revision", ["2025-11-25"])
async def test_an_older_revision_wraps_what_is_no_object(mcp: Client) -> None:
    assert (await mcp.call("primes", limit=8)).structured == {"result": [2, 3, 5, 7]}


async def test_text_without_structure_has_none(mcp: Client) -> None:
    outcome = await mcp.call("own_result")
    assert (outcome.structured, outcome.meta["example.com/kind"]) == (None, 1)
    assert [block["type"] for block in outcome.content] == ["text"]


@EVERY_REVISION
async def test_a_tool_that_fails_raises_what_the_model_would_read(mcp: Client) -> None:
    with pytest.raises(ToolError, match="The shelf is empty") as caught:
        await mcp.call("fails")
    assert isinstance(caught.value, ToolFailed)
    assert caught.value.outcome.is_error


async def test_a_failure_can_be_looked_at_instead(mcp: Client) -> None:
    outcome = await mcp.try_call("fails", {})
    assert outcome.is_error
    assert outcome.text == "The shelf is empty; try tomorrow."


@EVERY_REVISION
async def test_a_call_that_the_server_does_not_take_is_a_refusal(mcp: Client) -> None:
    with pytest.raises(Refusal) as caught:
        await mcp.call("no_such_tool")
    assert caught.value.code == -32602
    assert "no_such_tool" in caught.value.message
    assert caught.value.data is None


@EVERY_REVISION
async def test_progress_is_collected(mcp: Client, mcp_revision: str) -> None:
    progress = (await mcp.call("count", steps=2, total=2)).progress
    assert [(report.done, report.total) for report in progress] == [(1, 2), (2, 2)]
    assert progress[0].message == "step 1"
    assert progress[0] == ProgressReport(done=1, total=2, message="step 1")


@EVERY_REVISION
async def test_log_messages_are_collected(mcp: Client) -> None:
    assert (await mcp.call("narrate")).log == [
        LogLine(level="debug", data="a detail"),
        LogLine(level="info", data={"step": 1}, logger="good"),
        LogLine(level="error", data="a problem"),
    ]


@EVERY_REVISION
async def test_log_messages_come_from_a_level_on(mcp_site: Site, mcp_revision: str) -> None:
    client = mcp_site.client(revision=mcp_revision, log_level="error")
    assert [line.level for line in (await client.call("narrate")).log] == ["error"]
    silent = mcp_site.client(revision="2026-07-28", log_level=None)
    assert (await silent.call("narrate")).log == []


@EVERY_REVISION
async def test_resources_are_read(mcp: Client) -> None:
    assert (await mcp.read("note://plain")).text == "plain"
    picture = await mcp.read("note://pixel")
    assert picture.data.startswith(b"\x89PNG")
    assert picture.contents[0]["mimeType"] == "image/png"


@EVERY_REVISION
async def test_prompts_are_got(mcp: Client) -> None:
    plan = await mcp.prompt("plan", season="summer")
    assert plan.text == "Plan a trip in summer, north."
    assert plan.messages[0]["role"] == "user"


@EVERY_REVISION
async def test_arguments_are_completed(mcp: Client) -> None:
    assert await mcp.complete("plan", "season", "s") == ["spring", "summer"]
    assert await mcp.complete("note://item/{number}", "number", "14")


async def test_completion_knows_what_is_chosen_already(mcp: Client) -> None:
    assert await mcp.complete("plan", "season", "w", half="south") == ["winter", "wet"]


@EVERY_REVISION
async def test_lists_are_read_to_their_end(mcp: Client, settings: pytest.FixtureRequest) -> None:
    settings.MCP_PAGE_SIZE = 3  # type: ignore[attr-defined]  # pytest-django's own wrapper
    await mcp.site.restart()
    tools = await mcp.tools()
    assert tools["repeat"]["inputSchema"]["required"] == ["text"]
    assert len(tools) > 3
    assert "note://plain" in await mcp.resources()
    assert "note://item/{number}" in await mcp.templates()
    assert "plan" in await mcp.prompts()


@pytest.mark.parametrize("mcp_revision", ["2025-06-18", "2025-11-25", "2026-07-28"])
async def test_a_form_is_filled_in(mcp: Client) -> None:
    mcp.answer(elicitation={"name": "Ada"})
    assert (await mcp.call("greet")).text == "Hello, Ada!"
    assert [asked.message for asked in mcp.asked] == ["What is your name?"]


async def test_answers_may_depend_on_the_question(mcp: Client) -> None:
    mcp.answer(elicitation=lambda asked: {"name": "Bob" if "Ada" in asked["message"] else "Ada"})
    assert (await mcp.call("interview")).text.startswith("Ada and Bob")
    assert len(mcp.asked) == 2


@pytest.mark.parametrize("mcp_revision", ["2025-06-18", "2026-07-28"])
async def test_a_user_may_decline(mcp: Client) -> None:
    mcp.answer(elicitation="decline")
    assert (await mcp.call("greet")).text == "You said decline."
    mcp.answer(elicitation=False)
    assert (await mcp.call("greet")).text == "You said decline."


async def test_a_page_is_visited(mcp: Client) -> None:
    mcp.answer(elicitation=True)
    assert (await mcp.call("visit")).text == "accept"
    assert mcp.asked[0].params["mode"] == "url"


@EVERY_REVISION
async def test_the_clients_model_and_its_roots_answer(mcp: Client) -> None:
    mcp.answer(sampling="a poem", roots=["file:///home/ada"])
    assert "a poem" in (await mcp.call("compose", words="spring")).text
    assert "file:///home/ada" in (await mcp.call("locate")).text


async def test_a_model_may_answer_in_full(mcp: Client) -> None:
    content = {"type": "text", "text": "in full"}
    mcp.answer(sampling={"role": "assistant", "content": content, "model": "m"})
    assert "in full" in (await mcp.call("compose", words="spring")).text


@pytest.mark.parametrize("mcp_revision", ["2025-11-25", "2026-07-28"])
async def test_a_question_without_an_answer_fails_the_test(mcp: Client) -> None:
    with pytest.raises(AssertionError, match=r"prepare one with answer\(elicitation=…\)"):
        await mcp.call("greet")


async def test_a_client_may_be_unable_to_answer(mcp_site: Site) -> None:
    with pytest.raises(Refusal) as caught:
        await mcp_site.client(capabilities={}).call("greet")
    assert caught.value.code == -32021


async def test_what_was_said_before_a_question_is_kept(mcp: Client, register: Register) -> None:
    @register
    async def ask_between(ctx: Context) -> str:
        await ctx.progress(1, 2)
        await ctx.elicit("Sure?", {"type": "object", "properties": {}})
        await ctx.progress(2, 2)
        return "done"

    mcp.answer(elicitation={})
    assert (await mcp.call("ask_between")).progress[-1].done == 2


@EVERY_REVISION
async def test_a_client_is_somebody_else(mcp: Client) -> None:
    grace = await User.objects.acreate(username="grace")
    client = mcp.as_user(grace)
    with pytest.raises(Refusal):
        await client.call("staff_only")
    permission = await Permission.objects.aget(codename="view_user")
    await sync_to_async(grace.user_permissions.add)(permission)  # the relation has no async twin
    if client.revision != "2026-07-28":
        client = mcp.as_user(grace)
    await client.call("staff_only")
    with pytest.raises(Refusal):
        await client.as_user(None).call("staff_only")


async def test_two_clients_of_one_session_era_have_two_sessions(mcp_site: Site) -> None:
    one, other = (mcp_site.client(revision="2025-11-25") for _ in range(2))
    first, second = await one.connect(), await other.connect()
    assert first.session_id != second.session_id  # type: ignore[union-attr]  # legacy clients
    assert (await one.connect()) is first


async def test_a_task_is_waited_for_like_any_other_call(mcp: Client) -> None:
    mcp.answer(elicitation={"name": "Ada"})
    assert (await mcp.call("long_must")).text == "had to"
    assert (await mcp.call("long_blocking")).text == "Hello, Ada!"
    with pytest.raises(ToolFailed, match="It broke"):
        await mcp.call("long_breaks")
    with pytest.raises(Refusal, match="Not like this"):
        await mcp.call("long_refuses")


async def test_a_task_can_be_looked_at(mcp: Client) -> None:
    mcp.answer(elicitation={"name": "Ada"})
    running = await mcp.begin("long_blocking")
    assert (await running.state())["taskId"] == running.id
    assert (await running.result()).text == "Hello, Ada!"
    with pytest.raises(ToolFailed, match="It broke"):
        await (await mcp.begin("long_breaks")).result()


async def test_a_task_can_be_cancelled(mcp: Client) -> None:
    running = await mcp.begin("long_lasts", until="/never")
    await running.cancel()
    assert (await running.ended())["status"] == "cancelled"
    with pytest.raises(Refusal, match="cancelled"):
        await running.result()


async def test_what_becomes_no_task_is_said(mcp: Client, mcp_site: Site) -> None:
    with pytest.raises(AssertionError, match="became no task"):
        await mcp.begin("repeat", text="a")
    with pytest.raises(AssertionError, match="has no tasks"):
        await mcp_site.client(revision="2025-11-25").begin("long_must")
