"""What a client learns of where to log in, and how it is told to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from mcp_transport.auth import resources
from mcp_transport.auth.resources import AuthorizationServer, announce_authorization_servers
from mcp_transport.models import Server, Token
from mcp_transport.storage.rows import DatabaseAway
from mcp_transport.testing import Http, Site
from mcp_transport.testing.client import Client
from mcp_transport.worker.lifespan import runtime
from tests.sockets import Sockets

pytestmark = pytest.mark.django_db(transaction=True)

WELL_KNOWN = "/.well-known/oauth-protected-resource"
SITE = "https://example.com"
JSON = {"content-type": "application/json"}
EVERYTHING = "tools resources prompts"


@pytest.fixture
def rows(transactional_db: None) -> None:
    Server.objects.create(slug="main", access="token", offers=["good"], is_default=True)
    Server.objects.create(
        slug="secret", access="permission", permission="auth.view_user", offers=[]
    )
    Server.objects.create(slug="off", access="token", is_enabled=False)


@pytest.fixture
async def site(rows: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(resources, "_announced", [])
    settings.MCP_PUBLIC_URL, settings.MCP_REST = SITE, True
    async with Site() as site:
        yield site


@pytest.fixture
def http(site: Site) -> Http:
    return site.http


@pytest.fixture
def login(site: Site) -> Iterator[None]:
    """Clients log in at the site itself."""
    take_back = announce_authorization_servers(lambda: [AuthorizationServer(issuer=SITE)])
    yield
    take_back()


async def get(http: Http, path: str, method: str = "GET") -> tuple[int, Any, dict[str, str]]:
    exchange = await http.open(method, WELL_KNOWN + path, headers={"host": "other.example"})
    body = await exchange.read()
    return exchange.status, json.loads(body) if body else None, exchange.headers


@pytest.mark.parametrize(
    ("path", "resource"),
    [("/mcp/main", "/mcp/main"), ("/mcp", "/mcp"), ("", "/mcp"), ("/mcp/main/", "/mcp/main")],
)
async def test_a_server_says_where_its_tokens_come_from(
    http: Http, login: None, path: str, resource: str
) -> None:
    status, metadata, headers = await get(http, path)
    assert status == 200
    assert metadata == {
        "resource": SITE + resource,
        "authorization_servers": [SITE],
        "bearer_methods_supported": ["header"],
        "scopes_supported": EVERYTHING.split(),
    }
    assert headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in headers
    assert headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize(
    "path", ["/mcp/none", "/mcp/off", "/mcp/main/ws", "/mcp/main/tools", "/mcp/%00"]
)
async def test_what_is_no_server_has_no_metadata(http: Http, login: None, path: str) -> None:
    assert (await get(http, path))[0] == 404


async def test_a_server_that_offers_nothing_asks_for_no_scope(http: Http, login: None) -> None:
    _, metadata, _ = await get(http, "/mcp/secret")
    assert "scopes_supported" not in metadata
    assert "secret" not in metadata.keys() | {"title"}


async def test_pages_may_ask_and_nothing_is_changed(http: Http, login: None) -> None:
    assert (await get(http, "/mcp/main", "OPTIONS"))[0] == 204
    assert (await get(http, "/mcp/main", "HEAD"))[:2] == (200, None)
    status, _, headers = await get(http, "/mcp/main", "POST")
    assert (status, headers["allow"]) == (405, "GET, HEAD, OPTIONS")


async def test_without_its_database_the_site_says_when_to_come_again(
    http: Http, login: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_slug: str) -> None:
        raise DatabaseAway

    monkeypatch.setattr(runtime().directory, "find", away)
    status, _, headers = await get(http, "/mcp/main")
    assert (status, headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("path", ["", "/mcp", "/mcp/main"])
async def test_without_an_authorization_server_the_address_is_the_sites(
    http: Http, path: str
) -> None:
    exchange = await http.open("GET", WELL_KNOWN + path, headers={})
    assert (exchange.status, exchange.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_what_stands_beside_our_addresses_is_the_sites(http: Http, login: None) -> None:
    exchange = await http.open("GET", f"{WELL_KNOWN}/shop/api", headers={})
    assert exchange.headers["content-type"] == "text/html; charset=utf-8"


CHALLENGE = f'scope="{EVERYTHING}", resource_metadata="{SITE}{WELL_KNOWN}/mcp'


@pytest.mark.parametrize(
    ("method", "path", "accept", "of"),
    [
        ("POST", "/mcp/main", "", "/main"),
        ("POST", "/mcp", "", ""),
        ("GET", "/mcp/main/sse", "text/event-stream", "/main"),
        ("GET", "/mcp/main/tools", "", "/main"),
        ("POST", "/mcp/main/tools/add", "", "/main"),
        ("GET", "/mcp/main/sessions", "", "/main"),
        ("POST", "/mcp/main/ws/ticket", "", "/main"),
        ("GET", "/mcp/main", "text/html", "/main"),
    ],
)
async def test_every_door_says_how_to_log_in(
    http: Http, login: None, method: str, path: str, accept: str, of: str
) -> None:
    headers = {**JSON, "origin": "http://testserver", "accept": accept or "*/*"}
    exchange = await http.open(method, path, headers=headers, body=b"{}")
    assert exchange.status == 401
    assert exchange.headers["www-authenticate"].endswith(f'{CHALLENGE}{of}"')
    if accept != "text/html":
        assert "WWW-Authenticate" in exchange.headers["access-control-expose-headers"]


async def test_a_websocket_says_so_too(http: Http, login: None) -> None:
    sockets = Sockets(http._application)
    socket = await sockets.open("/mcp/main/ws")
    assert socket.status == 401
    assert socket.headers["www-authenticate"].endswith(f'{CHALLENGE}/main"')
    await sockets.close()


async def test_a_token_that_is_not_good_is_told_so(http: Http, login: None) -> None:
    headers = {**JSON, "authorization": "Bearer nonsense"}
    exchange = await http.open("POST", "/mcp/main", headers=headers, body=b"{}")
    told = exchange.headers["www-authenticate"]
    assert exchange.status == 401
    assert 'error="invalid_token"' in told and told.endswith(f'{CHALLENGE}/main"')


async def test_a_user_without_the_permission_is_not_asked_for_a_wider_token(
    site: Site, login: None
) -> None:
    token = site.admit(await sync_to_async(User.objects.create_user)("ada"))
    headers = {**JSON, "authorization": f"Bearer {token}"}
    exchange = await site.http.open("POST", "/mcp/secret", headers=headers, body=b"{}")
    assert exchange.status == 403
    assert "scope=" not in exchange.headers["www-authenticate"]
    assert "error=" not in exchange.headers["www-authenticate"]
    assert "resource_metadata=" in exchange.headers["www-authenticate"]


async def test_a_narrow_token_is_told_all_that_it_has_to_cover(site: Site, login: None) -> None:
    def issue() -> str:
        owner = User.objects.create_user("ada")
        return Token.objects.issue(owner=owner, name="t", scopes=["prompts", "tool:ask"])[1]

    client: Client = site.client("main", token=await sync_to_async(issue)())
    reply = await client.ask("tools/call", {"name": "add", "arguments": {"a": 1, "b": 2}})
    assert reply.status == 403
    assert 'error="insufficient_scope", scope="tools prompts"' in reply.headers["www-authenticate"]
    assert f'{WELL_KNOWN}/mcp/main"' in reply.headers["www-authenticate"]
