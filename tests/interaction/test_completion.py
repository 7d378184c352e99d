from __future__ import annotations

from typing import Any

import pytest

from tests.client import HTTP_REVISIONS
from tests.interaction.conftest import AnyClient, Connect, UserToken
from tests.interaction.requirements import covers

PLAN = {"type": "ref/prompt", "name": "plan"}
ITEM = {"type": "ref/resource", "uri": "note://item/{number}"}


async def completed(
    client: AnyClient, ref: Any, name: str, value: str, **params: Any
) -> dict[str, Any]:
    reply = await client.ask(
        "completion/complete", {"ref": ref, "argument": {"name": name, "value": value}, **params}
    )
    return dict(reply.result["completion"])


@covers("CMP-1", "CMP-3")
async def test_an_argument_of_a_prompt_is_completed(connect: Connect) -> None:
    completion = await completed(await connect(), PLAN, "season", "s")
    assert completion["values"] == ["spring", "summer"]
    assert completion.get("hasMore", False) is False


@covers("CMP-2", "CMP-3")
async def test_at_most_a_hundred_values_come(connect: Connect) -> None:
    completion = await completed(await connect(), ITEM, "number", "")
    assert len(completion["values"]) == 100
    assert completion["hasMore"] is True
    assert completion["total"] == 150


@covers("CMP-3")
@pytest.mark.parametrize("revision", HTTP_REVISIONS[1:])
async def test_the_other_arguments_are_at_hand(connect: Connect) -> None:
    context = {"arguments": {"half": "south"}}
    completion = await completed(await connect(), PLAN, "season", "w", context=context)
    assert completion["values"] == ["winter", "wet"]


@covers("CMP-3")
async def test_an_argument_without_suggestions_has_none(connect: Connect) -> None:
    assert (await completed(await connect(), PLAN, "half", "n"))["values"] == []


@covers("CMP-4")
@pytest.mark.parametrize(
    ("ref", "argument"),
    [
        ({"type": "ref/prompt", "name": "nope"}, {"name": "season", "value": ""}),
        ({"type": "ref/resource", "uri": "note://nowhere/{x}"}, {"name": "x", "value": ""}),
        ({"type": "ref/tool", "name": "repeat"}, {"name": "text", "value": ""}),
        (PLAN, {"name": "budget", "value": ""}),
        (ITEM, {"name": "num", "value": ""}),
        (PLAN, {"name": "season", "value": 5}),
        (PLAN, {"name": "season"}),
        (PLAN, "season"),
        ("plan", {"name": "season", "value": ""}),
    ],
)
async def test_completing_what_does_not_exist_is_an_error(
    connect: Connect, ref: Any, argument: Any
) -> None:
    reply = await (await connect()).ask("completion/complete", {"ref": ref, "argument": argument})
    assert reply.error["code"] == -32602


@covers("CMP-5")
@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("plan", "params.ref is an object whose type is ref/prompt or ref/resource."),
        ({"type": ["ref/prompt"]}, "params.ref is an object whose type is ref/prompt or"),
        ({"type": "ref/prompt", "name": "nope"}, "params.ref names 'nope', and there is no such"),
        ({"type": "ref/resource", "uri": "no:pe"}, "params.ref names 'no:pe', and there is no"),
    ],
)
async def test_the_error_says_what_the_reference_is(
    connect: Connect, ref: Any, message: str
) -> None:
    argument = {"name": "season", "value": ""}
    reply = await (await connect()).ask("completion/complete", {"ref": ref, "argument": argument})
    assert reply.error["message"].startswith(message)


@covers("CMP-5")
async def test_nothing_is_suggested_to_who_may_not_use_the_entry(
    connect: Connect, user_token: UserToken
) -> None:
    ref = {"type": "ref/prompt", "name": "staff_prompt"}
    staff = await connect(path="/mcp/guarded", token=await user_token("eve", is_staff=True))
    other = await connect(path="/mcp/guarded", token=await user_token("bob"))
    assert (await completed(staff, ref, "who", "00"))["values"]
    params = {"ref": ref, "argument": {"name": "who", "value": "00"}}
    assert (await other.ask("completion/complete", params)).error["code"] == -32602
