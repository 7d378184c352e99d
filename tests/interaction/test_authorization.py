from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from mcp_transport.models import Server, Token
from mcp_transport.testing.asgi import Http
from tests.client import LegacyClient
from tests.interaction.conftest import Configure, Connect, ConnectModern, UserToken
from tests.interaction.requirements import covers

GUARDED = "/mcp/guarded"


@covers("HTTP-6", "AUTH-2")
@pytest.mark.parametrize(
    "value",
    [
        None,
        "Bearer nonsense",
        "Bearer mcp_" + "x" * 49,
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "nonsense",
    ],
)
@pytest.mark.inside
async def test_without_a_token_nobody_gets_in(modern: ConnectModern, value: str | None) -> None:
    exchange = await modern(path=GUARDED).open("tools/list", headers={"authorization": value})
    assert exchange.status == 401
    assert exchange.headers["www-authenticate"].startswith("Bearer")
    assert "error" in json.loads(await exchange.read())


@covers("AUTH-2", "HTTP-6")
async def test_with_a_token_its_owner_gets_in(connect: Connect, user_token: UserToken) -> None:
    client = await connect(path=GUARDED, token=await user_token("ada"))
    assert (await client.ask("tools/list")).status == 200


@covers("AUTH-2")
@pytest.mark.parametrize("reason", ["revoked", "expired", "inactive", "deleted"])
async def test_a_token_that_is_over_is_refused(
    modern: ConnectModern, user_token: UserToken, configure: Configure, reason: str
) -> None:
    await configure(MCP_ROW_CACHE_SECONDS=0)
    client = modern(path=GUARDED, token=await user_token("ada"))
    assert (await client.ask("tools/list")).status == 200
    long_ago = timezone.now() - timedelta(days=1)
    match reason:
        case "revoked":
            await Token.objects.aupdate(revoked_at=long_ago)
        case "expired":
            await Token.objects.aupdate(expires_at=long_ago)
        case "inactive":
            await User.objects.aupdate(is_active=False)
        case "deleted":
            await Token.objects.all().adelete()
    exchange = await client.open("tools/list")
    assert exchange.status == 401
    assert 'error="invalid_token"' in exchange.headers["www-authenticate"]


@covers("AUTH-9")
async def test_a_token_for_another_server_is_refused(
    modern: ConnectModern, user_token: UserToken, servers: dict[str, Server]
) -> None:
    token = await user_token("ada", servers=[servers["open"]])
    assert (await modern(path=GUARDED, token=token).open("tools/list")).status in {401, 403}
    assert (await modern(token=token).ask("tools/list")).status == 200


@covers("AUTH-10")
@pytest.mark.parametrize("name", ["access_token", "token", "authorization"])
async def test_a_token_in_the_address_is_no_token(
    modern: ConnectModern, user_token: UserToken, name: str
) -> None:
    path = f"{GUARDED}?{name}={await user_token('ada')}"
    assert (await modern(path=path).open("tools/list")).status == 401


@covers("AUTH-2", "TOOL-15")
async def test_nothing_runs_without_a_token(
    modern: ConnectModern, connect_nothing: LegacyClient, probe: Any
) -> None:
    client = modern(path=GUARDED, capabilities={"elicitation": {}})
    await client.open("tools/call", {"name": "greet", "arguments": {}})
    assert probe.seen == []


@covers("HTTP-6")
async def test_a_server_by_permission_asks_for_it(
    modern: ConnectModern, user_token: UserToken, servers: dict[str, Server]
) -> None:
    await Server.objects.filter(slug="guarded").aupdate(
        access="permission", permission="auth.view_user"
    )
    staff = modern(path=GUARDED, token=await user_token("eve", is_staff=True))
    other = modern(path=GUARDED, token=await user_token("bob"))
    assert (await staff.ask("tools/list")).status == 200
    exchange = await other.open("tools/list")
    assert exchange.status == 403
    assert "error" in json.loads(await exchange.read())


@covers("HTTP-6", "HTTP-1")
async def test_a_disabled_server_does_not_exist(
    modern: ConnectModern, servers: dict[str, Server]
) -> None:
    await Server.objects.filter(slug="open").aupdate(is_enabled=False)
    assert (await modern().ask("tools/list")).status == 404


@pytest.mark.inside  # the bundled site, which other processes serve, is one itself
async def test_no_authorization_server_is_named(modern: ConnectModern, http: Http) -> None:
    exchange = await modern(path=GUARDED).open("tools/list")
    assert "resource_metadata" not in exchange.headers["www-authenticate"]
    for path in (
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp/guarded",
        "/.well-known/oauth-authorization-server",
        "/authorize",
        "/token",
        "/register",
    ):
        assert (await http.open("GET", path)).status == 404


def test_no_page_of_ours_completes_a_link() -> None:
    from django.urls import get_resolver

    names = {key for key in get_resolver().reverse_dict if isinstance(key, str)}
    assert not {name for name in names if "elicit" in name}


def test_nobody_elses_server_is_called() -> None:
    from mcp_transport.conf import settings

    ours = (
        "apps.AppSource",
        "texts.TextSource",
        "stdio.source.StdioSource",
        "openapi.source.OpenApiSource",
        "remote.source.RemoteSource",
    )
    assert list(settings.MCP_SOURCES) == [f"mcp_transport.sources.{name}" for name in ours]
    assert (settings.MCP_STDIO, settings.MCP_OPENAPI, settings.MCP_REMOTE) == ({}, {}, {})
