from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.apps.good.probe import Probe
from tests.client import ModernClient, text_of
from tests.interaction.conftest import Configure, ConnectModern, UserToken
from tests.interaction.requirements import covers

Json = dict[str, Any]
GREET = {"name": "greet", "arguments": {}}
ABLE: Json = {"elicitation": {}, "sampling": {}, "roots": {}}
ACCEPTED = {"action": "accept", "content": {"name": "Ada"}}
METHODS = {"elicitation/create", "sampling/createMessage", "roots/list"}
ANSWERS: dict[str, Json] = {
    "elicitation/create": ACCEPTED,
    "sampling/createMessage": {
        "role": "assistant",
        "content": {"type": "text", "text": "A poem."},
        "model": "m",
    },
    "roots/list": {"roots": [{"uri": "file:///home"}]},
}


async def asked(client: ModernClient, params: Json, method: str = "tools/call") -> Json:
    """The result of a first round, which has to be a question."""
    result = (await client.ask(method, params)).result
    assert result["resultType"] == "input_required"
    return result


def retried(params: Json, result: Json, answer: Json = ACCEPTED) -> Json:
    """The parameters of the next round."""
    responses = dict.fromkeys(result["inputRequests"], answer)
    return {**params, "inputResponses": responses, "requestState": result["requestState"]}


@covers("MRTR-1", "MRTR-3", "MRTR-4", "SSE-2")
async def test_a_question_is_a_result(modern: ConnectModern) -> None:
    reply = await modern(capabilities=ABLE).ask("tools/call", GREET)
    assert not reply.is_stream
    (question,) = reply.result["inputRequests"].values()
    assert question["method"] == "elicitation/create"
    assert question["params"]["message"] == "What is your name?"
    assert "id" not in question


@covers("MRTR-2")
@pytest.mark.parametrize(
    ("method", "params", "expected"),
    [
        ("tools/call", GREET, "Hello, Ada!"),
        ("resources/read", {"uri": "note://personal"}, "for Ada"),
        ("prompts/get", {"name": "personal_prompt"}, "Write to Ada."),
    ],
)
async def test_calls_reads_and_prompts_may_ask(
    modern: ConnectModern, method: str, params: Json, expected: str
) -> None:
    client = modern(capabilities=ABLE)
    first = await asked(client, params, method)
    result = (await client.ask(method, retried(params, first))).result
    assert result["resultType"] == "complete"
    assert expected in str(result)


@covers("MRTR-2")
@pytest.mark.parametrize("method", ["tools/list", "prompts/list", "server/discover"])
async def test_nothing_else_asks(modern: ConnectModern, method: str) -> None:
    reply = await modern(capabilities=ABLE).ask(method)
    assert reply.result["resultType"] == "complete"


@covers("MRTR-4", "MRTR-6", "SA-3")
async def test_several_questions_come_at_once(modern: ConnectModern) -> None:
    client = modern(capabilities=ABLE, answer=lambda method, _params: ANSWERS[method])
    first = await asked(client, {"name": "ask_everything", "arguments": {}})
    methods = {question["method"] for question in first["inputRequests"].values()}
    assert (methods, len(first["inputRequests"])) == (METHODS, 3)
    assert text_of((await client.call("ask_everything")).result) == "name, poem, roots"


async def test_every_question_comes_with_its_requests(modern: ConnectModern) -> None:
    client = modern(capabilities=ABLE)
    for name in ("greet", "greet_in_thread", "interview", "visit", "locate", "ask_everything"):
        able = {**ABLE, "elicitation": {"form": {}, "url": {}}}
        client.capabilities = able
        assert (await asked(client, {"name": name, "arguments": {}}))["inputRequests"]


@covers("MRTR-5", "META-7", "EL-2")
@pytest.mark.parametrize(
    ("tool", "capabilities", "missing"),
    [
        ("greet", {}, {"elicitation": {}}),
        ("greet", {"sampling": {}}, {"elicitation": {}}),
        ("greet", {"elicitation": {"url": {}}}, {"elicitation": {"form": {}}}),
        ("locate", {"elicitation": {}}, {"roots": {}}),
        ("visit", {"elicitation": {}}, {"elicitation": {"url": {}}}),
        ("needs_sampling", {"roots": {}}, {"sampling": {}}),
    ],
)
async def test_nobody_is_asked_what_they_did_not_declare(
    modern: ConnectModern, tool: str, capabilities: Json, missing: Json
) -> None:
    reply = await modern(capabilities=capabilities).call(tool)
    assert reply.refused == (400, -32021)
    required = reply.error["data"]["requiredCapabilities"]
    assert set(required) == set(missing)
    for name, modes in missing.items():
        assert set(required[name]) >= set(modes)


@covers("MRTR-5", "EL-2")
@pytest.mark.parametrize("capabilities", [{"elicitation": {}}, {"elicitation": {"form": {}}}])
async def test_an_empty_declaration_means_forms(modern: ConnectModern, capabilities: Json) -> None:
    await asked(modern(capabilities=capabilities), GREET)


@covers("MRTR-6", "META-5", "META-6")
async def test_the_answer_continues_what_another_client_object_began(
    modern: ConnectModern, probe: Probe
) -> None:
    params = {"name": "interview", "arguments": {}}
    first = await asked(modern(capabilities=ABLE), params)
    second = await asked(modern(capabilities=ABLE), retried(params, first))
    assert second["requestState"] != first["requestState"]
    assert "Ada" in str(second["inputRequests"])
    third = retried(params, second, {"action": "accept", "content": {"name": "Bob"}})
    result = (await modern(capabilities=ABLE).ask("tools/call", third)).result
    assert text_of(result) == "Ada and Bob, 0"
    assert probe.seen == [0, 0, 0]  # what was remembered is the same in every round


