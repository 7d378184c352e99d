"""
What shows a remote server who asks: headers of the settings, or a token.

A token is asked for with the client's own credentials, once for all calls, and
kept until it expires. It goes to the server's origin alone, and the secret it
was asked with to that of the token's.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import msgspec

from mcp_transport.outgoing.configuration import SHORTEST_SECRET, basic, is_text
from mcp_transport.outgoing.exchanging import Answer, TooLarge, Undecodable, exchange, reason
from mcp_transport.outgoing.network import Refused
from mcp_transport.sources.foreign.errors import Away
from mcp_transport.sources.remote.upstreams import Grant, Upstream

logger = logging.getLogger("mcp_transport.remote")

MAX_BYTES = 64 * 1024  # of a token's answer
EARLY = 30.0  # seconds before its end at which a token is not used any more
SHORTEST_LIFE = 5.0
PAUSE = 1.0  # seconds without a question after one that brought no token
USUAL_LIFE = 3600.0  # seconds, where the answer does not say
MASK = b"[hidden]"


class Credentials:
    """The headers for one server, and what of them no answer may repeat."""

    def __init__(self, upstream: Upstream, transport: httpx.AsyncBaseTransport) -> None:
        self._upstream = upstream
        self._transport = transport
        self._token = ""
        self._expires_at = 0.0  # of the monotonic clock
        self._quiet_until = 0.0
        self._renewing = asyncio.Lock()
        self._secrets = tuple(form for secret in upstream.secrets for form in _forms(secret))

    async def headers(self) -> dict[str, str]:
        """What is sent with a request. Raises Away where there is no token."""
        sent = dict(self._upstream.headers)
        if self._upstream.grant is not None:
            sent["Authorization"] = f"Bearer {await self._current(self._upstream.grant)}"
        return sent

    def discard(self, sent: dict[str, str]) -> bool:
        """Whether other credentials can be had than those that were refused."""
        if self._upstream.grant is None:
            return False
        if sent.get("Authorization") == f"Bearer {self._token}":
            self._expires_at = 0.0
        return True

    def masked(self, data: bytes) -> bytes:
        """What came back, without the credentials that it may repeat."""
        for secret in self._secrets:
            data = data.replace(secret, MASK)
        if len(self._token) >= SHORTEST_SECRET:
            for form in _forms(self._token):
                data = data.replace(form, MASK)
        return data

    async def _current(self, grant: Grant) -> str:
        async with self._renewing:
            if not self._token or time.monotonic() >= self._expires_at:
                await self._renew(grant)
            return self._token

    async def _renew(self, grant: Grant) -> None:
        asked_at = time.monotonic()
        if asked_at < self._quiet_until:
            raise Away(self._problem)
        answer = await self._ask(grant)
        try:
            found = msgspec.json.decode(answer.body)
            token, kind = found["access_token"], str(found.get("token_type", "Bearer"))
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            raise self._failed(f"status {answer.status}, and no token") from None
        is_token = is_text(token) and token.isascii() and bool(token)
        if not 200 <= answer.status < 300 or not is_token or kind.lower() != "bearer":
            raise self._failed(f"status {answer.status}")
        self._token = token
        self._expires_at = asked_at + _life(found.get("expires_in"))

    async def _ask(self, grant: Grant) -> Answer:
        form = {"grant_type": "client_credentials"}
        form["resource"] = grant.resource or self._upstream.url.partition("?")[0]
        if grant.scope:
            form["scope"] = grant.scope
        headers = {
            "Host": httpx.URL(grant.token_url).netloc.decode(),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if grant.client_auth == "post":
            form |= {"client_id": grant.client_id, "client_secret": grant.client_secret}
        else:  # each is form-encoded first (RFC 6749, section 2.3.1)
            pair = quote_plus(grant.client_id), quote_plus(grant.client_secret)
            headers["Authorization"] = f"Basic {basic(*pair)}"
        request = httpx.Request(
            "POST", grant.token_url, headers=headers, content=urlencode(form).encode()
        )
        try:
            return await exchange(
                self._transport, request, within=self._upstream.start_timeout, limit=MAX_BYTES
            )
        except (TooLarge, Undecodable, TimeoutError, httpx.TransportError, Refused) as error:
            raise self._failed(reason(error)) from None

    def _failed(self, why: str) -> Away:
        self._quiet_until = time.monotonic() + PAUSE
        logger.error("%s gets no token: %s", self._upstream.place, why)
        return Away(self._problem)

    @property
    def _problem(self) -> str:
        return f"{self._upstream.name} cannot be asked: the site has no token for it."


def _life(seconds: Any) -> float:
    life = float(seconds) if type(seconds) in (int, float) and seconds > 0 else USUAL_LIFE
    return max(min(SHORTEST_LIFE, life), life - EARLY)


def _forms(secret: str) -> tuple[bytes, ...]:
    """A text as JSON may have it: as it is, in ASCII, and with slashes escaped."""
    plain, ascii_only = secret.encode(), json.dumps(secret)[1:-1].encode()
    escaped = msgspec.json.encode(secret)[1:-1]
    found = (plain, escaped, ascii_only, escaped.replace(b"/", b"\\/"))
    return tuple(dict.fromkeys(found))
