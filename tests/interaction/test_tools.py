from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport import Icon, tool
from mcp_transport.registry.registry import registry
from tests.apps.good.mcp import PIXEL, SOUND
from tests.client import MODERN_REVISION, text_of
from tests.interaction.conftest import AnyClient, Connect, UserToken
from tests.interaction.requirements import covers
from tests.process import takes_at_most


async def listed(client: AnyClient) -> dict[str, dict[str, Any]]:
    tools = (await client.ask("tools/list")).result["tools"]
    return {entry["name"]: entry for entry in tools}


@covers("TOOL-1")
async def test_a_server_with_tools_lists_them(connect: Connect) -> None:
    assert "repeat" in await listed(await connect())


@covers("TOOL-2")
async def test_the_order_of_a_list_does_not_change(connect: Connect) -> None:
    client = await connect()
    assert list(await listed(client)) == list(await listed(client))


@covers("TOOL-3")
@pytest.mark.parametrize("name", ["", "a b", "a/b", "é", "x" * 129])
def test_a_name_that_clients_cannot_use_cannot_be_registered(name: str) -> None:
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):

        @tool(name=name)
        def misnamed() -> None:
            """Never registered."""


@covers("TOOL-3")
def test_a_name_cannot_be_taken_twice() -> None:
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured, match="twice"):

        @tool(name="repeat")
        def other() -> None:
            """Never registered."""


@covers("TOOL-4")
async def test_arguments_are_described_as_an_object(connect: Connect) -> None:
    tools = await listed(await connect())
    for entry in tools.values():
        assert entry["inputSchema"]["type"] == "object"
    assert tools["nothing"]["inputSchema"].get("properties", {}) == {}
    assert "ctx" not in tools["greet"]["inputSchema"].get("properties", {})


@covers("TOOL-4")
async def test_a_schema_says_what_the_signature_says(connect: Connect) -> None:
    tools = await listed(await connect())
    schema = tools["repeat"]["inputSchema"]
    assert schema["properties"]["text"] == {"type": "string", "description": "What to say."}
    assert schema["required"] == ["text"]
    assert tools["repeat"]["description"].startswith("Say it again.")
    assert "In kilograms." in json.dumps(tools["quote"]["inputSchema"])


@covers("TOOL-5")
async def test_an_older_dialect_is_listed_and_validated_as_such(connect: Connect) -> None:
    client = await connect()
    schema = (await listed(client))["draft_seven"]["inputSchema"]
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert text_of((await client.call("draft_seven", {"pair": [1, "b"]})).result) == "[1, 'b']"
    wrong = (await client.call("draft_seven", {"pair": ["a", "b"]})).result
    assert wrong["isError"] is True


@covers("TOOL-6")
@pytest.mark.parametrize(
    "reference", ["https://example.com/schema.json", "http://127.0.0.1:9/x", "file:///etc/passwd"]
)
def test_a_schema_that_points_elsewhere_cannot_be_registered(reference: str) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": reference}}}
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):

        @tool(input_schema=schema)
        def pointing(a: Any) -> None:
            """Never registered."""


@covers("TOOL-7", "TOOL-15")
async def test_hostile_arguments_are_refused_quickly(connect: Connect) -> None:
    client = await connect()
    arguments = {"pair": [["x"] * 1000] * 100, **{f"extra{n}": n for n in range(2000)}}

    async def refuse() -> float:
        began_at = time.monotonic()
        reply = await client.call("draft_seven", arguments)
        assert reply.result["isError"] is True
        assert len(text_of(reply.result)) < 20_000
        return time.monotonic() - began_at

    assert await takes_at_most(2.0, refuse)


@covers("TOOL-8")
async def test_a_tool_that_returns_something_else_has_failed(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    reply = await (await connect()).call("lies")
    failed = "error" in reply.response or reply.result["isError"] is True
    assert failed
    assert "a lot" not in str(reply.response)
    assert "lies" in caplog.text


@covers("TOOL-8", "TOOL-9", "TOOL-10")
@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("quote", {"parcel": {"weight": 2}}, {"amount": 2.0, "currency": "EUR"}),
        ("primes", {"limit": 10}, [2, 3, 5, 7]),
        ("add", {"a": 2, "b": 3}, 5),
    ],
)
async def test_structured_content_has_the_form_of_the_revision(
    connect: Connect, revision: str, name: str, arguments: dict[str, Any], value: Any
) -> None:
    client = await connect()
    entry = (await listed(client))[name]
    result = (await client.call(name, arguments)).result
    assert json.loads(text_of(result)) == value
    if revision < "2025-06-18":
        assert not {"outputSchema"} & set(entry)
        assert "structuredContent" not in result
    elif revision == MODERN_REVISION or isinstance(value, dict):
        assert result["structuredContent"] == value
    else:
        assert entry["outputSchema"]["type"] == "object"
        assert result["structuredContent"] == {"result": value}


@covers("TOOL-11")
@pytest.mark.parametrize(
    "params",
    [
        {"name": "no_such_tool"},
        {"name": "repeat", "arguments": []},
        {"name": "repeat", "arguments": "text"},
        {"name": 5},
        {},
    ],
)
async def test_what_is_no_call_is_a_protocol_error(
    connect: Connect, params: dict[str, Any]
) -> None:
    assert (await (await connect()).ask("tools/call", params)).error["code"] == -32602


