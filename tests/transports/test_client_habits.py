"""
What real clients do that the specification does not speak of, and what would break them.

docs/reference/clients.md says which; scripts/clients runs the clients themselves.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from mcp_transport.models import Server, Session
from mcp_transport.testing import Http
from mcp_transport.worker.lifespan import runtime
from tests.client import LEGACY_REVISIONS, MODERN_REVISION, LegacyClient
from tests.interaction.conftest import *  # noqa: F403  the running site
from tests.interaction.conftest import OPEN, Configure, ConnectLegacy, ConnectModern
from tests.old_client import OldClient

STREAM = {"accept": "text/event-stream"}
BOTH = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
WELL_KNOWN = [
    f"/.well-known/{kind}{where}"
    for kind in (
        "oauth-protected-resource",
        "oauth-authorization-server",
        "openid-configuration",
    )
    for where in ("", "/mcp/open")
]


async def post(http: Http, body: Any, **headers: str) -> tuple[int, dict[str, str], Any]:
    named = {**BOTH, **{name.replace("_", "-"): value for name, value in headers.items()}}
    exchange = await http.open("POST", OPEN, headers=named, body=json.dumps(body).encode())
    answer = await exchange.read()
    return exchange.status, exchange.headers, json.loads(answer) if answer else None


@pytest.mark.parametrize("revisions", [["2025-11-25"], ["2025-03-26", "2025-06-18"]])
async def test_a_probe_where_the_newest_revision_is_not_served_is_an_error_of_the_protocol(
    modern: ConnectModern, revisions: list[str]
) -> None:
    await Server.objects.filter(slug="open").aupdate(revisions=revisions)
    runtime().directory.forget()
    reply = await modern().ask("server/discover")
    assert reply.status in {400, 404}
    assert reply.headers["content-type"] == "application/json"
    assert reply.error["code"]


async def test_a_probe_over_sse_is_told_to_shake_hands(http: Http) -> None:
    client = await OldClient(http).connect()
    meta = {
        "io.modelcontextprotocol/protocolVersion": MODERN_REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    answer = await client.ask("server/discover", {"_meta": meta})
    assert answer["error"]["code"] == -32022
    assert (await client.initialize("2025-11-25"))["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize("rest", [True, False])
@pytest.mark.parametrize("sse", [True, False])
async def test_a_look_for_a_stream_is_the_old_one_or_405(
    http: Http, configure: Configure, rest: bool, sse: bool
) -> None:
    await configure(MCP_REST=rest, MCP_HTTP_SSE=sse)
    exchange = await http.open("GET", OPEN, headers=STREAM)
    assert exchange.status == (200 if sse else 405)
    if sse:
        event = await exchange.event()
        assert event is not None
        assert event.event == "endpoint"


@pytest.mark.parametrize("root", [None, "/"])
@pytest.mark.parametrize("path", WELL_KNOWN)
async def test_nobody_is_sent_to_an_authorization_server_that_is_not_there(
    http: Http, configure: Configure, root: str | None, path: str
) -> None:
    await Server.objects.filter(slug="open").aupdate(is_default=True)
    await configure(MCP_REST=True, MCP_REST_ROOT=root)
    assert (await http.open("GET", path)).status == 404


async def test_headers_of_the_newest_revision_are_taken_on_a_session(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-11-25")
    headers = {"mcp-method": "tools/call", "mcp-name": "repeat"}
    reply = await client.ask(
        "tools/call", {"name": "repeat", "arguments": {"text": "a"}}, headers=headers
    )
    assert reply.result["content"][0]["text"] == "a"


async def test_a_cancellation_in_a_post_of_the_newest_revision_is_accepted(http: Http) -> None:
    status, _headers, answer = await post(
        http,
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}},
        mcp_protocol_version=MODERN_REVISION,
        mcp_method="notifications/cancelled",
    )
    assert (status, answer) == (202, None)


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
async def test_a_handshake_that_is_thrown_away_is_in_nobodys_way(http: Http, revision: str) -> None:
    await LegacyClient(http, OPEN, revision).connect()
    client = await LegacyClient(http, OPEN, revision).connect()
    assert (await client.ask("tools/list")).status == 200
    assert await Session.objects.filter(closed_at=None).acount() == 2  # the first one expires


@pytest.mark.parametrize("revision", LEGACY_REVISIONS)
async def test_a_session_that_has_ended_is_404_and_a_new_one_is_opened_as_ever(
    http: Http, revision: str
) -> None:
    client = await LegacyClient(http, OPEN, revision).connect()
    await http.open("DELETE", OPEN, headers={"mcp-session-id": client.session_id})
    assert (await client.ask("tools/list")).status == 404
    assert (await (await LegacyClient(http, OPEN, revision).connect()).ask("ping")).status == 200


async def test_content_types_are_written_as_clients_compare_them(
    http: Http, legacy: ConnectLegacy
) -> None:
    client = await legacy("2025-11-25")
    assert (await client.ask("tools/list")).headers["content-type"] == "application/json"
    stream = await http.open(
        "GET",
        OPEN,
        headers={**STREAM, "mcp-session-id": client.session_id, "accept-encoding": "gzip"},
    )
    assert stream.headers["content-type"] == "text/event-stream"
    assert "content-encoding" not in stream.headers
    assert "no-transform" in stream.headers["cache-control"]
    assert stream.headers["x-accel-buffering"] == "no"
