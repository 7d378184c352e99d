from __future__ import annotations

import base64
from typing import Annotated, Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from mcp_transport import Header, tool
from mcp_transport.conf import settings as own_settings
from mcp_transport.registry.registry import registry
from mcp_transport.testing.asgi import Http
from tests.client import PROTOCOL_VERSION, encode, text_of
from tests.interaction.conftest import OPEN, ConnectModern
from tests.interaction.requirements import covers

MISMATCH = (400, -32020)


def encoded(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


@covers("HDR-1", "HDR-12", "RPC-12")
async def test_the_version_header_is_required(modern: ConnectModern) -> None:
    reply = await modern().ask("tools/list", headers={"mcp-protocol-version": None}, id="v")
    assert reply.refused == MISMATCH
    assert reply.response["id"] == "v"


@covers("HDR-2")
async def test_a_version_that_differs_is_a_mismatch_before_it_is_unsupported(
    modern: ConnectModern,
) -> None:
    reply = await modern().ask("tools/list", meta={PROTOCOL_VERSION: "v999"})
    assert reply.refused == MISMATCH


@covers("HDR-3", "DISC-4", "RPC-12")
async def test_an_unknown_version_is_told_what_is_served(modern: ConnectModern) -> None:
    client = modern()
    reply = await client.ask(
        "tools/list",
        meta={PROTOCOL_VERSION: "v999.0.0"},
        headers={"mcp-protocol-version": "v999.0.0"},
    )
    assert reply.refused == (400, -32022)
    assert reply.error["data"]["requested"] == "v999.0.0"
    served = (await client.ask("server/discover")).result["supportedVersions"]
    assert reply.error["data"]["supported"] == served


@covers("HDR-4")
@pytest.mark.parametrize("value", [None, "prompts/list", "TOOLS/LIST", "", "tools/list,tools/list"])
async def test_the_method_header_repeats_the_method(
    modern: ConnectModern, value: str | None
) -> None:
    reply = await modern().ask("tools/list", headers={"mcp-method": value})
    assert reply.refused == MISMATCH


NAMED: list[tuple[str, dict[str, Any]]] = [
    ("tools/call", {"name": "nothing"}),
    ("prompts/get", {"name": "illustrated"}),
    ("resources/read", {"uri": "note://plain"}),
]


@covers("HDR-5")
@pytest.mark.parametrize(("method", "params"), NAMED)
@pytest.mark.parametrize("value", [None, "other", ""])
async def test_the_name_header_repeats_what_is_named(
    modern: ConnectModern, method: str, params: dict[str, Any], value: str | None
) -> None:
    assert (await modern().ask(method, params)).status == 200
    assert (await modern().ask(method, params, headers={"mcp-name": value})).refused == MISMATCH


@covers("HDR-5")
async def test_the_name_header_is_not_asked_for_elsewhere(modern: ConnectModern) -> None:
    for method in ("tools/list", "server/discover", "resources/templates/list"):
        assert (await modern().ask(method)).status == 200


@covers("HDR-7")
async def test_header_names_may_be_capitalised(http: Http, modern: ConnectModern) -> None:
    client = modern()
    named = {name.title(): value for name, value in client.headers("tools/list", {}).items()}
    params = {"_meta": client.meta({})}
    body = encode({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params})
    assert (await http.open("POST", OPEN, headers=named, body=body)).status == 200


@covers("HDR-8")
@pytest.mark.parametrize("value", ["  nothing  ", "\tnothing", "nothing "])
@pytest.mark.inside
async def test_blanks_around_a_value_do_not_count(modern: ConnectModern, value: str) -> None:
    reply = await modern().call("nothing", headers={"mcp-name": value})
    assert reply.status == 200


@covers("HDR-9")
async def test_a_name_in_base64_is_decoded(modern: ConnectModern) -> None:
    reply = await modern().call("nothing", headers={"mcp-name": encoded("nothing")})
    assert reply.status == 200
    wrong = await modern().call("nothing", headers={"mcp-name": encoded("repeat")})
    assert wrong.refused == MISMATCH


@covers("HDR-9", "HDR-14")
@pytest.mark.parametrize("region", ["Zürich", "a=?b?=", " padded ", "line\nbreak"])
async def test_an_argument_that_no_header_can_hold_travels_in_base64(
    modern: ConnectModern, region: str
) -> None:
    reply = await modern().call(
        "routed", {"region": region}, headers={"mcp-param-region": encoded(region)}
    )
    assert text_of(reply.result).startswith(region)


@covers("HDR-10")
@pytest.mark.parametrize(
    "value",
    ["=?base64?SGVsbG8?=", "=?base64?SGVs!!!bG8=?=", "=?base64?/w==?=", "=?base64?SGVsbG8="],
)
async def test_broken_base64_is_refused(modern: ConnectModern, value: str) -> None:
    reply = await modern().call("routed", {"region": "Hello"}, headers={"mcp-param-region": value})
    assert reply.refused == MISMATCH


@covers("HDR-10")
@pytest.mark.parametrize("value", ["SGVsbG8=", "=?base64?SGVsbG8=", "SGVsbG8=?="])
async def test_text_without_both_marks_stands_for_itself(modern: ConnectModern, value: str) -> None:
    reply = await modern().call("routed", {"region": value}, headers={"mcp-param-region": value})
    assert text_of(reply.result).startswith(value)


@covers("HDR-11")
@pytest.mark.parametrize("name", ["mcp-param-region", "mcp-name"])
async def test_bytes_that_no_header_may_hold_are_refused(modern: ConnectModern, name: str) -> None:
    headers = {"mcp-param-region": "Zürich", name: "Zürich"}
    reply = await modern().call("routed", {"region": "Zürich"}, headers=headers)
    assert reply.refused == MISMATCH


@covers("HDR-14")
@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ({"region": "eu"}, {}),
        ({"region": "eu"}, {"mcp-param-region": "us"}),
        ({"region": "eu"}, {"mcp-param-region": "EU"}),
        ({"floor": 4}, {"mcp-param-floor": "5"}),
        ({"floor": 4}, {"mcp-param-floor": "four"}),
        ({"express": True}, {"mcp-param-express": "false"}),
        ({"express": True}, {"mcp-param-express": "True"}),
    ],
)
async def test_a_mapped_argument_arrives_twice_with_one_value(
    modern: ConnectModern, arguments: dict[str, Any], headers: dict[str, str]
) -> None:
    reply = await modern().call("routed", arguments, headers=headers)
    assert reply.refused == MISMATCH


