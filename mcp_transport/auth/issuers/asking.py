"""What an issuer is asked over HTTP: its metadata, its keys, what it knows of a token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec
from django.conf import settings as django_settings

from mcp_transport.auth.issuers.configuration import Issuer, address_problem
from mcp_transport.auth.issuers.discovery import addresses_of
from mcp_transport.outgoing.configuration import basic
from mcp_transport.outgoing.exchanging import Answer, TooLarge, Undecodable, exchange, reason
from mcp_transport.outgoing.network import GuardedTransport, Refused

PATIENCE = 5.0  # seconds for everything that one token asks for
METADATA_BYTES = 64 * 1024
JWKS_BYTES = 256 * 1024
ANSWER_BYTES = 64 * 1024
MOST_CONNECTIONS = 10
NEVER = float("-inf")
APART = 2.0  # seconds between two looks for metadata that is not there
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FAILURES = (httpx.TransportError, httpx.InvalidURL, TimeoutError, TooLarge, Undecodable, Refused)


class IssuerAway(Exception):
    """An issuer does not say what is asked of it; the text says why, for the operator."""


class Asking:
    """Asks one issuer."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        here = LOOPBACK if django_settings.DEBUG else frozenset()
        self._transport = GuardedTransport(
            issuer.private_hosts | here,
            ca_file=issuer.ca_file,
            most_connections=MOST_CONNECTIONS,
        )
        self._metadata: Mapping[str, Any] = {}
        self._missed_at = NEVER  # monotonic seconds

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def keys(self) -> list[Any]:
        """The keys that the issuer signs with now, as it publishes them. Raises IssuerAway."""
        async with _in_time():
            url = self.issuer.jwks_url or await self._address_of("jwks_uri")
            answer = await self._send("GET", url, JWKS_BYTES)
        keys = _members(answer, url).get("keys")
        if not isinstance(keys, list):
            raise IssuerAway(f"{url} is no set of keys")
        return keys

    async def introspect(self, token: str) -> Mapping[str, Any]:
        """What the issuer knows of a token (RFC 7662). Raises IssuerAway."""
        asking = self.issuer.introspection
        assert asking is not None  # noqa: S101 - only such issuers are asked
        # RFC 6749, section 2.3.1: both are encoded before they are joined.
        names = basic(quote(asking.client_id, safe=""), quote(asking.client_secret, safe=""))
        async with _in_time():
            url = asking.url or await self._address_of("introspection_endpoint")
            headers = {
                "Authorization": f"Basic {names}",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            form = urlencode({"token": token, "token_type_hint": "access_token"})
            answer = await self._send("POST", url, ANSWER_BYTES, headers, form.encode())
        return _members(answer, url)

    async def _address_of(self, name: str) -> str:
        """An address that the metadata names; this is not looked for all the time."""
        if name not in self._metadata:
            if time.monotonic() - self._missed_at < APART:
                raise IssuerAway(f"its {name} was not to be found a moment ago")
            try:
                self._metadata = await self._find_metadata()
            finally:
                is_missing = name not in self._metadata
                self._missed_at = time.monotonic() if is_missing else NEVER
        url = self._metadata.get(name)
        if not isinstance(url, str) or address_problem(url):
            raise IssuerAway(f"its metadata has no {name} that could be asked")
        return url

    async def _find_metadata(self) -> Mapping[str, Any]:
        tried = []
        for url in addresses_of(self.issuer.url):
            try:
                metadata = _members(await self._send("GET", url, METADATA_BYTES), url)
            except IssuerAway as away:
                tried.append(str(away))
                continue
            # RFC 8414, section 3.3: exactly.
            if metadata.get("issuer") == self.issuer.url:
                return metadata
            tried.append(f"{url} is the metadata of another issuer")
        raise IssuerAway("; ".join(tried))

    async def _send(
        self,
        method: str,
        url: str,
        limit: int,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        where = url.partition("?")[0]
        accepting = {"Accept": "application/json", **(headers or {})}
        try:
            request = httpx.Request(method, url, headers=accepting, content=content)
            return await exchange(self._transport, request, within=PATIENCE, limit=limit)
        except FAILURES as error:
            told = str(error) if isinstance(error, Refused) else reason(error)
            raise IssuerAway(f"{where}: {told}") from None


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Give an issuer its time, after which it is away."""
    try:
        async with asyncio.timeout(PATIENCE):
            yield
    except TimeoutError:
        raise IssuerAway("no answer in time") from None


def _members(answer: Answer, url: str) -> Mapping[str, Any]:
    """The object in an answer. Raises IssuerAway."""
    where = url.partition("?")[0]
    if answer.status != 200:
        raise IssuerAway(f"{where} answers with {answer.status}")
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IssuerAway(f"{where} is no JSON") from None
    if not isinstance(found, dict):
        raise IssuerAway(f"{where} is no JSON object")
    return found
