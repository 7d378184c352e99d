"""The keys of an issuer: kept, looked at again, and fetched no more often than need be."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, RSAKey

from mcp_transport.auth.issuers.asking import Asking, IssuerAway

logger = logging.getLogger("mcp_transport.issuers")

REFRESH_AFTER = 300.0  # seconds; it happens beside the requests
GOOD_FOR = 3600.0  # seconds without an answer of the issuer's
APART = 30.0  # seconds between two fetches because of a key that is not there
APART_WHEN_AWAY = 2.0  # the same after one that has failed
MOST_KEYS = 100
RSA_BITS = range(2048, 8193)
KINDS = {"R": "RSA", "P": "RSA", "E": "EC"}  # by the first letter of an algorithm; Ed25519 apart


class UnknownKey(Exception):
    """The issuer has no such key."""


class Keys:
    """The keys of one issuer."""

    def __init__(self, asking: Asking, clock: Callable[[], float] = time.monotonic) -> None:
        self._asking = asking
        self._clock = clock
        self._keys: tuple[Key, ...] = ()
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._failure = ""
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> Key:
        """
        The key of an id that an algorithm takes.

        Raises UnknownKey, and IssuerAway when that cannot be found out.
        """
        age = self._clock() - self._read_at
        key = self._find(kid, algorithm) if age < GOOD_FOR else None
        if key is None:
            await self._fetch_in_time()
            key = self._find(kid, algorithm)
        elif age >= REFRESH_AFTER and self._is_due():
            self._begin()
        if key is None:
            raise UnknownKey
        return key

    async def close(self) -> None:
        """Ask for nothing any more."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])
        await self._asking.close()

    async def _fetch_in_time(self) -> None:
        """Have the newest keys, unless they were fetched just now."""
        if self._fetching is None and self._is_due():
            self._begin()
        if self._fetching is not None:
            # Shielded: a request that is given up must not fail those that wait with it.
            await asyncio.shield(self._fetching)
        if self._failure:
            raise IssuerAway(self._failure)

    def _is_due(self) -> bool:
        apart = APART_WHEN_AWAY if self._failure else APART
        return self._fetching is None and self._clock() - self._tried_at >= apart

    def _begin(self) -> None:
        self._tried_at = self._clock()
        self._fetching = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            found = tuple(usable(await self._asking.keys()))
        except IssuerAway as away:
            self._failure = str(away)
            logger.warning("The keys of %s could not be fetched: %s", self._asking.issuer.url, away)
        else:
            self._keys, self._read_at, self._failure = found, self._clock(), ""
        finally:
            self._fetching = None

    def _find(self, kid: str | None, algorithm: str) -> Key | None:
        kind = "OKP" if algorithm == "Ed25519" else KINDS[algorithm[0]]
        found = [
            key
            for key in self._keys
            if key.key_type == kind and key.get("alg") in (None, algorithm)
            and (kid is None or key.get("kid") == kid)
        ]  # fmt: skip
        # Without an id it has to be clear which is meant.
        return found[0] if len(found) == 1 or (found and kid is not None) else None


def usable(published: Iterable[Any]) -> Iterable[Key]:
    """Yield the public keys that tokens can be checked with; the others are passed over."""
    for given in list(published)[:MOST_KEYS]:
        if not isinstance(given, dict) or given.get("kty") not in ("RSA", "EC", "OKP"):
            continue
        operations = given.get("key_ops", ["verify"])
        may_verify = isinstance(operations, list) and "verify" in operations
        # A private key that is published is nobody's.
        if not may_verify or given.get("use") not in (None, "sig") or "d" in given:
            continue
        try:
            key = JWKRegistry.import_key(given)
            is_good = not isinstance(key, RSAKey) or key.raw_value.key_size in RSA_BITS
        except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, KeyError):
            continue
        if is_good:
            yield key
