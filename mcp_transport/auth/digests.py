"""
What authenticators have in common whose tokens are rows, found by their digest.

A row is read at most once for each token and cache lifetime, simultaneous
requests share the reading, and nobody gets in while the database is away.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from typing import ClassVar

from django.db import Error as AnyDatabaseError

from mcp_transport.auth.authenticators import Authenticator
from mcp_transport.auth.errors import AuthenticationUnavailable, InvalidToken
from mcp_transport.auth.look_ups import LookUps
from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.models.token_value import digest
from mcp_transport.storage.rows import DatabaseAway, RowPool
from mcp_transport.threads import PoolExhausted

logger = logging.getLogger(__name__)

LAST_USES_LIMIT = 5.0  # seconds that the end of the process waits for them
# Of its own pool: who asks is found out though other rows are waited for.
THREADS = 2


class DigestAuthenticator(Authenticator):
    """
    Looks bearer tokens up by digest; a subclass says which, and what a row means.

    Only the Authorization header is read: a token in a URL ends up in logs.
    """

    #: What the tokens of the kind begin with, and no others.
    prefix: ClassVar[str]

    def __init__(self) -> None:
        self._pool = RowPool(THREADS, 1000, "mcp-auth", patience=settings.MCP_DATABASE_PATIENCE)
        self._look_ups = LookUps()
        self._uses: set[asyncio.Task[None]] = set()

    @abstractmethod
    def is_well_formed(self, value: str) -> bool:
        """Whether a value with the prefix could have been issued."""

    @abstractmethod
    def load(self, token_digest: str) -> tuple[Principal, int | None]:
        """
        Read whom a token stands for; and the key of the row whose use is to be written down.

        Runs in a thread, where the ORM may be used. Raises InvalidToken.
        """

    @abstractmethod
    def write_use(self, key: int) -> None:
        """Note that a token is in use, unless another worker process just did."""

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Give the token's owner as the token presents them."""
        header = headers.get(b"authorization")
        if header is None:
            return None
        return self.recall(headers) or await self._authenticate_anew(header)

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """See Authenticator.recall()."""
        header = headers.get(b"authorization")
        return None if header is None else self._look_ups.recall(sha256(header).digest())

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        """See Authenticator.ignores()."""
        header = headers.get(b"authorization")
        return header is None or not _value(header).startswith(self.prefix)

    def forget(self) -> None:
        """Look every token up again, also those that are being looked up."""
        self._look_ups.forget()

    async def close(self) -> None:
        """Write the last uses down and let the threads go."""
        if self._uses:
            await asyncio.wait(self._uses, timeout=LAST_USES_LIMIT)
        await self._pool.stop(1.0)

    async def _authenticate_anew(self, header: bytes) -> Principal | None:
        value = _value(header)
        if not value.startswith(self.prefix):
            return None
        if not self.is_well_formed(value):
            raise InvalidToken("The token is mistyped or cut off: its checksum does not fit.")
        key = sha256(header).digest()
        return await self._look_ups.find(key, partial(self._look_up, digest(value)))

    async def _look_up(self, token_digest: str) -> Principal:
        try:
            principal, used = await self._pool.read(self.load, token_digest)
        except DatabaseAway as exc:
            raise AuthenticationUnavailable from exc
        except AnyDatabaseError as exc:
            logger.exception("A token could not be looked up.")
            raise AuthenticationUnavailable from exc
        if used is not None:
            self._note_use(used)
        return principal

    def _note_use(self, key: int) -> None:
        task = asyncio.create_task(self._write_use(key))
        self._uses.add(task)
        task.add_done_callback(self._uses.discard)

    async def _write_use(self, key: int) -> None:
        try:
            await self._pool.run(self.write_use, key)
        except (AnyDatabaseError, PoolExhausted):  # a hint for people; the next minute has another
            logger.warning("The last use of token %s was not written.", key)


def _value(header: bytes) -> str:
    """What a header of the scheme presents; empty for another scheme."""
    scheme, _, value = header.decode("latin-1").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
