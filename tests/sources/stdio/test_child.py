"""Tests of mcp_transport.sources.stdio.child: programs that know no handshake."""

from __future__ import annotations

import pytest

from mcp_transport.testing import ToolFailed
from tests.sources.stdio.conftest import Sited, command, said

ERAS = ["2025-11-25", "2026-07-28"]
BOX = {"command": command("stateless"), "per": "process"}


@pytest.mark.parametrize("revision", ERAS)
async def test_a_stateless_program_is_served_to_every_client(sited: Sited, revision: str) -> None:
    async with sited(box=dict(BOX)) as site:
        client = site.client("open", revision=revision)
        assert (await client.call("box_echo", text="hello")).text == "hello"
        assert len((await client.call("box_steps", count=3)).progress) == 3
        assert (await client.read("note://one")).text == "first"


@pytest.mark.parametrize("revision", ERAS)
async def test_a_stateless_program_gets_its_answers_with_a_new_request(
    sited: Sited, revision: str
) -> None:
    async with sited(box=dict(BOX)) as site:
        client = site.client("open", revision=revision)
        client.answer(elicitation={"name": "Ada"})
        answer, state = said(await client.call("box_name_user"))
        assert answer == {"action": "accept", "content": {"name": "Ada"}}
        assert state == "a state"


async def test_a_stateless_program_cannot_ask_who_cannot_be_asked(sited: Sited) -> None:
    async with sited(box=dict(BOX)) as site:
        client = site.client("open", capabilities={})
        with pytest.raises(ToolFailed, match="The client cannot be asked 'elicitation/create'"):
            await client.call("box_name_user")


@pytest.mark.parametrize("revision", ERAS)
async def test_a_stateless_program_tells_of_changes(sited: Sited, revision: str) -> None:
    async with sited(box=dict(BOX)) as site:
        client = site.client("open", revision=revision)
        await client.tools()
        await client.read("note://one")
        async with client.listen("tools", resources=["note://one"]) as listener:
            await client.call("box_touch")
            assert (await listener.next()).uri == "note://one"
            await client.call("box_grow")
            assert (await listener.next()).kind == "tools"
