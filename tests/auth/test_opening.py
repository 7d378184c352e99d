"""Tests of mcp_transport.auth.opening."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.db import OperationalError
from django.test import Client

from mcp_transport.auth.authenticators import AuthenticatorChain
from mcp_transport.auth.bearer import BearerAuthenticator
from mcp_transport.auth.errors import (
    AuthenticationUnavailable,
    CredentialsRequired,
    InvalidToken,
)
from mcp_transport.auth.opening import Opening
from mcp_transport.auth.principal import ANONYMOUS, Principal, principal_of
from mcp_transport.models import Server, Token
from mcp_transport.threads import ThreadPool

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = {b"origin": b"https://shop.example"}
Headers = dict[bytes, bytes]


@pytest.fixture
def shop() -> Server:
    return Server.objects.create(slug="shop")


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada")


@pytest.fixture
async def opening(settings: Any) -> AsyncIterator[Opening]:
    settings.MCP_ROW_CACHE_SECONDS = 0.0
    pool = ThreadPool(1, 10, "test-opening")
    chain = AuthenticatorChain([BearerAuthenticator()])
    yield Opening(chain, pool)
    await chain.close()
    await pool.stop(30.0)


async def opened(
    opening: Opening, server: Server, headers: Headers, ticket: str | None = None, **options: Any
) -> Any:
    options.setdefault("is_same_origin", False)
    return await opening.identify(headers, ticket=ticket, server_id=server.pk, **options)


@sync_to_async
def token_of(user: User, **options: Any) -> tuple[Token, str]:
    return Token.objects.issue(owner=user, name="test", **options)


@sync_to_async
def logged_in(user: User) -> Headers:
    browser = Client()
    browser.force_login(user)
    name = django_settings.SESSION_COOKIE_NAME
    return {b"cookie": f"{name}={browser.cookies[name].value}".encode()}


@sync_to_async
def presented(user: User, **credential: Any) -> Principal:
    return principal_of(user, **credential)


async def test_a_header_is_asked_again_each_time(opening: Opening, shop: Server, ada: User) -> None:
    token, value = await token_of(ada)
    who = await opened(opening, shop, {b"authorization": f"Bearer {value}".encode()})
    assert (await who()).username == "ada"
    await Token.objects.filter(pk=token.pk).adelete()
    with pytest.raises(InvalidToken):
        await who()


async def test_a_ticket_stands_for_the_token_it_was_issued_to(
    opening: Opening, shop: Server, ada: User
) -> None:
    token, _value = await token_of(ada, scopes=["tools:read"])
    principal = await presented(ada, key=f"user:1/token:{token.pk}", token_id=token.pk)
    ticket = await opening.issue_ticket(principal, PAGE, shop.pk)
    who = await opened(opening, shop, PAGE, ticket)
    assert (await who()).scopes == {"tools:read"}
    await Token.objects.aupdate(revoked_at=token.created_at)
    with pytest.raises(InvalidToken):
        await who()


async def test_a_ticket_carries_the_limits_of_a_foreign_credential(
    opening: Opening, shop: Server, ada: User
) -> None:
    limits: dict[str, Any] = {"scopes": frozenset({"tools"}), "server_ids": frozenset({shop.pk})}
    principal = await presented(ada, key="oauth:7", expires_at=9e9, **limits)
    ticket = await opening.issue_ticket(principal, PAGE, shop.pk)
    found = await (await opened(opening, shop, PAGE, ticket))()
    assert (found.key, found.scopes) == ("oauth:7", {"tools"})
    assert (found.server_ids, found.expires_at) == ({shop.pk}, 9e9)


async def test_tickets_of_one_key_have_the_limits_of_their_own_credentials(
    opening: Opening, shop: Server, ada: User, settings: Any
) -> None:
    settings.MCP_ROW_CACHE_SECONDS = 60.0
    held = []
    for scopes in (frozenset({"tools"}), frozenset({"tools:read"})):
        principal = await presented(ada, key="oauth:7", scopes=scopes)
        ticket = await opening.issue_ticket(principal, PAGE, shop.pk)
        held.append((await opened(opening, shop, PAGE, ticket), scopes))
    for who, scopes in held:
        assert (await who()).scopes == scopes


async def test_what_a_ticket_opened_is_asked_anew_once_rights_have_changed(
    opening: Opening, shop: Server, ada: User, settings: Any
) -> None:
    settings.MCP_ROW_CACHE_SECONDS = 60.0
    token, _value = await token_of(ada)
    principal = await presented(ada, key=f"user:1/token:{token.pk}", token_id=token.pk)
    ticket = await opening.issue_ticket(principal, PAGE, shop.pk)
    who = await opened(opening, shop, PAGE, ticket)
    await who()
    await Token.objects.aupdate(revoked_at=token.created_at)
    await who()
    opening.forget()
    with pytest.raises(InvalidToken):
        await who()


async def test_a_credential_that_has_ended_ends_what_its_ticket_opened(
    opening: Opening, shop: Server, ada: User
) -> None:
    principal = await presented(ada, expires_at=1.0)
    ticket = await opening.issue_ticket(principal, PAGE, shop.pk)
    with pytest.raises(InvalidToken):
        await opened(opening, shop, PAGE, ticket)


async def test_rights_that_are_given_later_hold(opening: Opening, shop: Server, ada: User) -> None:
    ticket = await opening.issue_ticket(await presented(ada), PAGE, shop.pk)
    who = await opened(opening, shop, PAGE, ticket)
    assert not (await who()).may("auth.view_user")
    await ada.user_permissions.aadd(await Permission.objects.aget(codename="view_user"))
    assert (await who()).may("auth.view_user")
    await User.objects.aupdate(is_active=False)
    with pytest.raises(InvalidToken):
        await who()


async def test_a_ticket_of_another_page_opens_nothing(
    opening: Opening, shop: Server, ada: User
) -> None:
    ticket = await opening.issue_ticket(await presented(ada), PAGE, shop.pk)
    with pytest.raises(InvalidToken, match="another server or page"):
        await opened(opening, shop, {}, ticket)


async def test_nobody_gets_no_ticket(opening: Opening, shop: Server) -> None:
    with pytest.raises(CredentialsRequired):
        await opening.issue_ticket(ANONYMOUS, PAGE, shop.pk)


async def test_the_cookie_counts_for_a_page_of_the_site_alone(
    opening: Opening, shop: Server, ada: User
) -> None:
    cookie = await logged_in(ada)
    foreign = await opened(opening, shop, cookie)
    assert (await foreign()).is_anonymous
    own = await opened(opening, shop, cookie, is_same_origin=True)
    assert (await own()).username == "ada"


async def test_who_logs_out_is_let_in_no_longer(opening: Opening, shop: Server, ada: User) -> None:
    from django.contrib.sessions.models import Session

    who = await opened(opening, shop, await logged_in(ada), is_same_origin=True)
    await Session.objects.all().adelete()
    with pytest.raises(InvalidToken, match="log in again"):
        await who()


@pytest.mark.parametrize("cookie", [b"", b"sessionid=", b"sessionid=unknown"])
async def test_a_cookie_that_names_nobody_is_no_credential(
    opening: Opening, shop: Server, cookie: bytes
) -> None:
    who = await opened(opening, shop, {b"cookie": cookie}, is_same_origin=True)
    assert isinstance((await who()).user, AnonymousUser)


async def test_a_site_without_sessions_has_no_cookies(
    opening: Opening, shop: Server, ada: User, settings: Any
) -> None:
    cookie = await logged_in(ada)
    apps = [app for app in django_settings.INSTALLED_APPS if app != "django.contrib.sessions"]
    settings.INSTALLED_APPS = [app for app in apps if app != "django.contrib.admin"]
    who = await opened(opening, shop, cookie, is_same_origin=True)
    assert (await who()).is_anonymous


async def test_a_database_that_is_away_lets_nobody_in(
    opening: Opening, shop: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> None:
        raise OperationalError

    monkeypatch.setattr("mcp_transport.auth.opening.redeem", fail)
    with pytest.raises(AuthenticationUnavailable):
        await opened(opening, shop, PAGE, "a-ticket")
