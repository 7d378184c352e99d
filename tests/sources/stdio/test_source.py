"""Tests of mcp_transport.sources.stdio.source, through the front door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from mcp_transport.sources.stdio.source import StdioSource
from mcp_transport.testing import Refusal, ToolFailed
from tests.client import HTTP_REVISIONS
from tests.sources.stdio.conftest import Sited, children, command, said, source, until

ERAS = ["2025-11-25", "2026-07-28"]


@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_every_page_of_every_list_is_offered_under_the_alias(
    sited: Sited, revision: str
) -> None:
    async with sited() as site:
        client = site.client("open", revision=revision)
        tools = await client.tools()
        assert "box_echo" in tools
        assert "box_where" in tools  # on the last page
        assert tools["box_echo"]["inputSchema"]["required"] == ["text"]
        assert {"note://one", "note://two"} <= set(await client.resources())
        assert "note://by/{name}" in await client.templates()
        assert "box_letter" in await client.prompts()


@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_everything_can_be_used(sited: Sited, revision: str) -> None:
    async with sited() as site:
        client = site.client("open", revision=revision)
        assert (await client.call("box_echo", text="Grüße\n\u2028")).text == "Grüße\n\u2028"
        assert (await client.read("note://two")).text == "second"
        assert (await client.read("note://by/ada")).text == "a note by ada"
        assert "Dear Bob" in (await client.prompt("box_letter", to="Bob")).text
        assert await client.complete("box_letter", "to", "x") == ["xa"]
        assert await client.complete("note://by/{name}", "name", "y") == ["ya"]


async def test_a_name_that_models_could_not_write_is_made_plain(sited: Sited) -> None:
    async with sited() as site:
        client = site.client("open")
        (name,) = (tool for tool in await client.tools() if tool.startswith("box_with"))
        assert name.startswith("box_with_spaces___more_")
        assert (await client.try_call(name, {})).is_error  # its own name is known to the program


async def test_a_schema_that_reaches_outside_is_left_out_and_named_in_the_log(
    sited: Sited, caplog: pytest.LogCaptureFixture
) -> None:
    async with sited() as site:
        assert not [tool for tool in await site.client("open").tools() if "reaches" in tool]
    assert "'reaches out', which is left out" in caplog.text


@pytest.mark.parametrize("revision", ERAS)
async def test_progress_and_log_messages_reach_the_client(sited: Sited, revision: str) -> None:
    async with sited() as site:
        client = site.client("open", revision=revision)
        outcome = await client.call("box_steps", count=5)
        assert [(p.done, p.total, p.message) for p in outcome.progress] == [
            (step, 5, f"step {step}") for step in range(1, 6)
        ]
        (line,) = (await client.call("box_tell", text="hear")).log
        assert (line.level, line.logger, line.data) == ("warning", "scribe", {"said": "hear"})


async def test_content_of_every_kind_comes_through(sited: Sited) -> None:
    async with sited() as site:
        outcome = await site.client("open").call("box_everything")
        kinds = [block["type"] for block in outcome.content]
        assert kinds == ["text", "image", "audio", "resource_link", "resource", "text"]
        assert outcome.content[1] == {"type": "image", "data": "Ynl0ZXM=", "mimeType": "image/png"}
        assert outcome.content[4]["resource"]["text"] == "first"
        assert "not known here" in outcome.content[5]["text"]
        assert outcome.structured == {"sum": 3}
        assert outcome.meta["from"] == "child"


async def test_an_older_client_gets_what_its_revision_knows(sited: Sited) -> None:
    async with sited() as site:
        outcome = await site.client("open", revision="2025-03-26").call("box_everything")
        kinds = [block["type"] for block in outcome.content]
        assert kinds == ["text", "image", "audio", "text", "resource", "text"]
        assert outcome.structured is None


async def test_structured_content_is_held_to_its_schema(sited: Sited) -> None:
    async with sited() as site:
        client = site.client("open")
        tool = (await client.tools())["box_add"]
        assert tool["annotations"] == {"readOnlyHint": True}
        assert (await client.call("box_add", a=1, b=2)).structured == {"sum": 3}
        with pytest.raises(ToolFailed, match="broke its output schema: sum"):
            await client.call("box_lie", a=1)


async def test_wrong_arguments_are_told_to_the_model_and_never_reach_the_program(
    sited: Sited,
) -> None:
    async with sited() as site:
        client = site.client("open")
        with pytest.raises(ToolFailed, match="The arguments do not fit"):
            await client.call("box_add", a="one", b=2)
        with pytest.raises(ToolFailed, match="password|text"):
            await client.call("box_echo")


async def test_what_a_program_calls_an_error_is_one(sited: Sited) -> None:
    async with sited() as site:
        client = site.client("open")
        with pytest.raises(ToolFailed, match=r"^It did not work\.$"):
            await client.call("box_fail")
        with pytest.raises(ToolFailed, match=r"^There is none left\.$"):
            await client.call("box_refuse")
        assert (await client.call("box_echo", text="on")).text == "on"


@pytest.mark.parametrize("revision", ERAS)
async def test_a_resource_that_the_program_does_not_have_is_not_found(
    sited: Sited, revision: str, nothing_known: Any
) -> None:
    async with sited() as site:
        client = site.client("open", revision=revision)
        with pytest.raises(Refusal) as refused:
            await client.read("note://by/../one")
        assert refused.value.code == (-32602 if revision == "2026-07-28" else -32002)


async def test_a_permission_holds_for_all_entries(sited: Sited, users: list[User]) -> None:
    async with sited(box={"permission": "auth.view_user"}) as site:
        assert await site.client("open", user=users[0]).tools() == {}


async def test_a_program_of_an_old_revision_is_served_in_every_new_one(sited: Sited) -> None:
    async with sited(old={"command": command("old")}) as site:
        assert (await site.client("open").call("old_echo", text="hello")).text == "hello"


@pytest.mark.parametrize("how", ["crash", "silent", "strange"])
async def test_a_program_that_does_not_start_is_nothing_to_the_others(
    sited: Sited, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {"command": command(how), "start_timeout": 1.0}
    async with sited(bad=bad, box={}) as site:
        client = site.client("open")
        tools = await client.tools()
        assert "box_echo" in tools
        assert not [name for name in tools if name.startswith("bad_")]
    errors = [record for record in caplog.records if record.levelname == "ERROR"]
    assert [e.getMessage().partition(":")[0] for e in errors] == ["MCP_STDIO['bad'] does not start"]
    assert ("It cannot begin." in errors[0].getMessage()) == (how == "crash")


def test_a_program_can_be_offered_before_it_has_listed_anything(settings: Settings) -> None:
    settings.MCP_STDIO = {"unheard": {"command": command()}}
    source = StdioSource()
    assert source.entries().tools == ()
    assert source.owners() == ["unheard"]


async def test_a_list_stands_while_its_program_is_away(sited: Sited) -> None:
    async with sited() as site:
        await source().stop()
        client = site.client("open")
        assert "box_echo" in await client.tools()
        with pytest.raises(ToolFailed, match="does not run in this process"):
            await client.call("box_echo", text="hello")


async def test_a_new_tool_is_told_to_clients(sited: Sited, users: list[User]) -> None:
    async with sited(box={"per": "process"}) as site:
        client = site.client("open", revision="2025-11-25")
        assert "box_more" not in await client.tools()
        async with client.listen("tools") as listener:
            await client.call("box_grow")
            assert (await listener.next()).kind == "tools"
        assert "box_more" in await client.tools()


@pytest.mark.parametrize("per", ["principal", "process"])
async def test_a_new_release_of_a_program_is_listed_anew(
    sited: Sited, users: list[User], tmp_path: Path, per: str
) -> None:
    box = {"per": per, "cwd": str(tmp_path), "idle_timeout": 0.1}
    async with sited(box=box) as site:
        client = site.client("open", user=users[0])
        assert "box_more" not in await client.tools()
        (tmp_path / "more").touch()
        await until(lambda: not children())
        await client.call("box_echo", text="hello")
        await until(lambda: "box_more" in {tool.name for tool in source().entries().tools})


@pytest.mark.parametrize("revision", ERAS)
async def test_a_resource_that_changed_is_told_to_who_reads_it(sited: Sited, revision: str) -> None:
    async with sited(box={"per": "process"}) as site:
        client = site.client("open", revision=revision)
        await client.read("note://one")
        await client.read("note://one")
        async with client.listen(resources=["note://one"]) as listener:
            await client.call("box_touch")
            assert (await listener.next()).uri == "note://one"


@pytest.mark.parametrize("revision", ERAS)
async def test_the_client_answers_what_a_program_asks(sited: Sited, revision: str) -> None:
    async with sited() as site:
        client = site.client("open", revision=revision)
        client.answer(elicitation={"name": "Ada"}, sampling="thought")
        answer = said(await client.call("box_name_user"))
        assert answer["result"] == {"action": "accept", "content": {"name": "Ada"}}
        assert client.asked[0].message == "Who are you?"
        answer = said(await client.call("box_think"))
        assert answer["result"]["content"]["text"] == "thought"


@pytest.mark.parametrize("revision", ERAS)
async def test_a_program_is_told_that_a_client_cannot_be_asked(sited: Sited, revision: str) -> None:
    async with sited() as site:
        client = site.client("open", revision=revision, capabilities={})
        answer = said(await client.call("box_name_user"))
        assert answer["error"]["code"] == -32601
        assert "cannot be asked" in answer["error"]["message"]


async def test_a_program_that_may_not_ask_does_not(sited: Sited) -> None:
    async with sited(box={"questions": False}) as site:
        client = site.client("open")
        assert said(await client.call("box_name_user"))["error"]["code"] == -32601
        assert client.asked == []


async def test_roots_are_the_sites_and_never_the_clients(sited: Sited) -> None:
    async with sited(box={}, rooted={"roots": ["file:///srv/notes"]}) as site:
        client = site.client("open")
        client.answer(roots=["file:///"])
        assert said(await client.call("box_where"))["error"]["code"] == -32601
        found = said(await client.call("rooted_where"))
        assert found["result"] == {"roots": [{"uri": "file:///srv/notes"}]}
        assert client.asked == []


async def test_who_leaves_cancels_the_call_of_the_program(sited: Sited, users: list[User]) -> None:
    async with sited() as site:
        client = site.client("open", user=users[0])
        wire = await client.connect()
        params = {"name": "box_hang", "arguments": {}}
        exchange = await wire.open("tools/call", params, meta={"progressToken": "t"})
        await exchange.disconnect()
        await until(lambda: not any(child._calls for child in children()))
        assert len(said(await client.call("box_cancels"))) == 1


async def test_a_call_that_takes_too_long_is_stopped_and_cancelled(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"call_timeout": 2.0}) as site:
        client = site.client("open", user=users[0])
        with pytest.raises(ToolFailed, match="it may take 2 seconds"):
            await client.call("box_hang")
        assert len(said(await client.call("box_cancels"))) == 1
