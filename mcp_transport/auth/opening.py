"""
Who opens a connection that lasts, and whether they still may.

Beside the credentials of every request there are two for browsers, which can
send no header when they open a WebSocket: a ticket, and the cookie of the
site's own session. The cookie is only looked at for a page of the site itself,
for a browser adds it to the requests of any page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user, get_user_model
from django.db import Error as AnyDatabaseError
from django.http.cookie import parse_cookie

from mcp_transport.auth.authenticators import AuthenticatorChain
from mcp_transport.auth.cache import PrincipalCache, fresh_for
from mcp_transport.auth.errors import (
    REFUSAL,
    AuthenticationUnavailable,
    CredentialsRequired,
    InvalidToken,
)
from mcp_transport.auth.principal import Principal, present, principal_of
from mcp_transport.conf import settings
from mcp_transport.models import Identity, Ticket, Token
from mcp_transport.protocol.errors import Refused
from mcp_transport.threads import PoolExhausted, ThreadPool

logger = logging.getLogger(__name__)

BURNT = (
    "The ticket is unknown, used, expired, or was issued for another server or page; get another."
)
LOGGED_OUT = "The session of the site that opened this has ended; log in again."
NO_USER = "A ticket stands for a user; send the credentials of one."

Who = Callable[[], Awaitable[Principal]]
Stands = Callable[[int], bool]
_announced: list[Stands] = []


def announce_grants(stands: Stands) -> None:
    """Have one asked, where the ORM may be used, whether a grant of its app still stands."""
    _announced.append(stands)


def still(who: Who) -> Callable[[Principal], Awaitable[Principal]]:
    """The same for what runs on a connection, which itself ends with the credential."""

    async def who_now(before: Principal) -> Principal:
        try:
            return await who()
        except Refused:
            return before

    return who_now


class Opening:
    """
    Finds out who opens a connection.

    Gives a function that says so again later: with the rights of that moment,
    or raising InvalidToken when the credential has ended.
    """

    def __init__(self, chain: AuthenticatorChain, pool: ThreadPool) -> None:
        self._chain = chain
        self._pool = pool
        self._cache = PrincipalCache()

    async def identify(
        self,
        headers: Mapping[bytes, bytes],
        *,
        ticket: str | None,
        server_id: int,
        is_same_origin: bool,
    ) -> Who:
        """
        Who sent these headers, as a function to be asked now and again.

        Raises InvalidToken for a ticket that opens nothing here; it is burnt.
        """
        if ticket is not None:
            origin = _origin(headers)
            principal = await self._run(redeem, ticket, server_id, origin)
            # By the ticket: what has one key may come with other scopes, or for longer.
            return partial(self._recall, ticket, reload, principal)
        principal = await self._chain.authenticate(headers)
        session_key = _session_key(headers) if is_same_origin else None
        if principal.is_anonymous and session_key is not None:
            by_cookie = partial(self._recall, session_key, load_session_user, session_key)
            with contextlib.suppress(InvalidToken):  # nobody is logged in
                await by_cookie()
                return by_cookie
        return partial(self._chain.authenticate, headers)

    async def issue_ticket(
        self, principal: Principal, headers: Mapping[bytes, bytes], server_id: int
    ) -> str:
        """
        A ticket for the sender of these headers, good for one server and page.

        Raises CredentialsRequired for somebody who is no user.
        """
        if principal.user.pk is None:
            raise CredentialsRequired(NO_USER)
        value: str = await self._run(issue, principal, server_id, _origin(headers))
        return value

    def forget(self) -> None:
        """Drop what is cached of any credential: users or tokens have changed."""
        self._cache = PrincipalCache()
        self._chain.forget()

    async def _recall(
        self, name: str, load: Callable[[Any], Principal], credential: Any
    ) -> Principal:
        key, cache = sha256(name.encode()).digest(), self._cache
        principal = cache.get(key)
        if principal is None:
            asked_at = time.monotonic()
            principal = await self._run(load, credential)
            cache.put(key, principal, until=asked_at + fresh_for(principal))
        return principal

    async def _run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            async with asyncio.timeout(settings.MCP_DATABASE_PATIENCE):
                return await self._pool.run(function, *arguments)
        except (AnyDatabaseError, PoolExhausted, TimeoutError) as exc:
            logger.exception("A credential could not be looked up.")
            raise AuthenticationUnavailable from exc


def issue(principal: Principal, server_id: int, origin: str) -> str:
    """Write a ticket down; its value."""
    credential = {
        "key": principal.key,
        "identity_id": principal.identity_id,
        "grant_id": principal.grant_id,
        "scopes": None if principal.scopes is None else sorted(principal.scopes),
        "server_ids": None if principal.server_ids is None else sorted(principal.server_ids),
        "expires_at": principal.expires_at,
    }
    return Ticket.objects.issue(
        server_id=server_id,
        user=principal.user,
        token_id=principal.token_id,
        credential=credential,
        origin=origin,
    )


def redeem(value: str, server_id: int, origin: str) -> Principal:
    """Burn a ticket; who it stands for."""
    ticket = Ticket.objects.burn(value, server_id=server_id, origin=origin)
    if ticket is None:
        raise InvalidToken(BURNT)
    credential = dict(ticket.credential)
    for limit in ("server_ids", "scopes"):
        credential[limit] = None if credential[limit] is None else frozenset(credential[limit])
    return reload(principal_of(ticket.user, token_id=ticket.token_id, **credential))


def reload(principal: Principal) -> Principal:
    """The same user and credential with the rights of now. Raises InvalidToken."""
    if principal.token_id is not None:
        token = Token.objects.usable().select_related("owner").filter(pk=principal.token_id).first()
        if token is None:
            raise InvalidToken(REFUSAL)
        return present(token)
    is_over = principal.expires_at is not None and principal.expires_at <= time.time()
    user = get_user_model()._default_manager.filter(pk=principal.user.pk, is_active=True).first()
    is_over = is_over or not (_is_linked(principal) and _is_let_in(principal))
    if user is None or is_over:
        raise InvalidToken(REFUSAL)
    return principal_of(
        user,
        key=principal.key,
        identity_id=principal.identity_id,
        grant_id=principal.grant_id,
        scopes=principal.scopes,
        server_ids=principal.server_ids,
        expires_at=principal.expires_at,
    )


def _is_linked(principal: Principal) -> bool:
    """Whether the user is still who another authorization server says they are."""
    if principal.identity_id is None:
        return True
    found = Identity.objects.filter(pk=principal.identity_id, user=principal.user.pk)
    return found.exists()


def _is_let_in(principal: Principal) -> bool:
    """Whether the client that came with a grant of the user's still has it."""
    grant_id = principal.grant_id
    return grant_id is None or any(stands(grant_id) for stands in _announced)


def load_session_user(session_key: str) -> Principal:
    """The user who is logged in with a session of the site. Raises InvalidToken."""
    store = import_module(django_settings.SESSION_ENGINE).SessionStore(session_key)
    # It compares the hash of the password, too: a new password ends what the old one opened.
    user = get_user(SimpleNamespace(session=store))  # type: ignore[arg-type]  # it reads the session alone
    if user.is_anonymous or not user.is_active:
        raise InvalidToken(LOGGED_OUT)
    return principal_of(user)


def _session_key(headers: Mapping[bytes, bytes]) -> str | None:
    if not apps.is_installed("django.contrib.sessions"):
        return None
    cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
    return cookies.get(django_settings.SESSION_COOKIE_NAME) or None


def _origin(headers: Mapping[bytes, bytes]) -> str:
    return headers.get(b"origin", b"").decode("latin-1").lower()[:300]
