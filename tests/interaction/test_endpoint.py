from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.testing.asgi import Http
from tests.client import MODERN_REVISION, encode
from tests.interaction.conftest import OPEN, Configure, Connect, ConnectLegacy, ConnectModern
from tests.interaction.requirements import covers

BASE = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
}
MODERN_HEADERS = {**BASE, "mcp-protocol-version": MODERN_REVISION}


async def post(http: Http, body: bytes, **headers: str | None) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    exchange = await http.open("POST", OPEN, headers={**BASE, **named}, body=body)
    answer = await exchange.read()
    return exchange.status, json.loads(answer) if answer else None


@covers("HTTP-2", "HTTP-3", "SEC-6")
@pytest.mark.parametrize("name", ["origin", "host"])
async def test_a_page_from_elsewhere_is_refused(connect: Connect, name: str) -> None:
    value = {"origin": "http://evil.example", "host": "evil.example"}[name]
    client = await connect()
    reply = await client.ask("tools/list", headers={name: value})
    assert reply.status == 403


@covers("HTTP-3", "HTTP-18")
async def test_that_refusal_has_no_id_because_the_body_was_not_read(
    modern: ConnectModern,
) -> None:
    reply = await modern().ask("tools/list", headers={"origin": "http://evil.example"})
    assert "id" not in reply.response


@covers("HTTP-2", "HTTP-4")
@pytest.mark.parametrize("origin", [None, "http://testserver", "http://localhost:3000"])
async def test_the_site_itself_and_clients_without_origin_are_let_in(
    modern: ConnectModern, configure: Configure, origin: str | None
) -> None:
    await configure(MCP_ALLOWED_ORIGINS=["http://localhost:3000"])
    assert (await modern().ask("tools/list", headers={"origin": origin})).status == 200


@covers("HTTP-2", "HTTP-3")
@pytest.mark.parametrize("origin", ["null", "http://testserver.evil.example", "file://", ""])
async def test_an_origin_that_only_looks_right_is_refused(
    modern: ConnectModern, origin: str
) -> None:
    assert (await modern().ask("tools/list", headers={"origin": origin})).status == 403


@covers("HTTP-7", "RPC-3")
async def test_a_request_is_answered_with_one_json_object(connect: Connect) -> None:
    reply = await (await connect()).ask("tools/list")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.response["jsonrpc"] == "2.0"


@covers("HTTP-8", "RPC-4", "LC-5")
async def test_a_notification_is_accepted_with_nothing(connect_legacy: ConnectLegacy) -> None:
    client = await connect_legacy()
    message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    exchange = await client.post(message, client.headers())
    assert (exchange.status, await exchange.read()) == (202, b"")
    assert exchange.headers.get("content-length", "0") == "0"


@covers("HTTP-9")
async def test_a_notification_that_cannot_be_taken_is_refused(http: Http) -> None:
    body = encode({"jsonrpc": "2.0", "method": "notifications/initialized"})
    status, answer = await post(http, body, mcp_protocol_version="v999")
    assert status == 400
    assert "id" not in answer


@covers("HTTP-10")
@pytest.mark.parametrize(
    "body",
    [
        [{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}],
        {"jsonrpc": "2.0", "id": 1, "result": {}},
    ],
)
async def test_a_modern_body_is_neither_list_nor_answer(http: Http, body: Any) -> None:
    status, answer = await post(http, encode(body), mcp_protocol_version=MODERN_REVISION)
    assert (status, answer["error"]["code"]) == (400, -32600)


@covers("HTTP-12", "CAN-4")
@pytest.mark.parametrize("params", [None, {"requestId": "unknown"}, {"requestId": []}])
async def test_a_stray_modern_notification_is_dropped(http: Http, params: Any) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
    if params is not None:
        message["params"] = params
    status, answer = await post(http, encode(message), mcp_protocol_version=MODERN_REVISION)
    assert (status, answer) == (202, None)


@covers("HTTP-13", "HTTP-14", "HTTP-18")
@pytest.mark.parametrize("body", [b"{bad", b"", b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100])
async def test_what_is_no_json_is_a_parse_error_without_id(http: Http, body: bytes) -> None:
    status, answer = await post(http, body)
    assert (status, answer["error"]["code"]) == (400, -32700)
    assert "id" not in answer


@covers("HTTP-14", "RPC-1", "RPC-15")
@pytest.mark.parametrize(
    "message",
    [
        {"id": 1, "method": "tools/list"},
        {"jsonrpc": "1.0", "id": 1, "method": "tools/list"},
        {"jsonrpc": "2.0", "id": None, "method": "initialize"},
        {"jsonrpc": "2.0", "id": 1.5, "method": "initialize"},
        {"jsonrpc": "2.0", "id": True, "method": "initialize"},
        {"jsonrpc": "2.0", "id": 1, "method": 2},
        {"jsonrpc": "2.0", "id": 1},
        {},
        "tools/list",
        1,
        None,
    ],
)
async def test_json_that_is_no_message_is_an_invalid_request(http: Http, message: Any) -> None:
    status, answer = await post(http, encode(message))
    assert (status, answer["error"]["code"]) == (400, -32600)


@covers("HTTP-14")
async def test_of_duplicate_members_the_last_one_counts(http: Http) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"id":2,"method":"initialize","params":{}}'
    _status, answer = await post(http, body)
    assert answer["id"] == 2