@covers("HDR-14", "HDR-16")
@pytest.mark.parametrize("floor", ["42", "42.0", " 42 "])
@pytest.mark.inside
async def test_whole_numbers_are_compared_as_numbers(modern: ConnectModern, floor: str) -> None:
    headers = {"mcp-param-floor": floor, "mcp-param-express": "true"}
    reply = await modern().call("routed", {"floor": 42, "express": True}, headers=headers)
    assert text_of(reply.result) == "None 42 True"


@covers("HDR-15")
@pytest.mark.parametrize("arguments", [{}, {"region": None}])
async def test_no_header_is_needed_for_what_is_not_given(
    modern: ConnectModern, arguments: dict[str, Any]
) -> None:
    assert (await modern().call("routed", arguments)).status == 200


@covers("HDR-17")
async def test_an_unmapped_parameter_header_is_ignored(modern: ConnectModern) -> None:
    reply = await modern().call("routed", headers={"mcp-param-unknown": "x"})
    assert reply.status == 200


@covers("HDR-19", "SEC-6")
async def test_nothing_runs_when_header_and_body_disagree(
    modern: ConnectModern, probe: Any
) -> None:
    client = modern(capabilities={"elicitation": {}})
    reply = await client.ask("tools/call", {"name": "greet"}, headers={"mcp-name": "repeat"})
    assert reply.refused == MISMATCH
    assert probe.seen == []


@covers("HDR-20")
@pytest.mark.parametrize("name", ["mcp-method", "mcp-protocol-version"])
async def test_a_routing_header_that_stands_twice_is_refused(
    http: Http, modern: ConnectModern, name: str
) -> None:
    client = modern()
    headers = [(key, value) for key, value in client.headers("tools/list", {}).items() if value]
    headers.append((name, dict(headers)[name]))
    params = {"_meta": client.meta({})}
    body = encode({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params})
    exchange = await http.open("POST", OPEN, headers=headers, body=body)
    assert exchange.status == 400
    assert b"-32020" in await exchange.read()


@covers("HDR-13")
@pytest.mark.parametrize("header", ["", "a b", "a:b", "ä"])
def test_a_header_name_that_is_no_token_cannot_be_registered(header: str) -> None:
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):

        @tool
        def misrouted(region: Annotated[str, Header(header)]) -> str:
            """Never registered."""
            return region


@covers("HDR-13")
@pytest.mark.parametrize("annotation", [float, list[str], dict[str, str]])
def test_only_plain_values_travel_in_headers(annotation: Any) -> None:
    def misrouted(value: Any) -> str:
        """Never registered."""
        return str(value)

    misrouted.__annotations__["value"] = Annotated[annotation, Header("Value")]
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):
        tool(misrouted)


@covers("HDR-13")
def test_two_arguments_cannot_share_a_header() -> None:
    with registry.registered_temporarily(), pytest.raises(ImproperlyConfigured):

        @tool
        def misrouted(a: Annotated[str, Header("Part")], b: Annotated[str, Header("PART")]) -> str:
            """Never registered."""
            return a + b


@covers("HDR-18")
def test_no_tool_that_is_shipped_sends_a_secret_in_a_header() -> None:
    secret = set(own_settings.MCP_REDACTED_ARGUMENTS)
    for record in registry.tools.values():
        for parameter in record.headers:
            assert not secret & {name.lower() for name in parameter.path}
