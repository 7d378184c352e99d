"""
Checkpoints: how far a chain was, signed with the site's key.

Who can write to the database, and does not have the key, can neither make one
nor change one. What they can do is delete one: each is logged, too, so that a
log kept elsewhere knows of it.
"""

from __future__ import annotations

import datetime
import logging
import time
from collections.abc import Sequence
from typing import Any

from django.core.signing import Signer
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.crypto import constant_time_compare, salted_hmac

from mcp_transport.audit.chain import ChainedInsert, Head
from mcp_transport.models import AuditCheckpoint
from mcp_transport.storage.statements import Row, Statement

logger = logging.getLogger("mcp_transport.audit")

SALT = "mcp_transport.audit.checkpoints"


def make(worker: str, head: Head, *, is_cut: bool = False) -> AuditCheckpoint:
    """Return a checkpoint of a chain, signed and not saved."""
    checkpoint = AuditCheckpoint(
        worker=worker,
        sequence=head[0],
        digest=head[1],
        created_at=datetime.datetime.now(datetime.UTC),
        is_cut=is_cut,
    )
    sign(checkpoint)
    return checkpoint


def sign(checkpoint: AuditCheckpoint) -> None:
    """Sign what the checkpoint says now."""
    checkpoint.signature = _signature(checkpoint, Signer(salt=SALT).key)


def is_genuine(checkpoint: AuditCheckpoint) -> bool:
    """Whether the site signed this, with its key or one of SECRET_KEY_FALLBACKS."""
    signer = Signer(salt=SALT)
    return any(
        constant_time_compare(checkpoint.signature, _signature(checkpoint, key))
        for key in (signer.key, *signer.fallback_keys)
    )


def _signature(checkpoint: AuditCheckpoint, key: Any) -> str:
    says = (
        checkpoint.worker,
        checkpoint.sequence,
        checkpoint.digest,
        checkpoint.created_at.astimezone(datetime.UTC).isoformat(),
        checkpoint.is_cut,
    )
    return salted_hmac(SALT, repr(says), key, algorithm="sha256").hexdigest()


class Checkpoint(Statement):
    """
    Writes a checkpoint of one worker process's chain, if it has grown.

    Its row is empty: what it says is found out when the rows that were handed
    over before it are down.
    """

    def __init__(self, chain: ChainedInsert) -> None:
        super().__init__("")
        self._chain = chain
        self._executed: Head | None = None
        self.sequence = 0  # how far the newest checkpoint reaches
        self.made_at = time.monotonic()

    @property
    def rows_since(self) -> int:
        """The rows that no checkpoint counts yet."""
        return self._chain.sequence - self.sequence

    def execute(
        self, connection: BaseDatabaseWrapper, rows: Sequence[Row], *, is_repeated: bool
    ) -> None:
        head = self._chain.head(connection, is_repeated=is_repeated)
        self._executed = head
        if head[0] > self.sequence:
            checkpoint = make(self._chain.worker, head)
            checkpoints = AuditCheckpoint.objects.using(connection.alias)
            # Signed in the writer's thread: of what is down, not of what was handed over.
            # A batch that is repeated may find its checkpoint there already.
            checkpoints.bulk_create([checkpoint], ignore_conflicts=True)

    def committed(self) -> None:
        if self._executed and self._executed[0] > self.sequence:
            self.sequence, digest = self._executed
            logger.info("Checkpoint: %s %d %s", self._chain.worker, self.sequence, digest)
        self.made_at = time.monotonic()

    def rolled_back(self) -> None:
        self._executed = None
