"""Tests of mcp_transport.auth.bearer."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission, User
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from mcp_transport.auth import bearer
from mcp_transport.auth.bearer import BearerAuthenticator
from mcp_transport.auth.cache import fresh_for
from mcp_transport.auth.errors import REFUSAL, AuthenticationUnavailable, InvalidToken
from mcp_transport.auth.principal import OPERATOR, Principal
from mcp_transport.models import Server, Token
from mcp_transport.models.token_value import new_value

LIMIT = 30.0  # seconds any single wait may take

# The look-ups run in threads with connections of their own.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest_asyncio.fixture
async def authenticator() -> AsyncIterator[BearerAuthenticator]:
    """An authenticator that is closed at the end."""
    authenticator = BearerAuthenticator()
    yield authenticator
    await authenticator.close()


@pytest.fixture
def ada(transactional_db: None) -> User:
    """A user whom other threads see."""
    return User.objects.create_user("ada")


def issue(owner: User, **options: object) -> tuple[Token, dict[bytes, bytes]]:
    """A token and the headers that present it."""
    token, value = Token.objects.issue(owner=owner, name="laptop", **options)  # type: ignore[arg-type]
    return token, headers_of(value)


def headers_of(value: str) -> dict[bytes, bytes]:
    """The headers of a request with a bearer token."""
    return {b"authorization": f"Bearer {value}".encode()}


async def refused(authenticator: BearerAuthenticator, headers: dict[bytes, bytes]) -> str:
    """The message with which these headers are refused."""
    with pytest.raises(InvalidToken) as caught:
        await authenticator.authenticate(headers)
    return caught.value.message


async def test_a_token_presents_its_owner(authenticator: BearerAuthenticator, ada: User) -> None:
    token, headers = await sync_to_async(issue)(ada, scopes=["tools:read"])
    principal = await authenticator.authenticate(headers)
    assert principal is not None
    assert principal.key == f"user:{ada.pk}/token:{token.pk}"
    assert (principal.user, principal.username) == (ada, "ada")
    assert (principal.user_id, principal.token_id) == (ada.pk, token.pk)
    assert principal.scopes == frozenset({"tools:read"})
    assert principal.server_ids is None
    assert token.expires_at is not None
    assert principal.expires_at == token.expires_at.timestamp()


async def test_a_token_carries_its_owners_permissions(
    authenticator: BearerAuthenticator, ada: User
) -> None:
    permission = await Permission.objects.aget(codename="view_user")
    await sync_to_async(ada.user_permissions.add)(permission)
    _, headers = await sync_to_async(issue)(ada)
    principal = await authenticator.authenticate(headers)
    assert principal is not None
    assert principal.permissions == {"auth.view_user"}


async def test_a_token_for_some_servers_names_them(
    authenticator: BearerAuthenticator, ada: User
) -> None:
    server = await Server.objects.acreate(slug="shop")
    _, headers = await sync_to_async(issue)(ada, servers=[server], expires_at=None)
    principal = await authenticator.authenticate(headers)
    assert principal is not None
    assert principal.server_ids == frozenset({server.pk})
    assert principal.expires_at is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"Basic YTpi"},
        {b"authorization": b"Bearer eyJhbGciOi.J9.x"},
        {b"authorization": b"Bearer"},
        {b"x-query": b"access_token=mcp_abc"},
    ],
)
async def test_credentials_of_another_kind_are_left_to_others(
    authenticator: BearerAuthenticator, headers: dict[bytes, bytes]
) -> None:
    assert await authenticator.authenticate(headers) is None


async def test_a_mistyped_token_is_refused_without_a_query(
    authenticator: BearerAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "load_principal", None)
    value = new_value()
    assert "checksum" in await refused(authenticator, headers_of(value[:-1] + "!"))
    assert "checksum" in await refused(authenticator, {b"authorization": b"Bearer mcp_\xff\x00"})


async def test_unknown_revoked_and_expired_tokens_are_refused_alike(
    authenticator: BearerAuthenticator, ada: User
) -> None:
    revoked, revoked_headers = await sync_to_async(issue)(ada)
    await Token.objects.filter(pk=revoked.pk).aupdate(revoked_at=timezone.now())
    _, expired_headers = await sync_to_async(issue)(
        ada, expires_at=timezone.now() - timedelta(seconds=1)
    )
    for headers in (headers_of(new_value()), revoked_headers, expired_headers):
        assert await refused(authenticator, headers) == REFUSAL


async def test_a_token_of_an_inactive_owner_is_refused(
    authenticator: BearerAuthenticator, ada: User
) -> None:
    _, headers = await sync_to_async(issue)(ada)
    await User.objects.filter(pk=ada.pk).aupdate(is_active=False)
    assert await refused(authenticator, headers) == REFUSAL


async def test_no_refusal_and_no_log_line_holds_the_token(
    authenticator: BearerAuthenticator, caplog: pytest.LogCaptureFixture
) -> None:
    value = new_value()
    caplog.set_level(logging.DEBUG)
    assert value not in await refused(authenticator, headers_of(value))
    assert value not in await refused(authenticator, headers_of(value[:-1] + "!"))
    assert value[8:20] not in caplog.text


async def test_a_known_token_is_not_looked_up_again(
    authenticator: BearerAuthenticator, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, headers = await sync_to_async(issue)(ada)
    first = await authenticator.authenticate(headers)
    monkeypatch.setattr(bearer, "load_principal", None)
    assert await authenticator.authenticate(dict(headers)) is first


async def test_a_known_token_is_recalled_until_it_is_forgotten(
    authenticator: BearerAuthenticator, ada: User
) -> None:
    _token, headers = await sync_to_async(issue)(ada)
    assert authenticator.recall({}) is None
    assert authenticator.recall(headers) is None
    principal = await authenticator.authenticate(headers)
    assert authenticator.recall(headers) is principal
    authenticator.forget()
    assert authenticator.recall(headers) is None


async def test_a_revoked_token_is_refused_once_it_is_forgotten(
    authenticator: BearerAuthenticator, ada: User
) -> None:
    token, headers = await sync_to_async(issue)(ada)
    await authenticator.authenticate(headers)
    await sync_to_async(Token.objects.filter(pk=token.pk).revoke)()
    authenticator.forget()
    await refused(authenticator, headers)


async def test_without_a_cache_a_revocation_counts_at_once(
    authenticator: BearerAuthenticator, ada: User, settings: Settings
) -> None:
    settings.MCP_ROW_CACHE_SECONDS = 0
    token, headers = await sync_to_async(issue)(ada)
    await authenticator.authenticate(headers)
    await sync_to_async(Token.objects.filter(pk=token.pk).revoke)()
    await refused(authenticator, headers)


async def test_simultaneous_requests_share_one_look_up(
    authenticator: BearerAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_ups: list[str] = []

    def load(token_digest: str) -> tuple[Principal, bool]:
        look_ups.append(token_digest)
        return OPERATOR, False

    monkeypatch.setattr(bearer, "load_principal", load)
    headers = headers_of(new_value())
    waiting = [authenticator.authenticate(headers) for _ in range(20)]
    assert await asyncio.gather(*waiting) == [OPERATOR] * 20
    assert len(look_ups) == 1


async def test_a_request_that_is_given_up_does_not_fail_the_others(
    authenticator: BearerAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bearer, "load_principal", lambda _: (OPERATOR, False))
    headers = headers_of(new_value())
    first = asyncio.ensure_future(authenticator.authenticate(headers))
    second = asyncio.ensure_future(authenticator.authenticate(headers))
    await asyncio.sleep(0)
    first.cancel()
    assert await second is OPERATOR


async def test_nobody_gets_in_while_the_database_is_away(
    authenticator: BearerAuthenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(token_digest: str) -> tuple[Principal, bool]:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(bearer, "load_principal", load)
    with pytest.raises(AuthenticationUnavailable) as caught:
        await authenticator.authenticate(headers_of(new_value()))
    assert caught.value.status == 503


async def test_the_use_of_a_token_is_written_down(ada: User) -> None:
    authenticator = BearerAuthenticator()
    token, headers = await sync_to_async(issue)(ada)
    await authenticator.authenticate(headers)
    await authenticator.close()
    await token.arefresh_from_db()
    assert token.last_used_at is not None


async def test_a_use_within_the_minute_is_not_written_again(ada: User) -> None:
    authenticator = BearerAuthenticator()
    token, headers = await sync_to_async(issue)(ada)
    used_at = timezone.now() - timedelta(seconds=30)
    await Token.objects.filter(pk=token.pk).aupdate(last_used_at=used_at)
    await authenticator.authenticate(headers)
    await authenticator.close()
    await sync_to_async(bearer.write_use)(token.pk)  # as another process would
    await token.arefresh_from_db()
    assert token.last_used_at == used_at


async def test_a_use_that_cannot_be_written_does_not_matter(
    ada: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def write_use(token_id: int) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(bearer, "write_use", write_use)
    authenticator = BearerAuthenticator()
    _, headers = await sync_to_async(issue)(ada)
    assert await authenticator.authenticate(headers) is not None
    await authenticator.close()
    assert "was not written" in caplog.text


def test_a_principal_is_never_kept_beyond_its_expiry() -> None:
    principal = Principal(key="user:1", user=User(pk=1), expires_at=0.0)
    assert fresh_for(principal) < 0


async def test_what_was_looked_up_before_a_token_was_revoked_is_not_kept(
    authenticator: BearerAuthenticator, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, headers = await sync_to_async(issue)(ada)
    has_read, may_answer = threading.Event(), threading.Event()
    load = bearer.load_principal

    def load_slowly(token_digest: str) -> tuple[Principal, bool]:
        found = load(token_digest)
        has_read.set()
        may_answer.wait(LIMIT)
        return found

    with monkeypatch.context() as patched:
        patched.setattr(bearer, "load_principal", load_slowly)
        early = asyncio.create_task(authenticator.authenticate(headers))
        assert await asyncio.to_thread(has_read.wait, LIMIT)
    await Token.objects.filter(pk=token.pk).aupdate(revoked_at=timezone.now())
    authenticator.forget()
    await refused(authenticator, headers)  # and does not share that look-up
    may_answer.set()
    assert await early is not None  # it asked before
    await refused(authenticator, headers)
