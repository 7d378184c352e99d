from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.client import (
    ELICITING_REVISIONS,
    HTTP_REVISIONS,
    MODERN_REVISION,
    AnswerCallback,
    text_of,
)
from tests.interaction.conftest import AnyClient, Connect, ConnectLegacy, UserToken
from tests.interaction.requirements import covers

Json = dict[str, Any]
LINK_REVISIONS = ("2025-11-25", MODERN_REVISION)
FORMS: Json = {"elicitation": {}}
LINKS: Json = {"elicitation": {"form": {}, "url": {}}}
SAMPLE = {"role": "assistant", "content": {"type": "text", "text": "A poem."}, "model": "m"}


def always(result: Json, asked: list[Json] | None = None) -> AnswerCallback:
    """Give the same answer to everything, and keep what was asked."""

    def answer(method: str, params: Json) -> Json:
        if asked is not None:
            asked.append({"method": method, **params})
        return result

    return answer


def refused(reply: Any) -> bool:
    """Whether a call came to nothing, in either of the ways in which it can."""
    return "error" in reply.response or reply.result["isError"] is True


@covers("EL-1")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
async def test_no_form_asks_for_a_secret(connect: Connect) -> None:
    client = await connect(capabilities=FORMS)  # answering would fail the test
    assert refused(await client.call("ask_secret"))
    assert refused(await client.call("ask_by_hand"))


@covers("EL-3")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
async def test_a_form_is_flat(connect: Connect) -> None:
    client = await connect(capabilities=FORMS)
    assert refused(await client.call("ask_nested"))


@covers("EL-3", "EL-8")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
async def test_a_form_says_what_it_wants(connect: Connect) -> None:
    asked: list[Json] = []
    answer = always({"action": "accept", "content": {"name": "Ada"}}, asked)
    await (await connect(capabilities=FORMS, answer=answer)).call("greet")
    schema = asked[0]["requestedSchema"]
    assert schema["type"] == "object"
    assert schema["properties"]["name"]["type"] == "string"
    assert schema["required"] == ["name"]


@covers("EL-3")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
async def test_a_choice_is_offered_in_the_words_of_the_revision(connect: Connect) -> None:
    asked: list[Json] = []
    answer = always({"action": "accept", "content": {"size": "l"}}, asked)
    client = await connect(capabilities=FORMS, answer=answer)
    assert text_of((await client.call("choose", {"several": False})).result) == "l"
    field = asked[0]["requestedSchema"]["properties"]["size"]
    if client.revision == "2025-06-18":
        assert (field["enum"], field["enumNames"]) == (["s", "l"], ["Small", "Large"])
        assert "oneOf" not in field
    else:
        assert field["oneOf"][1] == {"const": "l", "title": "Large"}


@covers("EL-3")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
async def test_several_are_only_offered_where_they_can_be_chosen(connect: Connect) -> None:
    answer = always({"action": "accept", "content": {"size": ["s", "l"]}})
    client = await connect(capabilities=FORMS, answer=answer)
    reply = await client.call("choose", {"several": True})
    if client.revision == "2025-06-18":
        assert "cannot show this" in text_of(reply.result)
    else:
        assert text_of(reply.result) == "['s', 'l']"


@covers("EL-8")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
@pytest.mark.parametrize("action", ["decline", "cancel"])
async def test_no_and_silence_are_told_apart(connect: Connect, action: str) -> None:
    client = await connect(capabilities=FORMS, answer=always({"action": action}))
    assert text_of((await client.call("greet")).result) == f"You said {action}."


@covers("EL-8")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS[:-1])
async def test_what_was_filled_in_is_checked(connect: Connect) -> None:
    answer = always({"action": "accept", "content": {"name": 5}})
    assert refused(await (await connect(capabilities=FORMS, answer=answer)).call("greet"))


@covers("EL-4", "EL-5")
@pytest.mark.parametrize("revision", LINK_REVISIONS)
async def test_a_link_has_an_id_only_in_a_session(connect: Connect, revision: str) -> None:
    asked: list[Json] = []
    client = await connect(capabilities=LINKS, answer=always({"action": "accept"}, asked))
    assert text_of((await client.call("visit")).result) == "accept"
    assert asked[0]["mode"] == "url"
    assert asked[0]["url"] == "https://example.com/connect"
    assert asked[0]["message"] == "Please connect your account."
    assert ("elicitationId" in asked[0]) is (revision != MODERN_REVISION)


@covers("EL-4")
@pytest.mark.parametrize("revision", LINK_REVISIONS)
@pytest.mark.parametrize("link", ["javascript:alert(1)", "not a url", "/relative", ""])
async def test_a_link_is_a_valid_url(connect: Connect, link: str) -> None:
    client = await connect(capabilities=LINKS)
    assert refused(await client.call("visit", {"link": link}))


@covers("EL-2", "SRV-2")
@pytest.mark.parametrize(
    ("tool", "capabilities"),
    [
        ("greet", {}),
        ("greet_in_thread", {}),
        ("compose", {"elicitation": {}}),
        ("locate", {}),
        ("visit", FORMS),
        ("visit", {"elicitation": {"form": {}}}),
    ],
)
async def test_a_session_is_not_asked_what_it_did_not_declare(
    connect_legacy: ConnectLegacy, tool: str, capabilities: Json
) -> None:
    arguments = {"words": "x"} if tool == "compose" else {}
    client = await connect_legacy(capabilities=capabilities)
    assert refused(await client.call(tool, arguments))


