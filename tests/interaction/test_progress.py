from __future__ import annotations

from typing import Any

import pytest

from tests.client import Reply
from tests.interaction.conftest import Connect
from tests.interaction.requirements import covers


def values(reply: Reply) -> list[float]:
    return [note["params"]["progress"] for note in reply.notifications]


@covers("PRG-1")
@pytest.mark.parametrize("tool", ["count", "count_in_thread", "stumble"])
async def test_who_did_not_ask_for_progress_gets_none(connect: Connect, tool: str) -> None:
    reply = await (await connect()).call(tool)
    assert reply.notifications == []


@covers("PRG-1")
async def test_progress_only_increases(connect: Connect) -> None:
    reply = await (await connect()).call("stumble", meta={"progressToken": "t"})
    assert values(reply) == [1, 5, 7]


@covers("PRG-1")
@pytest.mark.parametrize("tool", ["count", "count_in_thread"])
async def test_progress_comes_before_the_answer_and_not_after(connect: Connect, tool: str) -> None:
    reply = await (await connect()).call(tool, meta={"progressToken": "t"})
    assert values(reply) == [1, 2, 3]
    assert "result" in reply.messages[-1]


@covers("PRG-2")
@pytest.mark.parametrize("token", ["text", 7, 0, "7", ""])
async def test_a_token_comes_back_as_what_it_was(connect: Connect, token: Any) -> None:
    reply = await (await connect()).call("count", {"total": 3}, meta={"progressToken": token})
    for note in reply.notifications:
        assert note["params"]["progressToken"] == token
        assert type(note["params"]["progressToken"]) is type(token)
        assert note["params"]["total"] == 3


@covers("PRG-2")
async def test_an_unknown_total_is_left_out(connect: Connect) -> None:
    reply = await (await connect()).call("count", meta={"progressToken": "t"})
    assert all("total" not in note["params"] for note in reply.notifications)


@covers("PRG-3")
async def test_a_flood_of_progress_is_thinned_out(connect: Connect) -> None:
    reply = await (await connect()).call("count", {"steps": 10_000}, meta={"progressToken": "t"})
    assert 1 <= len(reply.notifications) <= 500
