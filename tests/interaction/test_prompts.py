from __future__ import annotations

from typing import Any

import pytest

from tests.interaction.conftest import Connect, UserToken
from tests.interaction.requirements import covers


@covers("PR-1", "PR-3")
async def test_a_prompt_is_listed_with_its_arguments(connect: Connect, revision: str) -> None:
    prompts = (await (await connect()).ask("prompts/list")).result["prompts"]
    plan = next(entry for entry in prompts if entry["name"] == "plan")
    assert plan["description"] == "Plan a trip."
    assert plan["arguments"] == [
        {"name": "season", "description": "When to go.", "required": True},
        {"name": "half", "description": "Of the globe.", "required": False},
    ]
    assert plan.get("title") == (None if revision < "2025-06-18" else "Plan a trip")


@covers("PR-1")
async def test_a_prompt_is_written_from_its_arguments(connect: Connect) -> None:
    params = {"name": "plan", "arguments": {"season": "spring"}}
    result = (await (await connect()).ask("prompts/get", params)).result
    text = {"type": "text", "text": "Plan a trip in spring, north."}
    assert result["messages"] == [{"role": "user", "content": text}]


@covers("PR-2", "PR-3", "PR-4")
@pytest.mark.parametrize(
    "params",
    [
        {"name": "nope"},
        {},
        {"name": 5},
        {"name": "plan"},
        {"name": "plan", "arguments": {}},
        {"name": "plan", "arguments": {"season": 5}},
        {"name": "plan", "arguments": {"season": "spring", "budget": "none"}},
        {"name": "plan", "arguments": []},
        {"name": "illustrated", "arguments": []},
        {"name": "illustrated", "arguments": ""},
        {"name": "illustrated", "arguments": False},
    ],
)
async def test_a_prompt_that_cannot_be_written_is_an_error(
    connect: Connect, params: dict[str, Any]
) -> None:
    assert (await (await connect()).ask("prompts/get", params)).error["code"] == -32602


@covers("PR-2", "PR-3")
async def test_the_error_names_the_argument(connect: Connect) -> None:
    params = {"name": "plan", "arguments": {"half": "south"}}
    error = (await (await connect()).ask("prompts/get", params)).error
    assert "season" in error["message"]


@covers("PR-3")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"season": 5}, "A prompt's arguments are strings, and 'season' is none."),
        ({"": 5}, "A prompt's arguments are strings, and '' is none."),
        (
            {"season": "spring", "budget": "none"},
            "The prompt 'plan' has no argument budget; it has season, half.",
        ),
    ],
)
async def test_the_error_says_which_argument_and_what_would_do(
    connect: Connect, arguments: dict[str, Any], message: str
) -> None:
    params = {"name": "plan", "arguments": arguments}
    assert (await (await connect()).ask("prompts/get", params)).error["message"] == message


@covers("PR-2", "LOG-4")
async def test_a_prompt_that_breaks_is_an_internal_error(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await (await connect()).ask("prompts/get", {"name": "broken_prompt"})
    assert reply.refused == (200, -32603)
    assert "hunter2" not in str(reply.error)
    assert "hunter2" in caplog.text


@covers("PR-4", "TOOL-15")
async def test_a_prompt_that_one_may_not_use_does_not_exist(
    connect: Connect, user_token: UserToken
) -> None:
    params = {"name": "staff_prompt", "arguments": {"who": "x"}}
    staff = await connect(path="/mcp/guarded", token=await user_token("eve", is_staff=True))
    other = await connect(path="/mcp/guarded", token=await user_token("bob"))
    assert (await staff.ask("prompts/get", params)).result["messages"]
    assert (await other.ask("prompts/get", params)).error["code"] == -32602
    listed = (await other.ask("prompts/list")).result["prompts"]
    assert "staff_prompt" not in {entry["name"] for entry in listed}


@covers("PR-5", "TOOL-14")
async def test_messages_hold_what_the_revision_knows(connect: Connect, revision: str) -> None:
    result = (await (await connect()).ask("prompts/get", {"name": "illustrated"})).result
    kinds = [message["content"]["type"] for message in result["messages"]]
    link = "text" if revision < "2025-06-18" else "resource_link"
    assert kinds == ["text", "image", "audio", "resource", link]
    assert result["messages"][3]["role"] == "assistant"