@covers("EL-9", "SEC-3", "LH-14")
@pytest.mark.parametrize("legacy_revision", ELICITING_REVISIONS[:-1])
async def test_an_answer_counts_only_from_the_sessions_owner(
    connect_legacy: ConnectLegacy, user_token: UserToken
) -> None:
    path = "/mcp/guarded"
    ada = await connect_legacy(path=path, token=await user_token("ada"), capabilities=FORMS)
    eve = await connect_legacy(path=path, token=await user_token("eve"), capabilities=FORMS)
    exchange = await ada.open("tools/call", {"name": "greet", "arguments": {}})
    stream = await ada.stream_of(exchange)
    question = await stream.message()
    assert question is not None
    forged = {"action": "accept", "content": {"name": "Eve"}}
    await eve.respond(question, forged)  # her own session: nobody asked there
    eve.session_id = ada.session_id
    assert (await eve.respond(question, forged)).status == 404
    accepted = await ada.respond(question, {"action": "accept", "content": {"name": "Ada"}})
    assert accepted.status == 202
    answer = await stream.message()
    assert answer is not None
    assert text_of(answer["result"]) == "Hello, Ada!"


@covers("SRV-1", "SRV-3", "LH-2", "LH-4")
async def test_a_question_rides_on_the_stream_of_its_own_call(
    connect_legacy: ConnectLegacy,
) -> None:
    client = await connect_legacy(capabilities={"sampling": {}}, answer=always(SAMPLE))
    standalone = await client.listen()
    reply = await client.call("compose", {"words": "Write."})
    assert [request["method"] for request in reply.requests] == ["sampling/createMessage"]
    assert text_of(reply.result) == "A poem."
    await client.call("announce", {"kind": "tools"})
    await standalone.expect("notifications/tools/list_changed")
    await standalone.close()


@covers("SRV-1")
async def test_a_client_that_answers_with_an_error_is_heard(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy(capabilities={"sampling": {}})
    exchange = await client.open("tools/call", {"name": "compose", "arguments": {"words": "x"}})
    stream = await client.stream_of(exchange)
    question = await stream.message()
    assert question is not None
    error = {"code": -1, "message": "User rejected sampling request"}
    message = {"jsonrpc": "2.0", "id": question["id"], "error": error}
    accepted = await client.post(message, client.headers())
    assert accepted.status == 202
    answer = await stream.message()
    assert answer is not None
    assert "error" in answer or answer["result"]["isError"] is True


@covers("SRV-1")
@pytest.mark.parametrize("question", ["nobody", "nobody.1", "\x00.1", "x" * 900 + ".1", 7])
async def test_an_answer_that_nobody_waits_for_is_accepted(
    connect_legacy: ConnectLegacy, question: Any
) -> None:
    client = await connect_legacy()
    accepted = await client.respond({"id": question}, {})
    assert accepted.status == 202


@covers("SA-3", "SA-2", "SA-1")
@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_the_clients_model_is_asked_with_a_limit(connect: Connect) -> None:
    asked: list[Json] = []
    client = await connect(capabilities={"sampling": {}}, answer=always(SAMPLE, asked))
    assert text_of((await client.call("compose", {"words": "Write."})).result) == "A poem."
    assert asked[0]["maxTokens"] == 50
    assert asked[0]["systemPrompt"] == "Be short."
    text = {"type": "text", "text": "Write."}
    assert asked[0]["messages"] == [{"role": "user", "content": text}]


@covers("SA-1")
@pytest.mark.parametrize("revision", LINK_REVISIONS)
async def test_tools_are_not_offered_to_a_model_that_takes_none(connect: Connect) -> None:
    client = await connect(capabilities={"sampling": {}})
    assert refused(await client.call("compose_with_tools"))


@covers("SA-1", "SA-2")
@pytest.mark.parametrize("revision", LINK_REVISIONS)
async def test_a_model_that_takes_tools_gets_uses_and_results_paired(connect: Connect) -> None:
    asked: list[Json] = []
    able: Json = {"sampling": {"tools": {}}}
    client = await connect(capabilities=able, answer=always(SAMPLE, asked))
    assert text_of((await client.call("compose_with_tools")).result) == "A poem."
    use, result = (message["content"][0] for message in asked[0]["messages"][1:])
    assert use["id"] == result["toolUseId"]
    assert asked[0]["tools"][0]["name"] == "add"


@covers("RT-1")
@pytest.mark.parametrize("revision", HTTP_REVISIONS)
async def test_roots_are_asked_for(connect: Connect) -> None:
    roots = {"roots": [{"uri": "file:///home", "name": "Home"}, {"uri": "file:///srv"}]}
    client = await connect(capabilities={"roots": {}}, answer=always(roots))
    assert text_of((await client.call("locate")).result) == "file:///home, file:///srv"


@covers("RT-1")
async def test_news_of_changed_roots_is_accepted(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy(capabilities={"roots": {"listChanged": True}})
    accepted = await client.notify("notifications/roots/list_changed")
    assert accepted.status == 202


@covers("EL-8", "SRV-1")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS)
@pytest.mark.inside
async def test_a_tool_may_ask_twice(connect: Connect) -> None:
    names = iter(["Ada", "Bob", "Ada", "Bob"])

    def answer(method: str, params: Json) -> Json:
        return {"action": "accept", "content": {"name": next(names)}}

    client: AnyClient = await connect(capabilities=FORMS, answer=answer)
    assert text_of((await client.call("interview")).result) == "Ada and Bob, 0"


@covers("SRV-1", "SSE-7")
@pytest.mark.parametrize("revision", ELICITING_REVISIONS[:-1])
async def test_questions_of_calls_at_the_same_time_are_kept_apart(connect: Connect) -> None:
    answer = always({"action": "accept", "content": {"name": "Ada"}})
    client = await connect(capabilities=FORMS, answer=answer)
    replies = await asyncio.gather(*(client.call("greet") for _ in range(3)))
    assert {text_of(reply.result) for reply in replies} == {"Hello, Ada!"}