@covers("MRTR-7", "TOOL-18")
@pytest.mark.parametrize(
    "tamper",
    [
        lambda state: state + "-TAMPERED",
        lambda state: state[:-1],
        lambda state: "x" + state[1:],
        lambda state: "",
        lambda state: "e30",
        lambda state: 7,
    ],
)
async def test_state_that_was_tampered_with_is_refused(
    modern: ConnectModern, tamper: Callable[[str], Any]
) -> None:
    client = modern(capabilities=ABLE)
    params = retried(GREET, await asked(client, GREET))
    params["requestState"] = tamper(params["requestState"])
    assert (await client.ask("tools/call", params)).error["code"] == -32602


@covers("MRTR-8", "TOOL-18", "META-5")
async def test_state_holds_for_the_request_it_was_made_for(modern: ConnectModern) -> None:
    client = modern(capabilities=ABLE)
    result = await asked(client, GREET)
    for other in (
        {"name": "greet_in_thread", "arguments": {}},
        {"name": "greet", "arguments": {"x": 1}},
    ):
        reply = await client.ask("tools/call", retried(other, result))
        assert reply.error["code"] == -32602


@covers("MRTR-8", "SEC-2")
async def test_state_holds_for_its_user_only(modern: ConnectModern, user_token: UserToken) -> None:
    path = "/mcp/guarded"
    ada = modern(path=path, token=await user_token("ada"), capabilities=ABLE)
    bob = modern(path=path, token=await user_token("bob"), capabilities=ABLE)
    params = retried(GREET, await asked(ada, GREET))
    assert (await bob.ask("tools/call", params)).error["code"] == -32602
    assert text_of((await ada.ask("tools/call", params)).result) == "Hello, Ada!"


@covers("MRTR-8")
async def test_state_expires(modern: ConnectModern, configure: Configure) -> None:
    await configure(MCP_REQUEST_STATE_LIFETIME=-1)
    client = modern(capabilities=ABLE)
    params = retried(GREET, await asked(client, GREET))
    assert (await client.ask("tools/call", params)).error["code"] == -32602


async def test_a_state_may_be_used_again_while_it_lasts(modern: ConnectModern) -> None:
    client = modern(capabilities=ABLE)
    params = retried(GREET, await asked(client, GREET))
    for _ in range(2):
        assert text_of((await client.ask("tools/call", params)).result) == "Hello, Ada!"


@covers("MRTR-10", "MRTR-11")
@pytest.mark.parametrize(
    "responses",
    [{}, {"wrong_key": ACCEPTED}, None],
)
async def test_what_was_not_answered_is_asked_again(
    modern: ConnectModern, responses: Json | None
) -> None:
    client = modern(capabilities=ABLE)
    result = await asked(client, GREET)
    params = {**retried(GREET, result), "inputResponses": responses}
    again = await asked(client, params)
    assert set(again["inputRequests"]) == set(result["inputRequests"])


@covers("MRTR-11")
async def test_answers_that_nobody_asked_for_are_ignored(modern: ConnectModern) -> None:
    client = modern(capabilities=ABLE)
    params = retried(GREET, await asked(client, GREET))
    params["inputResponses"]["unknown"] = {"action": "accept", "content": {"name": "Eve"}}
    assert text_of((await client.ask("tools/call", params)).result) == "Hello, Ada!"


@covers("MRTR-11", "EL-8")
@pytest.mark.parametrize(
    "answer",
    [
        12345,
        "Ada",
        [],
        {},
        {"action": "maybe"},
        {"action": "accept"},
        {"action": "accept", "content": {"name": 5}},
        {"action": "accept", "content": {"nickname": "Ada"}},
    ],
)
async def test_malformed_answers_complete_nothing(modern: ConnectModern, answer: Any) -> None:
    client = modern(capabilities=ABLE)
    params = retried(GREET, await asked(client, GREET), answer)
    response = (await client.ask("tools/call", params)).response
    assert "error" in response or response["result"]["resultType"] == "input_required"


@covers("MRTR-12")
async def test_nothing_waits_for_an_answer(modern: ConnectModern, probe: Probe) -> None:
    client = modern(capabilities=ABLE)
    reply = await client.ask("tools/call", GREET)
    assert reply.result["resultType"] == "input_required"
    assert probe.seen == ["asked"]


@covers("MRTR-13", "CACHE-1")
async def test_a_result_that_asks_has_no_cache_hints(modern: ConnectModern) -> None:
    client = modern(capabilities=ABLE)
    params = {"uri": "note://personal"}
    first = await asked(client, params, "resources/read")
    assert not {"ttlMs", "cacheScope"} & set(first)
    result = (await client.ask("resources/read", retried(params, first))).result
    assert (result["ttlMs"], result["cacheScope"]) == (0, "private")


@covers("MRTR-15", "EL-8")
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_a_user_who_says_no_gets_a_sensible_result(
    modern: ConnectModern, action: str
) -> None:
    client = modern(capabilities=ABLE, answer=lambda _method, _params: {"action": action})
    assert text_of((await client.call("greet")).result) == f"You said {action}."
