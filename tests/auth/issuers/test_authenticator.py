"""A site whose users sign in elsewhere, as its clients meet it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from mcp_transport.auth.authenticators import AuthenticatorChain
from mcp_transport.auth.issuers.authenticator import IssuerAuthenticator
from mcp_transport.models import Identity, Server, Token
from mcp_transport.storage.rows import DatabaseAway
from mcp_transport.testing import Site
from mcp_transport.worker.lifespan import runtime
from tests.client import LegacyClient
from tests.issuer import JWKS, LocalIssuer
from tests.sockets import Sockets

pytestmark = pytest.mark.django_db(transaction=True)

MAIN = "/mcp/main"
JSON = {"content-type": "application/json"}


@pytest.fixture
def linked(transactional_db: None, issuer: LocalIssuer) -> User:
    """A user whom the issuer calls subject-1."""
    Server.objects.create(slug="main", offers=["good"], is_default=True)
    Server.objects.create(slug="other", offers=["good"])
    user = User.objects.create_user("ada")
    Identity.objects.create(issuer=issuer.url, subject="subject-1", user=user)
    return user


@pytest.fixture
async def site(linked: User, settings: Any) -> AsyncIterator[Site]:
    settings.MCP_REST = True
    async with Site() as site:
        yield site


async def ask(site: Site, token: str, path: str = "/mcp/main/tools") -> tuple[int, Any, Any]:
    """Ask for a list over plain HTTP."""
    exchange = await site.http.open("GET", path, headers={"authorization": f"Bearer {token}"})
    return exchange.status, json.loads(await exchange.read()), exchange.headers


async def test_an_account_that_is_linked_may_call_what_its_token_covers(
    site: Site, issuer: LocalIssuer
) -> None:
    client = site.client("main", token=issuer.token())
    assert (await client.call("repeat", text="a")).text == "a"
    assert await client.tools()
    assert not await client.prompts()
    refused = await client.ask("resources/read", {"uri": "note://plain"})
    assert refused.status == 403
    told = refused.headers["www-authenticate"]
    assert 'error="insufficient_scope", scope="resources tools"' in told
    assert "/.well-known/oauth-protected-resource/mcp/main" in told


AUDIENCES: dict[str, tuple[Any, bool]] = {
    "right": ("https://example.com/mcp/main", True),
    "other server": ("https://example.com/mcp/other", False),
    "default": ("https://example.com/mcp", True),
    "origin": ("https://example.com", False),
    "prefix": ("https://example.com/mcp/mai", False),
    "none": (None, False),
    "list": (["account", "https://example.com/mcp/main"], True),
    "list of others": (["account", "https://example.com/mcp/other"], False),
    "upper-case host": ("https://EXAMPLE.COM/mcp/main", True),
    "trailing slash": ("https://example.com/mcp/main/", False),
    "other site": ("https://other.example/mcp/main", False),
}


@pytest.mark.parametrize("is_opaque", [False, True])
async def test_a_token_is_good_for_the_server_that_it_was_issued_for(
    linked: User, issuer: LocalIssuer, settings: Any, is_opaque: bool
) -> None:
    settings.MCP_REST = True
    if is_opaque:
        asking = {"client_id": "site", "client_secret": "secret"}
        settings.MCP_ISSUERS = {issuer.url: {"introspection": asking}}
    async with Site() as site:
        for number, (audience, is_good) in enumerate(AUDIENCES.values()):
            token = f"opaque-{number}" if is_opaque else issuer.token(aud=audience)
            issuer.known[token] = issuer.claims(aud=audience, active=True)
            status, _, headers = await ask(site, token)
            assert (audience, status) == (audience, 200 if is_good else 401)
            if not is_good:
                assert 'error="invalid_token"' in headers["www-authenticate"]


async def test_a_token_without_a_scope_of_ours_asks_for_a_wider_one(
    site: Site, issuer: LocalIssuer
) -> None:
    status, told, headers = await ask(site, issuer.token(scope="openid profile"))
    assert (status, "no scope" in told["error"]["message"]) == (403, True)
    assert 'scope="tools resources prompts"' in headers["www-authenticate"]


async def test_who_is_linked_to_nobody_is_told_so(site: Site, issuer: LocalIssuer) -> None:
    status, told, headers = await ask(site, issuer.token(sub="subject-2"))
    assert status == 403
    assert "'subject-2'" in told["error"]["message"]
    assert "Identities" in told["error"]["message"]
    assert "error=" not in headers["www-authenticate"]


async def test_tokens_of_the_site_itself_are_taken_beside_them(
    site: Site, issuer: LocalIssuer, linked: User
) -> None:
    _, value = await sync_to_async(Token.objects.issue)(owner=linked, name="t")
    assert (await ask(site, value))[0] == 200
    assert (await ask(site, "nonsense"))[0] == 401
    assert issuer.asked == []


async def test_a_user_who_has_left_is_refused_at_once(
    site: Site, issuer: LocalIssuer, linked: User
) -> None:
    token = issuer.token()
    assert (await ask(site, token))[0] == 200
    linked.is_active = False
    await sync_to_async(linked.save)()
    assert (await ask(site, token))[0] == 401


async def test_a_link_that_is_taken_back_ends_at_once(site: Site, issuer: LocalIssuer) -> None:
    token = issuer.token()
    assert (await ask(site, token))[0] == 200
    await sync_to_async(lambda: Identity.objects.get().delete())()
    assert (await ask(site, token))[0] == 403


async def test_while_the_issuer_or_the_database_is_away_nobody_is_refused_and_nobody_let_in(
    site: Site, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.status = 400
    status, _, headers = await ask(site, issuer.token())
    assert (status, headers["retry-after"]) == (503, "1")
    assert "www-authenticate" not in headers
    issuer.status = 200
    authenticator = an_authenticator()

    async def away(*_: Any) -> None:
        raise DatabaseAway

    monkeypatch.setattr(authenticator._pool, "read", away)
    keys = authenticator._verification._keys[issuer.url]  # type: ignore[union-attr]
    keys._tried_at = float("-inf")
    authenticator._verification._askings[issuer.url]._missed_at = float("-inf")  # type: ignore[union-attr]
    status, _, headers = await ask(site, issuer.token())
    assert (status, headers["retry-after"]) == (503, "1")
    assert issuer.count(JWKS) == 1


def an_authenticator(chain: Any = None) -> IssuerAuthenticator:
    """The one of the running site."""
    for member in (chain or runtime().authenticators)._authenticators:
        if isinstance(member, IssuerAuthenticator):
            return member
        if isinstance(member, AuthenticatorChain):
            return an_authenticator(member)
    raise LookupError


async def test_a_token_that_was_looked_up_a_moment_ago_is_recalled_without_waiting(
    site: Site, issuer: LocalIssuer, settings: Any
) -> None:
    settings.MCP_ROW_CACHE_SECONDS = 60.0  # however slow the machine is
    token = issuer.token()
    headers = {b"authorization": f"Bearer {token}".encode()}
    chain = runtime().authenticators
    assert chain.recall(headers) is None
    await ask(site, token)
    issuer.status = 500
    found = chain.recall(headers)
    assert found is not None and found.username == "ada"
    assert chain.recall({b"authorization": b"Bearer mcp_other"}) is None


async def test_those_who_come_at_once_with_one_token_ask_once(
    linked: User, issuer: LocalIssuer, settings: Any
) -> None:
    asking = {"client_id": "site", "client_secret": "secret"}
    settings.MCP_ISSUERS = {issuer.url: {"introspection": asking}}
    issuer.known["opaque"] = issuer.claims(active=True)
    authenticator = IssuerAuthenticator()
    headers = {b"authorization": b"Bearer opaque"}
    found = await asyncio.gather(*(authenticator.authenticate(headers) for _ in range(5)))
    assert len({id(principal) for principal in found}) == 1
    assert sum(method == "POST" for method, _path in issuer.asked) == 1
    await authenticator.close()


async def test_a_session_belongs_to_a_user_a_client_and_an_issuer(
    site: Site, issuer: LocalIssuer
) -> None:
    with LocalIssuer("") as other:

        def prepare() -> None:
            user = User.objects.create_user("bob")
            Identity.objects.create(issuer=issuer.url, subject="subject-2", user=user)
            ada = User.objects.get(username="ada")
            Identity.objects.create(issuer=issuer.url, subject="subject-3", user=ada)

        await sync_to_async(prepare)()
        client = await LegacyClient(
            site.http, MAIN, "2025-11-25", token=issuer.token(client_id="laptop")
        ).connect()
        assert (await client.ask("tools/list")).status == 200
        others = {
            "another client": issuer.token(client_id="phone"),
            "another user": issuer.token(client_id="laptop", sub="subject-2"),
            "another account of the user": issuer.token(client_id="laptop", sub="subject-3"),
        }
        mine = client.token
        for token in others.values():
            client.token = token
            assert (await client.ask("tools/list")).status == 404
        client.token = issuer.token(client_id="laptop", iat=1)  # a refreshed one
        assert (await client.ask("tools/list")).status == 200
        client.token = mine
        assert other.asked == []


async def test_a_websocket_ends_with_what_opened_it(
    site: Site, issuer: LocalIssuer, linked: User
) -> None:
    sockets = Sockets(site.http._application)
    headers = [("host", "testserver"), ("authorization", f"Bearer {issuer.token()}")]
    socket = await sockets.open("/mcp/main/ws", headers=headers)
    assert socket.is_accepted
    await socket.ask_modern("tools/list")
    refused = await sockets.open(
        "/mcp/main/ws", headers=[headers[0], ("authorization", "Bearer nonsense")]
    )
    assert refused.status == 401
    linked.is_active = False
    await sync_to_async(linked.save)()
    assert await socket.closed() == 4401
    await sockets.close()


@pytest.mark.parametrize("is_unlinked", [False, True])
async def test_a_ticket_is_worth_what_its_user_has_shown(
    site: Site, issuer: LocalIssuer, is_unlinked: bool
) -> None:
    headers = {**JSON, "authorization": f"Bearer {issuer.token(scope='prompts')}"}
    exchange = await site.http.open("POST", "/mcp/main/ws/ticket", headers=headers)
    ticket = json.loads(await exchange.read())["ticket"]
    if is_unlinked:
        await sync_to_async(lambda: Identity.objects.get().delete())()
    sockets = Sockets(site.http._application)
    socket = await sockets.open("/mcp/main/ws", subprotocols=["mcp", f"mcp.ticket.{ticket}"])
    if is_unlinked:
        assert socket.status == 401
    else:
        answer = await socket.ask_modern("tools/list")
        assert answer["result"]["tools"] == []
    await sockets.close()


async def test_no_token_is_passed_on_or_written_down(
    site: Site, issuer: LocalIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    good, bad = issuer.token(), issuer.token(aud="https://other.example")
    client = site.client("main", token=good)
    assert good not in repr(await client.call("repeat", text="a"))
    status, told, headers = await ask(site, bad)
    assert status == 401
    text = "".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for token in (good, bad):
        assert token not in text + json.dumps(told) + str(headers)
        assert token.split(".")[1] not in text
    assert not any("Bearer" in sent for sent in issuer.authorizations)


async def test_a_token_in_the_address_is_not_looked_at(site: Site, issuer: LocalIssuer) -> None:
    path = f"/mcp/main/tools?access_token={issuer.token()}"
    exchange = await site.http.open("GET", path, headers={})
    assert exchange.status == 401


async def test_without_issuers_nothing_is_done(settings: Any) -> None:
    settings.MCP_ISSUERS = {}
    idle = IssuerAuthenticator()
    headers = {b"authorization": b"Bearer a.b.c"}
    assert await idle.authenticate(headers) is None
    assert idle.recall(headers) is None
    assert idle.ignores(headers)
    await idle.close()


@pytest.mark.parametrize(
    ("header", "ignores"),
    [
        (b"", True),
        (b"Basic YTpi", True),
        (b"Bearer mcp_abc", True),
        (b"bearer  mcpa_a.b.c", True),
        (b"Bearer opaque", True),
        (b"Bearer a.b.c.d.e", True),
        (b"Bearer a.b.c", False),
        (b"Bearer a.b.c d", True),
        (b"Bearer \xff.b.c", True),
    ],
)
async def test_what_no_issuer_can_have_issued_is_left_to_others(
    issuer: LocalIssuer, header: bytes, ignores: bool
) -> None:
    authenticator = IssuerAuthenticator()
    headers = {b"authorization": header} if header else {}
    assert authenticator.ignores(headers) is ignores
    if ignores:
        assert await authenticator.authenticate(headers) is None
    await authenticator.close()
