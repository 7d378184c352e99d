"""Tests of mcp_transport.sources.remote.session: what passes between a site and a server, and how."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from mcp_transport.sources.remote import session as session_module
from mcp_transport.testing import ToolFailed
from tests.sources.remote.conftest import ERAS, LIMIT, Sited, here, keeper, until
from tests.sources.remote.scripted import NAME, Got, Scripted, text

CALL = "tools/call"


def of_call(act: Any) -> Any:
    """Do something about calls, and leave all else to the script."""

    async def acting(got: Got) -> bool:
        if got.rpc != CALL:
            return False
        await act(got)
        return True

    return acting


@pytest.mark.parametrize("era", ["2025-03-26", *ERAS])
async def test_a_server_is_spoken_to_in_its_era(sited: Sited, scripted: Scripted, era: str) -> None:
    scripted.era = era
    async with sited(far=here(scripted.url)) as site:
        assert (await site.client("open").call("far_echo", text="hello")).text == "hello"
    assert scripted.got[0].rpc == "server/discover"
    sent = scripted.calls()[0]
    assert sent.headers["mcp-protocol-version"] == era
    is_modern = era == "2026-07-28"
    assert ("mcp-session-id" in sent.headers) == (not is_modern)
    assert (sent.headers.get("mcp-name") == "echo") == is_modern
    assert scripted.sessions == set()  # what was begun was ended


async def test_a_session_begins_before_anything_is_asked(sited: Sited, scripted: Scripted) -> None:
    scripted.era = "2025-11-25"
    async with sited(far=here(scripted.url)):
        pass
    said = [got.rpc for got in scripted.got if got.method == "POST"]
    assert said[:4] == ["server/discover", "initialize", "notifications/initialized", "tools/list"]


async def test_marked_arguments_are_repeated_in_headers(sited: Sited, scripted: Scripted) -> None:
    async def listing(got: Got) -> bool:
        if got.rpc != "tools/list":
            return False
        schema = {"type": "string", "x-mcp-header": "Region"}
        found = {"type": "object", "properties": {"region": schema}}
        await got.result({"tools": [{"name": "räume", "inputSchema": found}]})
        return True

    scripted.act = listing
    async with sited(far=here(scripted.url, names={"räume": "rooms"})) as site:
        client = site.client("open", revision="2025-11-25")
        await client.try_call("rooms", {"region": "Süd"})
    headers = scripted.calls()[0].headers
    assert headers["mcp-param-region"] == f"=?base64?{base64.b64encode('Süd'.encode()).decode()}?="
    assert headers["mcp-name"] == f"=?base64?{base64.b64encode('räume'.encode()).decode()}?="


@pytest.mark.parametrize("era", ERAS)
async def test_nothing_of_the_caller_leaves(
    sited: Sited, scripted: Scripted, users: list[Any], era: str
) -> None:
    scripted.era = era
    options = here(scripted.url, auth={"bearer": "of-the-site"}, headers={"X-Key": "another"})
    async with sited(far=options) as site:
        client = site.client("open", user=users[0])
        await client.call("far_echo", text="hello")
        await client.read("note://one")
    for got in scripted.got:
        assert got.headers["authorization"] == "Bearer of-the-site"
        assert got.headers["x-key"] == "another"
        seen = f"{got.headers} {got.body.decode()}"
        assert not any(word in seen for word in ("guest-", "ada", "cookie"))


@pytest.mark.parametrize("era", ERAS)
async def test_credentials_that_are_repeated_are_hidden(
    sited: Sited, scripted: Scripted, era: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "mcp_transport")

    async def echo(got: Got) -> None:
        said = {"jsonrpc": "2.0", "id": got.message["id"], "result": text(str(got.headers))}
        await got.stream()
        escaped = json.dumps(said).replace("/token", "\\/token").encode()
        await got.piece(b"data: " + escaped + b"\n\n", is_last=True)

    scripted.era, scripted.act = era, of_call(echo)
    options = here(scripted.url, auth={"bearer": "s3cret/token"}, headers={"X-Key": 's3cret-"key'})
    async with sited(far=options) as site:
        outcome = await site.client("open").call("far_echo")
    assert "[hidden]" in outcome.text
    assert "s3cret" not in outcome.text + caplog.text


async def test_a_session_that_was_forgotten_is_begun_anew_and_nothing_asked_twice(
    sited: Sited, scripted: Scripted
) -> None:
    scripted.era = "2025-11-25"
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open")
        await client.call("far_echo", text="one")
        scripted.sessions.clear()
        calls = (client.call("far_echo", text=f"{number}") for number in range(20))
        said = [outcome.text for outcome in await asyncio.gather(*calls)]
        assert said == [f"{number}" for number in range(20)]
        served = [got for got in scripted.calls() if got.headers["mcp-session-id"] != "s-1"]
        assert len(served) == 20


async def test_a_stream_that_breaks_off_is_taken_up_where_it_was(
    sited: Sited, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "RETRY_AFTER", 0.01)
    asked: list[Got] = []

    async def act(got: Got) -> bool:
        if got.rpc == CALL:
            asked.append(got)
            progress = {"progressToken": got.message["id"], "progress": 1}
            told = {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress}
            await got.stream(told, ids=True)
            await got.piece(b'data: {"jsonrpc": "2.0", "ha', is_last=True)
            return True
        if "last-event-id" in got.headers:
            assert got.headers["last-event-id"] == "e-0"
            said = {"jsonrpc": "2.0", "id": asked[0].message["id"], "result": text("whole")}
            await got.stream(said, is_last=True)
            return True
        return False

    scripted.era, scripted.act = "2025-11-25", act
    async with sited(far=here(scripted.url)) as site:
        outcome = await site.client("open").call("far_wait")
    assert outcome.text == "whole"
    assert len(outcome.progress) == 1
    assert len(asked) == 1


@pytest.mark.parametrize("era", ERAS)
async def test_who_leaves_cancels_the_call_of_the_server(
    sited: Sited, scripted: Scripted, users: list[Any], era: str
) -> None:
    async def hang(got: Got) -> None:
        await got.stream()
        await got.gone.wait()

    scripted.era, scripted.act = era, of_call(hang)
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open", user=users[0])
        wire = await client.connect()
        params = {"name": "far_wait", "arguments": {}}
        exchange = await wire.open(CALL, params, meta={"progressToken": "t"})
        await until(scripted.calls)
        await exchange.disconnect()
        async with asyncio.timeout(LIMIT):
            await scripted.calls()[0].gone.wait()
        if era == "2025-11-25":
            await until(lambda: scripted.calls("notifications/cancelled"))
            (told,) = scripted.calls("notifications/cancelled")
            assert told.message["params"]["requestId"] == scripted.calls()[0].message["id"]


@pytest.mark.parametrize("revision", ERAS)
async def test_a_question_on_the_way_is_answered_by_the_client(
    sited: Sited, scripted: Scripted, revision: str
) -> None:
    async def ask(got: Got) -> None:
        asked = {"message": "Who?", "requestedSchema": NAME}
        question = {"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": asked}
        await got.stream(question)
        answering = asyncio.create_task(scripted.answers.get())
        leaving = asyncio.create_task(got.gone.wait())
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            answer = str(answering.result())
            await got.event({"jsonrpc": "2.0", "id": got.message["id"], "result": text(answer)})
        answering.cancel()
        leaving.cancel()

    scripted.era, scripted.act = "2025-11-25", of_call(ask)
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open", revision=revision)
        client.answer(elicitation={"name": "Ada"})
        assert "Ada" in (await client.call("far_ask")).text


async def test_one_that_is_stateless_asks_with_its_result_alone(
    sited: Sited, scripted: Scripted
) -> None:
    async def ask(got: Got) -> None:
        params = got.message["params"]
        if "inputResponses" in params:
            await got.result(text(f"{params['inputResponses']} {params['requestState']}"))
            return
        asked = {"message": "Who?", "requestedSchema": NAME}
        question = {"method": "elicitation/create", "params": asked}
        unasked = {"jsonrpc": "2.0", "id": 7, **question}
        result = {
            "resultType": "input_required",
            "inputRequests": {"who": question},
            "requestState": "a state",
        }
        said = {"jsonrpc": "2.0", "id": got.message["id"], "result": result}
        await got.stream(unasked, said, is_last=True)

    scripted.act = of_call(ask)
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open", revision="2025-11-25")
        client.answer(elicitation={"name": "Ada"})
        said = (await client.call("far_ask")).text
        assert "Ada" in said
        assert "a state" in said
        assert len(client.asked) == 1
    assert scripted.answers.empty()


async def test_answers_of_other_calls_are_not_taken(sited: Sited, scripted: Scripted) -> None:
    first: list[Got] = []

    async def act(got: Got) -> None:
        if not first:
            first.append(got)
            await got.gone.wait()
            return
        stolen = {"jsonrpc": "2.0", "id": first[0].message["id"], "result": text("stolen")}
        own = {"jsonrpc": "2.0", "id": got.message["id"], "result": text("own")}
        await got.stream(stolen, own, is_last=True)

    scripted.act = of_call(act)
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open")
        waiting = asyncio.create_task(client.call("far_wait"))
        await until(lambda: first)
        assert (await client.call("far_echo")).text == "own"
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])


async def test_a_session_may_be_forgotten_in_plain_words(sited: Sited, scripted: Scripted) -> None:
    async def forget(got: Got) -> bool:
        if got.rpc != CALL or got.headers["mcp-session-id"] != "s-1":
            return False
        await got.reply(b"Bad Request: No valid session ID provided", 400)
        return True

    scripted.era, scripted.act = "2025-11-25", forget
    async with sited(far=here(scripted.url)) as site:
        assert (await site.client("open").call("far_echo", text="on")).text == "on"
    assert [got.headers["mcp-session-id"] for got in scripted.calls()] == ["s-1", "s-2"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_server_that_becomes_another_is_spoken_to_as_that(
    sited: Sited, scripted: Scripted, era: str
) -> None:
    scripted.era = era
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open")
        await client.call("far_echo", text="one")
        scripted.era = next(other for other in ERAS if other != era)
        scripted.sessions.clear()
        said = [await client.try_call("far_echo", {"text": "two"}) for _ in range(3)]
        assert said[-1].text == "two"


@pytest.mark.parametrize("per", ["process", "principal"])
async def test_who_shares_a_session_is_said_by_the_settings(
    sited: Sited, scripted: Scripted, users: list[Any], per: str
) -> None:
    scripted.era = "2025-11-25"
    async with sited(far=here(scripted.url, per=per)) as site:
        for user in (users[0], users[1], users[0]):
            await site.client("open", user=user).call("far_echo", text="hello")
    ids = [got.headers["mcp-session-id"] for got in scripted.calls()]
    assert ids[0] == ids[2]
    assert (ids[0] == ids[1]) == (per == "process")


async def test_what_a_server_calls_an_error_is_one(sited: Sited, scripted: Scripted) -> None:
    async def refuse(got: Got) -> None:
        await got.error(-32000, "There is none left.", 400)

    scripted.act = of_call(refuse)
    async with sited(far=here(scripted.url)) as site:
        with pytest.raises(ToolFailed, match=r"^There is none left\.$"):
            await site.client("open").call("far_echo")
        assert keeper().way.breaker.wait == 0
