"""What an operator lets a single server serve: revisions, transports and pages."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.models import Server
from mcp_transport.models.server import Transport
from mcp_transport.testing import Http
from mcp_transport.transports import http_sse, stdio, streamable_http, tool_calls, websocket
from mcp_transport.worker.lifespan import runtime
from tests.client import CLIENT_CAPABILITIES, MODERN_REVISION, PROTOCOL_VERSION, LegacyClient
from tests.interaction.conftest import OPEN, Configure, ConnectLegacy, ConnectModern
from tests.interaction.requirements import covers
from tests.old_client import STREAM
from tests.sockets import Sockets

PAGE = "https://page.example"
META = {PROTOCOL_VERSION: MODERN_REVISION, CLIENT_CAPABILITIES: {}}


async def let(**fields: Any) -> None:
    """Change the open server, and have this worker process know at once."""
    await Server.objects.filter(slug="open").aupdate(**fields)
    runtime().directory.forget()


@covers("HDR-4", "DISC-4")
async def test_a_stateless_client_is_told_which_revisions_the_server_serves(
    modern: ConnectModern,
) -> None:
    await let(revisions=["2025-06-18", "2025-11-25"])
    reply = await modern().ask("tools/list")
    assert reply.refused == (400, -32022)
    assert reply.error["data"] == {
        "supported": ["2025-11-25", "2025-06-18"],
        "requested": MODERN_REVISION,
    }


@covers("DISC-4")
async def test_discovery_lists_the_revisions_of_the_server(modern: ConnectModern) -> None:
    await let(revisions=[MODERN_REVISION, "2025-11-25"])
    result = (await modern().ask("server/discover")).result
    assert result["supportedVersions"] == [MODERN_REVISION, "2025-11-25"]


@covers("LC-2")
@pytest.mark.parametrize("asked", ["2025-11-25", "2025-06-18", "2025-03-26"])
async def test_a_handshake_leads_to_a_revision_that_the_server_serves(
    http: Http, asked: str
) -> None:
    await let(revisions=["2025-03-26", "2025-06-18"])
    agreed = (await LegacyClient(http, OPEN, asked).initialize()).result["protocolVersion"]
    assert agreed == ("2025-06-18" if asked == "2025-11-25" else asked)


@covers("ERA-4")
async def test_a_handshake_is_refused_where_none_is_served(http: Http) -> None:
    await let(revisions=[MODERN_REVISION])
    client = LegacyClient(http, OPEN, "2025-11-25")
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t"}}
    reply = await client.ask("initialize", params)
    assert reply.refused == (400, -32022)
    assert MODERN_REVISION in reply.error["message"]


@covers("LC-2")
async def test_a_session_ends_with_its_revision(legacy: ConnectLegacy) -> None:
    client = await legacy("2025-06-18")
    await let(revisions=["2025-11-25"])
    assert (await client.ask("tools/list")).status == 404


@covers("HTTP-1")
def test_the_transports_of_a_row_are_those_that_there_are() -> None:
    modules = {streamable_http, websocket, http_sse, tool_calls, stdio}
    assert {module.TRANSPORT for module in modules} == set(Transport.values)


@covers("HTTP-1")
async def test_a_transport_that_the_server_is_not_served_over_is_not_there(
    http: Http, sockets: Sockets, configure: Configure, modern: ConnectModern
) -> None:
    await configure(MCP_REST=True)
    reached: dict[str, set[int]] = {}
    for only in ("streamable_http", "websocket", "rest", "http_sse"):
        await let(transports=[only])
        found = {
            "streamable_http": (await modern().ask("tools/list")).status,
            "websocket": (await sockets.open(f"{OPEN}/ws")).status or 200,
            "rest": (await http.open("GET", f"{OPEN}/tools")).status,
            "http_sse": (await http.open("GET", f"{OPEN}/sse", headers=STREAM)).status,
        }
        assert found.pop(only) == 200, only
        reached[only] = set(found.values())
    assert reached == dict.fromkeys(reached, {404})


@covers("HTTP-2", "HTTP-19")
async def test_a_server_lets_pages_in_beside_those_of_the_site(
    http: Http, sockets: Sockets, modern: ConnectModern
) -> None:
    asking = {"origin": PAGE, "access-control-request-method": "POST"}
    assert (await http.open("OPTIONS", OPEN, headers=asking)).status == 403
    await let(allowed_origins=[f"{PAGE.upper()}/"])
    exchange = await http.open("OPTIONS", OPEN, headers=asking)
    assert (exchange.status, exchange.headers["access-control-allow-origin"]) == (204, PAGE)
    assert (await modern().ask("tools/list", headers={"origin": PAGE})).status == 200
    assert (await http.open("OPTIONS", "/mcp/guarded", headers=asking)).status == 403
    assert (await sockets.open(f"{OPEN}/ws", headers={"origin": PAGE})).is_accepted
    refused = await sockets.open("/mcp/guarded/ws", headers={"origin": PAGE})
    assert refused.status == 403
