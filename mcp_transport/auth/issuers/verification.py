"""Whether a token is one of an issuer's, and whom it presents."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from mcp_transport.auth.errors import REFUSAL, AuthenticationUnavailable, InvalidToken
from mcp_transport.auth.issuers import tokens
from mcp_transport.auth.issuers.asking import Asking, IssuerAway
from mcp_transport.auth.issuers.claims import Account, Unfit, account_of, require_access_token
from mcp_transport.auth.issuers.configuration import ACCESS_TOKEN, Issuer
from mcp_transport.auth.issuers.keys import Keys, UnknownKey

logger = logging.getLogger("mcp_transport.issuers")


class Verification:
    """Knows the issuers of the setting, and asks them as often as it has to."""

    def __init__(self, issuers: Mapping[str, Issuer]) -> None:
        self._askings = {url: Asking(issuer) for url, issuer in issuers.items()}
        self._keys = {url: Keys(asking) for url, asking in self._askings.items()}
        self._introspecting = tuple(
            asking for asking in self._askings.values() if asking.issuer.introspection
        )

    def ignores(self, token: str) -> bool:
        """Whether no issuer can have issued a token, as its form tells."""
        return not self._introspecting and not tokens.is_signed(token)

    async def account(self, token: str) -> Account | None:
        """
        Whom a token presents; None for one that is no issuer's.

        Raises InvalidToken, and AuthenticationUnavailable while an issuer is away.
        """
        if len(token) > tokens.MAX_LENGTH:
            raise InvalidToken(REFUSAL)
        issuer = ""
        try:
            if tokens.is_signed(token):
                signed = tokens.parse(token)
                issuer = str(signed.claims.get("iss", ""))
                if issuer not in self._askings:
                    return None
                asking = self._askings[issuer]
                if asking.issuer.introspection is None:
                    return await self._verify(asking.issuer, signed)
                return await self._introspect(asking, token)
            return await self._ask_all(token)
        except Unfit as unfit:
            # Never the token, nor what it says: whoever reads the log could use it.
            logger.info("A token of %s was refused: %s", issuer or "an unknown issuer", unfit)
            raise InvalidToken(REFUSAL) from None
        except IssuerAway as away:
            logger.warning("A token could not be checked: %s", away)
            raise AuthenticationUnavailable from None

    async def close(self) -> None:
        """Close all connections."""
        for keys in self._keys.values():
            await keys.close()

    async def _verify(self, issuer: Issuer, signed: tokens.SignedToken) -> Account:
        tokens.check_header(signed, issuer)
        try:
            key = await self._keys[issuer.url].find(signed.key_id, signed.algorithm)
        except UnknownKey:
            raise Unfit("the issuer has no such key (kid)") from None
        tokens.check_signature(signed, key)
        require_access_token(issuer, signed.typ, signed.claims)
        return account_of(issuer, signed.claims, now=time.time())

    async def _ask_all(self, token: str) -> Account | None:
        """Ask each issuer about a token that does not tell whose it is."""
        is_away = None
        for asking in self._introspecting:
            try:
                account = await self._introspect(asking, token)
            except IssuerAway as away:
                is_away = away
            else:
                if account is not None:
                    return account
        if is_away is not None:
            raise is_away
        return None

    async def _introspect(self, asking: Asking, token: str) -> Account | None:
        claims: dict[str, Any] = dict(await asking.introspect(token))
        if claims.get("active") is not True:
            return None
        claims.setdefault("iss", asking.issuer.url)  # RFC 7662, section 2.2: it may say so
        require_access_token(asking.issuer, ACCESS_TOKEN, claims)
        return account_of(asking.issuer, claims, now=time.time())