@covers("TOOL-12", "TOOL-15")
@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        ("repeat", {}, ["text"]),
        ("repeat", {"text": 5}, ["text"]),
        ("repeat", {"text": "x", "volume": 11, "pitch": 1}, ["volume", "pitch"]),
        ("quote", {"parcel": {"weight": -1, "speed": "warp"}}, ["weight", "speed"]),
        ("add", {"a": "one", "b": None}, ["a", "b"]),
    ],
)
async def test_wrong_arguments_are_named_to_the_model(
    connect: Connect, name: str, arguments: dict[str, Any], named: list[str]
) -> None:
    reply = await (await connect()).call(name, arguments)
    assert (reply.status, reply.result["isError"]) == (200, True)
    for argument in named:
        assert argument in text_of(reply.result)


@covers("TOOL-12")
async def test_a_tools_own_failure_is_told_to_the_model(connect: Connect) -> None:
    result = (await (await connect()).call("fails")).result
    assert (result["isError"], text_of(result)) == (True, "The shelf is empty; try tomorrow.")


@covers("TOOL-12", "LOG-4", "RES-4")
async def test_an_unforeseen_failure_is_told_without_its_reason(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    result = (await (await connect()).call("breaks")).result
    assert result["isError"] is True
    assert "hunter2" not in str(result)
    assert "hunter2" in caplog.text


@covers("TOOL-13", "TOOL-14")
async def test_content_comes_in_the_kinds_that_the_revision_knows(
    connect: Connect, revision: str
) -> None:
    content = (await (await connect()).call("media")).result["content"]
    link = "text" if revision < "2025-06-18" else "resource_link"
    assert [block["type"] for block in content] == ["text", "image", "audio", link, "resource"]
    assert base64.b64decode(content[1]["data"]) == PIXEL
    assert content[1]["mimeType"] == "image/png"
    assert base64.b64decode(content[2]["data"]) == SOUND
    assert "note://plain" in str(content[3])
    assert content[4]["resource"]["uri"] == "note://plain"


@covers("TOOL-13")
@pytest.mark.parametrize(
    ("name", "expected"),
    [("nothing", ""), ("chunks", "0 1 2 "), ("sync_chunks", "0 1 2 "), ("own_result", "by hand")],
)
async def test_a_result_always_has_content(connect: Connect, name: str, expected: str) -> None:
    result = (await (await connect()).call(name)).result
    assert isinstance(result["content"], list)
    assert text_of(result) == expected


@covers("TOOL-15", "META-3")
async def test_a_tool_that_one_may_not_use_is_answered_like_one_that_does_not_exist(
    connect: Connect, user_token: UserToken
) -> None:
    staff = await connect(path="/mcp/guarded", token=await user_token("eve", is_staff=True))
    other = await connect(path="/mcp/guarded", token=await user_token("bob"))
    assert text_of((await staff.call("staff_only")).result) == "staff"
    hidden = (await other.call("staff_only")).error
    missing = (await other.call("no_such_tool")).error
    assert hidden["code"] == missing["code"] == -32602
    assert hidden["message"].replace("staff_only", "") == missing["message"].replace(
        "no_such_tool", ""
    )


@covers("TOOL-15", "AUTH-6")
async def test_a_token_opens_only_what_its_scopes_cover(
    connect: Connect, user_token: UserToken
) -> None:
    token = await user_token("eve", is_staff=True, scopes=["tools:read"])
    client = await connect(path="/mcp/guarded", token=token)
    assert {"repeat", "staff_only"} <= set(await listed(client))
    assert "quote" not in await listed(client)
    for reply in (
        await client.call("quote", {"parcel": {"weight": 1}}),
        await client.ask("resources/read", {"uri": "note://plain"}),
    ):
        assert reply.status == 403
        assert 'error="insufficient_scope"' in reply.headers["www-authenticate"]
        assert "scope=" in reply.headers["www-authenticate"]


@covers("TOOL-16")
async def test_only_the_hints_that_were_given_are_sent(connect: Connect) -> None:
    tools = await listed(await connect())
    assert tools["repeat"]["annotations"] == {"readOnlyHint": True, "idempotentHint": True}
    assert tools["quote"]["annotations"] == {"destructiveHint": False, "openWorldHint": False}
    assert not tools["add"].get("annotations")


@covers("TOOL-17")
async def test_titles_and_icons_are_sent_where_they_exist(connect: Connect, revision: str) -> None:
    entry = (await listed(await connect()))["repeat"]
    assert entry.get("title") == (None if revision < "2025-06-18" else "Repeat")
    assert ("icons" in entry) is (revision >= "2025-11-25")


@covers("TOOL-17", "SEC-5")
@pytest.mark.parametrize("source", ["javascript:alert(1)", "file:///etc/passwd", "icon.png"])
def test_an_icon_comes_from_the_web_or_carries_its_data(source: str) -> None:
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):

        @tool(icons=(Icon(src=source),))
        def pretty() -> None:
            """Never registered."""
