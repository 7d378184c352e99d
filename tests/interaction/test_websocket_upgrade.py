"""Who is let in over WebSocket, by what credentials, and how long they stay."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import Client

from mcp_transport.engine import patrol
from mcp_transport.models import Server, Token
from mcp_transport.testing import Http
from tests.interaction.conftest import Configure, UserToken
from tests.interaction.requirements import covers
from tests.sockets import Sockets

SOCKET = "/mcp/open/ws"
GUARDED = "/mcp/guarded/ws"
TICKETS = "/mcp/guarded/ws/ticket"
OWN_PAGE = "http://testserver"
REPEAT = {"name": "repeat", "arguments": {"text": "hi"}}

Ticket = Callable[..., Awaitable[str]]


@pytest.fixture
def ticket(http: Http, user_token: UserToken) -> Ticket:
    """Get a ticket with a token."""

    async def get(origin: str | None = None, path: str = TICKETS, token: str = "") -> str:
        bearer = f"Bearer {token or await user_token()}"
        headers = {"authorization": bearer, "origin": origin}
        exchange = await http.open("POST", path, headers=headers)
        assert exchange.status == 200
        assert exchange.headers["cache-control"] == "no-store"
        answer = json.loads(await exchange.read())
        assert answer["expires_in"] == 30
        return str(answer["ticket"])

    return get


@sync_to_async
def cookie_of(user: User) -> str:
    browser = Client()
    browser.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"


async def bearer(user_token: UserToken) -> dict[str, str]:
    return {"authorization": f"Bearer {await user_token()}"}


@covers("WSH-1", "WS-1")
@pytest.mark.parametrize("path", [SOCKET, SOCKET + "/", "/mcp/open"])
async def test_the_subprotocol_is_selected(sockets: Sockets, path: str) -> None:
    socket = await sockets.open(path, subprotocols=("other", "mcp"))
    assert (socket.is_accepted, socket.subprotocol) == (True, "mcp")


@covers("WSH-1")
async def test_a_client_that_offers_nothing_gets_nothing_selected(sockets: Sockets) -> None:
    socket = await sockets.open(subprotocols=())
    assert (socket.is_accepted, socket.subprotocol) == (True, None)


@covers("WSH-1")
async def test_a_client_that_offers_something_else_is_refused(sockets: Sockets) -> None:
    socket = await sockets.open(subprotocols=("graphql-ws",))
    assert (socket.is_accepted, socket.status) == (False, 400)


async def default_server(sockets: Sockets, path: str) -> bool:
    await Server.objects.filter(slug="open").aupdate(is_default=True)
    return (await sockets.open(path)).is_accepted


@covers("WSH-1")
@pytest.mark.parametrize("path", ["/mcp", "/mcp/ws"])
async def test_the_default_server_has_a_socket_too(sockets: Sockets, path: str) -> None:
    assert await default_server(sockets, path)


@covers("WSH-1")
async def test_a_server_that_is_not_there_is_404(sockets: Sockets) -> None:
    assert (await sockets.open("/mcp/nowhere/ws")).status == 404


@covers("WS-11", "HTTP-2")
@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"origin": "null"}]
)
async def test_a_page_from_elsewhere_opens_nothing(sockets: Sockets, headers: Any) -> None:
    socket = await sockets.open(headers=headers)
    assert (socket.is_accepted, socket.status) == (False, 403)


@covers("WS-11")
async def test_a_page_of_an_allowed_origin_opens_one(
    configure: Configure, sockets: Sockets
) -> None:
    await configure(MCP_ALLOWED_ORIGINS=["https://app.example"])
    assert (await sockets.open(headers={"origin": "https://app.example"})).is_accepted


@covers("WSH-2", "WS-9", "AUTH-15")
async def test_who_has_no_credentials_is_refused_before_the_upgrade(sockets: Sockets) -> None:
    socket = await sockets.open(GUARDED)
    assert (socket.is_accepted, socket.status) == (False, 401)
    assert socket.headers["www-authenticate"].startswith("Bearer")
    assert socket.denial["error"]["code"] == 401


@covers("WSH-2")
@pytest.mark.inside
async def test_a_server_that_can_say_no_more_closes(sockets: Sockets) -> None:
    socket = await sockets.open(GUARDED, extensions={})
    assert (socket.is_accepted, socket.status) == (False, 403)


@covers("WSH-2")
async def test_a_token_in_the_header_opens(sockets: Sockets, user_token: UserToken) -> None:
    socket = await sockets.open(GUARDED, headers=await bearer(user_token))
    assert (await socket.ask_modern("tools/call", REPEAT))["result"]["content"]


@covers("WSH-2")
@pytest.mark.parametrize("origin", [None, OWN_PAGE])
async def test_a_ticket_opens_once(sockets: Sockets, ticket: Ticket, origin: str | None) -> None:
    value = await ticket(origin)
    protocols = ("mcp", f"mcp.ticket.{value}")
    socket = await sockets.open(GUARDED, subprotocols=protocols, headers={"origin": origin})
    assert (socket.is_accepted, socket.subprotocol) == (True, "mcp")
    assert (await socket.ask_modern("tools/list"))["result"]["tools"]
    again = await sockets.open(GUARDED, subprotocols=protocols, headers={"origin": origin})
    assert again.status == 401


@covers("WSH-2")
async def test_a_ticket_is_of_no_use_to_another_page_or_server(
    sockets: Sockets, ticket: Ticket
) -> None:
    protocols = ("mcp", f"mcp.ticket.{await ticket()}")
    assert (
        await sockets.open(GUARDED, subprotocols=protocols, headers={"origin": OWN_PAGE})
    ).status == 401
    protocols = ("mcp", f"mcp.ticket.{await ticket(path='/mcp/open/ws/ticket')}")
    assert (await sockets.open(GUARDED, subprotocols=protocols)).status == 401


@covers("WSH-2", "WS-9")
async def test_a_ticket_in_the_address_counts_where_a_setting_says_so(
    sockets: Sockets, ticket: Ticket, settings: Any
) -> None:
    value = await ticket()
    socket = await sockets.open(f"{GUARDED}?ticket={value}")
    assert socket.status == 401
    settings.MCP_WEBSOCKET_QUERY_TICKETS = True
    socket = await sockets.open(f"{GUARDED}?a=1&ticket={value}")
    assert socket.is_accepted
    assert socket.scope["query_string"] == b"a=1&ticket=***"  # as the server logs it
    assert (await sockets.open(f"{GUARDED}?ticket={value}")).status == 401


@covers("WSH-2")
async def test_a_ticket_needs_credentials(http: Http) -> None:
    assert (await http.open("POST", TICKETS)).status == 401
    assert (await http.open("POST", "/mcp/open/ws/ticket")).status == 401
    assert (await http.open("GET", "/mcp/open/ws/ticket")).status == 405
    assert (await http.open("GET", SOCKET)).status == 426


@covers("WSH-2")
async def test_the_cookie_of_the_site_opens_for_its_own_pages(
    sockets: Sockets, configure: Configure
) -> None:
    await configure(MCP_ALLOWED_ORIGINS=["https://app.example"], MCP_ROW_CACHE_SECONDS=0.0)
    cookie = await cookie_of(await User.objects.acreate_user("ada"))
    for origin in (None, "https://app.example"):
        foreign = await sockets.open(GUARDED, headers={"cookie": cookie, "origin": origin})
        assert foreign.status == 401
    socket = await sockets.open(GUARDED, headers={"cookie": cookie, "origin": OWN_PAGE})
    assert (await socket.ask_modern("tools/list"))["result"]["tools"]
    await User.objects.aupdate(is_active=False)
    socket.request_modern("tools/list")
    assert await socket.closed() == 4401


@covers("WSH-2")
async def test_credentials_that_end_close_the_connection(
    sockets: Sockets, configure: Configure, user_token: UserToken
) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0.0)
    socket = await sockets.open(GUARDED, headers=await bearer(user_token))
    await Token.objects.all().adelete()
    socket.request_modern("tools/list")
    assert await socket.closed() == 4401


@covers("WSH-2")
async def test_a_silent_connection_is_closed_when_its_credentials_end(
    sockets: Sockets,
    configure: Configure,
    user_token: UserToken,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patrol, "TURN", 0.01)
    monkeypatch.setattr(patrol, "RECHECK_INTERVAL", 0.0)
    await configure(MCP_ROW_CACHE_SECONDS=0.0)
    socket = await sockets.open(GUARDED, headers=await bearer(user_token))
    await Token.objects.all().adelete()
    assert await socket.closed() == 4401


@covers("WSH-2")
async def test_a_server_that_is_switched_off_closes_its_connections(
    sockets: Sockets, configure: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol, "TURN", 0.01)
    monkeypatch.setattr(patrol, "RECHECK_INTERVAL", 0.0)
    await configure(MCP_ROW_CACHE_SECONDS=0.0)
    socket = await sockets.open()
    await Server.objects.aupdate(is_enabled=False)
    assert await socket.closed() == 4404
