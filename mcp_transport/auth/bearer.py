"""Tokens of the site's own, sent as ``Authorization: Bearer mcp_…``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from hashlib import sha256

from django.contrib.auth import get_user_model
from django.db import Error as AnyDatabaseError

from mcp_transport.auth.authenticators import Authenticator
from mcp_transport.auth.cache import PrincipalCache, fresh_for
from mcp_transport.auth.errors import REFUSAL, AuthenticationUnavailable, InvalidToken
from mcp_transport.auth.principal import Principal, present
from mcp_transport.conf import settings
from mcp_transport.models import Token
from mcp_transport.models.token_value import PREFIX, digest, is_well_formed
from mcp_transport.storage.readings import Parameter, Reading
from mcp_transport.storage.rows import DatabaseAway, RowPool
from mcp_transport.threads import PoolExhausted

logger = logging.getLogger(__name__)

#: By the digest of the token. Read once a second for each that is in use.
TOKENS = Reading(lambda: Token.objects.filter(digest=Parameter("digest")))
OWNERS = Reading(
    lambda: get_user_model()._base_manager.filter(mcp_tokens__digest=Parameter("digest"))
)
SERVERS = Reading(
    lambda: Token.servers.through._base_manager.filter(
        token__digest=Parameter("digest")
    ).values_list("server_id")
)

LAST_USES_LIMIT = 5.0  # seconds that the end of the process waits for them
# Of its own pool: who asks is found out though other rows are waited for.
THREADS = 2


class BearerAuthenticator(Authenticator):
    """
    Looks tokens up by digest, at most once per token and cache lifetime.

    Only the Authorization header is read: a token in a URL ends up in logs.
    """

    def __init__(self) -> None:
        self._cache = PrincipalCache()
        self._pool = RowPool(THREADS, 1000, "mcp-auth", patience=settings.MCP_DATABASE_PATIENCE)
        self._look_ups: dict[bytes, asyncio.Task[Principal]] = {}
        self._uses: set[asyncio.Task[None]] = set()

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Give the token's owner as the token presents them."""
        header = headers.get(b"authorization")
        if header is None:
            return None
        return self.recall(headers) or await self._authenticate_anew(header)

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """See Authenticator.recall()."""
        header = headers.get(b"authorization")
        return None if header is None else self._cache.get(sha256(header).digest())

    def ignores(self, headers: Mapping[bytes, bytes]) -> bool:
        """See Authenticator.ignores()."""
        header = headers.get(b"authorization")
        return header is None or not _value(header).startswith(PREFIX)

    def forget(self) -> None:
        """Look every token up again, also those that are being looked up."""
        self._cache, self._look_ups = PrincipalCache(), {}

    async def close(self) -> None:
        """Write the last uses down and let the threads go."""
        if self._uses:
            await asyncio.wait(self._uses, timeout=LAST_USES_LIMIT)
        await self._pool.stop(1.0)

    async def _authenticate_anew(self, header: bytes) -> Principal | None:
        value = _value(header)
        if not value.startswith(PREFIX):
            return None
        if not is_well_formed(value):
            raise InvalidToken("The token is mistyped or cut off: its checksum does not fit.")
        return await self._look_up_once(sha256(header).digest(), digest(value))

    async def _look_up_once(self, key: bytes, token_digest: str) -> Principal:
        """Let simultaneous requests with one token share one look-up."""
        look_ups = self._look_ups
        task = look_ups.get(key)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.create_task(self._look_up(key, token_digest))
            look_ups[key] = task
            task.add_done_callback(lambda done: _look_up_ended(look_ups, key, done))
        # Shielded: a request that is given up must not fail those that wait with it.
        return await asyncio.shield(task)

    async def _look_up(self, key: bytes, token_digest: str) -> Principal:
        cache = self._cache
        asked_at = time.monotonic()  # revocation counts from the question, not the answer
        try:
            principal, is_use_due = await self._pool.read(load_principal, token_digest)
        except DatabaseAway as exc:
            raise AuthenticationUnavailable from exc
        except AnyDatabaseError as exc:
            logger.exception("A token could not be looked up.")
            raise AuthenticationUnavailable from exc
        if is_use_due and principal.token_id is not None:
            self._note_use(principal.token_id)
        cache.put(key, principal, until=asked_at + fresh_for(principal))
        return principal

    def _note_use(self, token_id: int) -> None:
        task = asyncio.create_task(self._write_use(token_id))
        self._uses.add(task)
        task.add_done_callback(self._uses.discard)

    async def _write_use(self, token_id: int) -> None:
        try:
            await self._pool.run(write_use, token_id)
        except (AnyDatabaseError, PoolExhausted):  # a hint for people; the next minute has another
            logger.warning("The last use of token %s was not written.", token_id)


def _value(header: bytes) -> str:
    """What a header of the scheme presents; empty for another scheme."""
    scheme, _, value = header.decode("latin-1").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _look_up_ended(
    look_ups: dict[bytes, asyncio.Task[Principal]], key: bytes, task: asyncio.Task[Principal]
) -> None:
    look_ups.pop(key, None)
    if not task.cancelled():
        task.exception()  # retrieved, though every waiter may have gone


def load_principal(token_digest: str) -> tuple[Principal, bool]:
    """
    Read a token and its owner's rights; and whether its use is to be written down.

    Raises: InvalidToken.
    """
    tokens = TOKENS.instances(digest=token_digest)
    owners = OWNERS.instances(digest=token_digest)
    for token, owner in zip(tokens, owners, strict=False):  # one of each, or none
        if token.is_usable and owner.is_active:
            token.owner = owner
            servers = SERVERS.rows(digest=token_digest)
            return present(token, [server_id for (server_id,) in servers]), token.is_use_due
    raise InvalidToken(REFUSAL)


def write_use(token_id: int) -> None:
    """Note that a token is in use, unless another worker process just did."""
    Token(pk=token_id).note_use()