@covers("HTTP-14")
async def test_nesting_is_limited_to_64_levels(modern: ConnectModern) -> None:
    deep: list[Any] = []
    for _ in range(63):
        deep = [deep]
    reply = await modern().ask("tools/list", {"deep": deep})
    assert reply.refused == (400, -32700)


@covers("HTTP-15")
@pytest.mark.parametrize(
    "accept",
    ["*/*", "application/*", "application/json", "text/event-stream", "text/*;q=0.5", None],
)
async def test_any_of_the_usable_types_is_enough(modern: ConnectModern, accept: str | None) -> None:
    exchange = await modern().open("tools/list", headers={"accept": accept})
    assert exchange.status == 200


@covers("HTTP-15")
async def test_a_client_that_can_read_neither_form_is_refused(connect: Connect) -> None:
    client = await connect()
    reply = await client.ask("tools/list", headers={"accept": "text/html"})
    assert reply.status == 406


@covers("HTTP-15")
async def test_listening_needs_a_client_that_reads_streams(
    modern: ConnectModern, connect_legacy: ConnectLegacy
) -> None:
    accept = {"accept": "application/json"}
    listening = await modern().ask("subscriptions/listen", {"notifications": {}}, headers=accept)
    standalone = await (await connect_legacy()).get(**accept)
    assert (listening.status, standalone.status) == (406, 406)


@covers("HTTP-16")
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_body_that_does_not_claim_to_be_json_is_refused(
    connect: Connect, content_type: str | None
) -> None:
    client = await connect()
    reply = await client.ask("tools/list", headers={"content-type": content_type})
    assert reply.status == 415


@covers("HTTP-16")
async def test_a_content_type_may_have_parameters_and_capitals(modern: ConnectModern) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await modern().ask("tools/list", headers=headers)).status == 200


@covers("HTTP-17")
@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_while_it_comes_in(
    http: Http, configure: Configure, declared: bool
) -> None:
    await configure(MCP_MAX_BODY_BYTES=1000)
    pieces = [b"x" * 400] * 10
    length = {"content-length": "4000"} if declared else {}
    exchange = await http.open("POST", OPEN, headers={**BASE, **length}, body=pieces)
    assert exchange.status == 413
    assert "error" in json.loads(await exchange.read())


@covers("HTTP-18", "RPC-1")
@pytest.mark.parametrize("identity", ["1", 1, "", 0, -5, "ä"])
async def test_an_id_comes_back_as_what_it_was(connect: Connect, identity: Any) -> None:
    client = await connect()
    reply = await client.ask("prompts/get", {"name": "nope"}, id=identity)
    assert reply.response["id"] == identity
    assert type(reply.response["id"]) is type(identity)


@covers("HTTP-19")
async def test_a_browser_page_of_an_allowed_origin_may_ask_first(
    http: Http, configure: Configure
) -> None:
    await configure(MCP_ALLOWED_ORIGINS=["http://app.example"])
    headers = {"origin": "http://app.example", "access-control-request-method": "POST"}
    exchange = await http.open("OPTIONS", "/mcp/guarded", headers=headers)
    assert exchange.status == 204
    assert exchange.headers["access-control-allow-origin"] == "http://app.example"
    allowed = exchange.headers["access-control-allow-headers"].lower()
    for name in (
        "content-type",
        "authorization",
        "mcp-protocol-version",
        "mcp-method",
        "mcp-name",
        "mcp-session-id",
        "last-event-id",
    ):
        assert name in allowed


@covers("HTTP-19")
async def test_that_page_may_read_the_headers_it_needs(
    modern: ConnectModern, configure: Configure
) -> None:
    await configure(MCP_ALLOWED_ORIGINS=["http://app.example"])
    reply = await modern().ask("tools/list", headers={"origin": "http://app.example"})
    assert reply.headers["access-control-allow-origin"] == "http://app.example"
    assert "mcp-session-id" in reply.headers["access-control-expose-headers"].lower()


@covers("HTTP-19", "HTTP-3")
async def test_a_page_that_is_not_allowed_is_told_nothing(http: Http) -> None:
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    exchange = await http.open("OPTIONS", OPEN, headers=headers)
    assert exchange.status == 403
    assert "access-control-allow-origin" not in exchange.headers


@covers("HTTP-1")
async def test_other_methods_are_refused_with_those_that_exist(http: Http) -> None:
    exchange = await http.open("PUT", OPEN, headers=BASE)
    assert exchange.status == 405
    assert "POST" in exchange.headers["allow"]


@covers("HTTP-1")
async def test_a_get_at_the_endpoint_is_never_missing(http: Http) -> None:
    exchange = await http.open("GET", OPEN, headers={"accept": "application/json"})
    assert exchange.status == 405
    exchange = await http.open("GET", OPEN, headers={"accept": "text/event-stream"})
    assert exchange.status == 200  # the stream of HTTP with SSE


@covers("HTTP-5")
def test_the_site_is_served_to_this_machine_only() -> None:
    from django.core.management import load_command_class

    command = load_command_class("mcp_transport", "mcp")
    options = command.create_parser("manage.py", "mcp").parse_args(["serve"])
    assert options.host == "127.0.0.1"
