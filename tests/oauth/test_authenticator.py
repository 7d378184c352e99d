"""Tests of mcp_transport.oauth.authenticator, as whoever holds a token sees it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.utils import timezone

from mcp_transport.models import Server, Session
from mcp_transport.oauth.models import Connection
from mcp_transport.oauth.values import new_access_token
from mcp_transport.testing import Site
from tests.oauth.signing_in import PUBLIC_URL, SigningIn
from tests.sockets import Sockets

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 10.0
LEGACY = "2025-11-25"


@pytest_asyncio.fixture
async def site(signing_in: SigningIn, settings: Any) -> AsyncIterator[Site]:
    """The site's endpoints."""
    settings.MCP_ROW_CACHE_SECONDS = 0.05
    async with Site() as running:
        yield running


@pytest_asyncio.fixture
async def tokens(signing_in: SigningIn) -> dict[str, Any]:
    """What the client got when it was let in."""
    found: dict[str, Any] = await sync_to_async(signing_in.tokens)()
    return found


async def get(site: Site, path: str) -> Any:
    """A document of the site's."""
    exchange = await site.http.open("GET", path)
    return json.loads(await exchange.read())


async def ask(site: Site, token: str, path: str = "/mcp/shop") -> Any:
    """What a stateless client gets; its status and headers."""
    exchange = await opened(site, token, path, "tools/list")
    await exchange.read()
    return exchange


async def opened(site: Site, token: str, path: str, method: str, **params: Any) -> Any:
    """The answer to a stateless client, of which the rest may still come."""
    headers = {
        "authorization": f"Bearer {token}",
        "accept": "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
    }
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "a test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": meta}}
    return await site.http.open("POST", path, headers=headers, body=json.dumps(body).encode())


async def ends(site: Site, token: str) -> int:
    """The status once the token is refused, which is soon."""
    async with asyncio.timeout(LIMIT):
        while (answer := await ask(site, token)).status == 200:
            pass
    return int(answer.status)


async def test_a_token_lets_its_client_in_to_its_server(site: Site, tokens: Any) -> None:
    assert (await ask(site, tokens["access_token"])).status == 200
    async with asyncio.timeout(LIMIT):
        while not await Connection.objects.exclude(last_used_at=None).aexists():
            pass


async def test_a_token_opens_no_other_server(site: Site, tokens: Any) -> None:
    await Server.objects.acreate(slug="other", title="Other")
    await Server.objects.acreate(slug="open", title="Open", access="public")
    for slug in ("other", "open"):
        assert (await ask(site, tokens["access_token"], f"/mcp/{slug}")).status == 401


async def test_who_has_no_token_is_told_where_to_sign_in(site: Site) -> None:
    answer = await ask(site, new_access_token())
    assert answer.status == 401
    challenge = answer.headers["www-authenticate"]
    at = f"{PUBLIC_URL}/.well-known/oauth-protected-resource/mcp/shop"
    assert f'resource_metadata="{at}"' in challenge
    metadata = await get(site, "/.well-known/oauth-protected-resource/mcp/shop")
    assert metadata["authorization_servers"] == [PUBLIC_URL]
    assert metadata["resource"] == f"{PUBLIC_URL}/mcp/shop"


async def test_the_page_of_a_server_says_that_clients_can_sign_in(site: Site, tokens: Any) -> None:
    for more in ({}, {"authorization": f"Bearer {tokens['access_token']}"}):
        exchange = await site.http.open("GET", "/mcp/shop", headers={"accept": "text/html", **more})
        assert "needs the address alone" in (await exchange.read()).decode()


async def test_refresh_tokens_and_codes_are_no_access_tokens(
    site: Site, signing_in: SigningIn, tokens: Any
) -> None:
    code = await sync_to_async(signing_in.code)()
    for value in (tokens["refresh_token"], code, tokens["access_token"][:-1] + "!"):
        assert (await ask(site, value)).status == 401


async def test_a_token_is_refused_soon_after_its_client_is_turned_out(
    site: Site, tokens: Any
) -> None:
    assert (await ask(site, tokens["access_token"])).status == 200
    await sync_to_async(Connection.objects.all().revoke)(Connection.Reason.USER)
    assert await ends(site, tokens["access_token"]) == 401


async def test_a_stream_ends_soon_after_its_client_is_turned_out(site: Site, tokens: Any) -> None:
    notifications = {"toolsListChanged": True}
    stream = await opened(
        site,
        tokens["access_token"],
        "/mcp/shop",
        "subscriptions/listen",
        notifications=notifications,
    )
    assert stream.status == 200
    await sync_to_async(Connection.objects.all().revoke)(Connection.Reason.USER)
    async with asyncio.timeout(LIMIT):
        await stream.read()


async def test_an_access_token_ends_with_the_next_one(
    site: Site, signing_in: SigningIn, tokens: Any
) -> None:
    later = await sync_to_async(signing_in.refresh)(tokens["refresh_token"])
    assert (await ask(site, later.json()["access_token"])).status == 200
    assert await ends(site, tokens["access_token"]) == 401


@pytest.mark.parametrize("what", ["user", "expiry", "server"])
async def test_a_token_ends_with_what_it_stands_for(site: Site, tokens: Any, what: str) -> None:
    if what == "user":
        await User.objects.aupdate(is_active=False)
    elif what == "expiry":
        await Connection.objects.aupdate(access_expires_at=timezone.now() - timedelta(seconds=1))
    else:
        await Server.objects.filter(slug="shop").adelete()
    assert await ends(site, tokens["access_token"]) in (401, 404)


async def test_sessions_end_with_the_last_connection_of_their_client(
    site: Site, signing_in: SigningIn, tokens: Any
) -> None:
    first = await Connection.objects.aget()
    await sync_to_async(signing_in.tokens)()  # the same client is let in again
    other = await Server.objects.acreate(slug="other", title="Another server")
    for server_id in (first.server_id, other.pk):
        await Session.objects.acreate(
            server_id=server_id, owner=first.key, revision=LEGACY, last_seen_at=timezone.now()
        )
    await sync_to_async(first.revoke)(Connection.Reason.USER)
    assert not await Session.objects.filter(closed_at__isnull=False).aexists()
    await sync_to_async(Connection.objects.all().revoke)(Connection.Reason.USER)
    assert (await Session.objects.aget(closed_at__isnull=False)).server_id == first.server_id


@pytest_asyncio.fixture
async def sockets(site: Site) -> AsyncIterator[Sockets]:
    """WebSockets to the site; what is open for a minute is told of a change at once."""
    opened = Sockets(site.http._application)
    yield opened
    await opened.close()


@pytest.mark.parametrize("credential", ["token", "ticket"])
async def test_what_a_client_holds_open_ends_when_it_is_turned_out(
    site: Site, sockets: Sockets, tokens: Any, credential: str
) -> None:
    opening = {"authorization": f"Bearer {tokens['access_token']}"}
    subprotocols = ["mcp"]
    if credential == "ticket":
        exchange = await site.http.open("POST", "/mcp/shop/ws/ticket", headers=opening)
        ticket = json.loads(await exchange.read())["ticket"]
        opening, subprotocols = {}, ["mcp", f"mcp.ticket.{ticket}"]
    socket = await sockets.open("/mcp/shop/ws", headers=opening, subprotocols=subprotocols)
    assert socket.is_accepted
    await sync_to_async(Connection.objects.all().revoke)(Connection.Reason.OPERATOR)
    async with asyncio.timeout(LIMIT):
        assert await socket.closed() == 4401
