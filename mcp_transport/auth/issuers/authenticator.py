"""Tokens of the authorization servers that MCP_ISSUERS names."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError

from mcp_transport.auth.authenticators import Authenticator
from mcp_transport.auth.errors import AuthenticationUnavailable
from mcp_transport.auth.issuers.claims import Account
from mcp_transport.auth.issuers.configuration import Issuer, configured
from mcp_transport.auth.issuers.people import Unknown, admit, present_account
from mcp_transport.auth.look_ups import LookUps
from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.storage.rows import DatabaseAway, RowPool
from mcp_transport.threads import PoolExhausted

if TYPE_CHECKING:
    from mcp_transport.auth.issuers.verification import Verification

logger = logging.getLogger("mcp_transport.issuers")

# Of its own pool: who asks is found out though other rows are waited for.
THREADS = 2
OWN = re.compile(rb"bearer +mcp[a-z]?_", re.IGNORECASE)  # what the site issues itself
BEARER = re.compile(rb"bearer +([\x21-\x7e]+) *", re.IGNORECASE)


class IssuerAuthenticator(Authenticator):
    """
    Lets in whom an issuer of the setting vouches for; idle where it names none.

    Only the Authorization header is read, and the token goes nowhere but to
    the issuer that is asked about it.
    """

    def __init__(self) -> None:
        issuers = configured()
        self._verification = _verification(issuers) if issuers else None
        self._look_ups = LookUps()
        self._pool = RowPool(THREADS, 1000, "mcp-issuers", patience=settings.MCP_DATABASE_PATIENCE)

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Give the user whom the token's account is linked to."""
        verification = self._verification
        token = self._token(headers)
        if verification is None or token is None or verification.ignores(token):
            return None
        key = _key(headers)

        async def look_up() -> Principal | None:
            account = await verification.account(token)
            return None if account is None else await self._present(account)

        return self._look_ups.recall(key) or await self._look_ups.find(key, look_up)

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """See Authenticator.recall()."""
        if self._verification is None or b"authorization" not in headers:
            return None
        return self._look_ups.recall(_key(headers))

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        """See Authenticator.ignores()."""
        token = self._token(headers)
        return token is None or self._verification is None or self._verification.ignores(token)

    def forget(self) -> None:
        """See Authenticator.forget()."""
        self._look_ups.forget()

    async def close(self) -> None:
        """Ask for nothing any more, and let the threads go."""
        if self._verification is not None:
            await self._verification.close()
        await self._pool.stop(1.0)

    def _token(self, headers: Mapping[bytes, bytes]) -> str | None:
        header = headers.get(b"authorization", b"")
        if self._verification is None or OWN.match(header):
            return None
        found = BEARER.fullmatch(header)
        return found[1].decode() if found else None

    async def _present(self, account: Account) -> Principal:
        try:
            try:
                return await self._pool.read(present_account, account)
            except Unknown:
                async with asyncio.timeout(settings.MCP_DATABASE_PATIENCE):
                    await self._pool.run(admit, account)
            return await self._pool.read(present_account, account)
        except (DatabaseAway, PoolExhausted, TimeoutError, Unknown) as exc:
            raise AuthenticationUnavailable from exc
        except AnyDatabaseError as exc:
            logger.exception("An account could not be looked up.")
            raise AuthenticationUnavailable from exc


def _key(headers: Mapping[bytes, bytes]) -> bytes:
    return sha256(headers[b"authorization"]).digest()


def _verification(issuers: Mapping[str, Issuer]) -> Verification:
    try:
        module = import_module("mcp_transport.auth.issuers.verification")
    except ImportError as error:
        raise ImproperlyConfigured(
            f"MCP_ISSUERS needs a package that is not installed ({error}); install"
            " django-mcp-transport with the extra 'oauth'."
        ) from error
    made: Verification = module.Verification(issuers)
    return made
