"""How a call's row comes into the table, and whether the answer waits for it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Generator
from enum import StrEnum
from typing import Any

import msgspec

from mcp_transport.audit.chain import ChainedInsert
from mcp_transport.audit.checkpoints import Checkpoint
from mcp_transport.audit.record import CallRecord
from mcp_transport.conf import settings
from mcp_transport.storage.writer import Stage, Writer


class Recording(StrEnum):
    """The values of MCP_CALL_RECORDING."""

    DURABLE = "durable"  # the answer waits for the row's commit
    BATCHED = "batched"  # the row follows within a fraction of a second
    OFF = "off"


class Nothing:
    """What need not be waited for."""

    def __await__(self) -> Generator[Any, Any, None]:
        return
        yield


AT_ONCE = Nothing()


class Recorder:
    """
    Hands the calls of one worker process to the writer.

    No two processes, and no two recorders of a process that run at once, may
    have the same worker id: it names the chain.
    """

    def __init__(self, writer: Writer, mode: str, worker_id: str) -> None:
        self.mode = Recording(mode)
        self.is_on = self.mode is not Recording.OFF
        self._writer = writer
        self._statement = ChainedInsert(worker_id)
        self._checkpoint = Checkpoint(self._statement)

    @property
    def is_available(self) -> bool:
        """Whether a call can be answered, as far as is known before it is begun."""
        if self._writer.is_full:
            return not self.is_on
        return self.mode is not Recording.DURABLE or not self._writer.is_away

    def record(self, call: CallRecord) -> Awaitable[None]:
        """
        Keep a call; in durable mode what is returned waits for its row's commit.

        In batched mode a flood waits, too, as soon as the queue is half full.
        While the database is away the row is kept for later and the error is
        raised all the same: the caller must not answer as if it were stored.

        Raises: WriterFull at once, or OperationalError when it is awaited.
        """
        if self.mode is Recording.DURABLE or (
            self.mode is Recording.BATCHED and self._writer.is_crowded
        ):
            row = msgspec.structs.astuple(call)
            return self._writer.write(self._statement, row, is_kept=True, stage=Stage.DONE)
        self.post(call)
        return AT_ONCE

    def post(self, call: CallRecord, *, stage: Stage = Stage.DONE) -> None:
        """
        Keep a call whose answer does not wait for its row, in either mode.

        One that was not carried out is of an earlier stage.

        Raises: WriterFull.
        """
        if self.is_on:
            self._writer.post(self._statement, msgspec.structs.astuple(call), stage=stage)

    def checkpoint_if_due(self) -> None:
        """
        Vouch for the rows so far when they are many enough, or old enough.

        Raises: WriterFull.
        """
        rows = self._checkpoint.rows_since
        age = time.monotonic() - self._checkpoint.made_at
        if rows >= settings.MCP_CHECKPOINT_ROWS or (
            rows and age >= settings.MCP_CHECKPOINT_INTERVAL
        ):
            self.checkpoint()

    def checkpoint(self) -> None:
        """
        Vouch for every row that was handed over so far.

        Raises: WriterFull.
        """
        if self.is_on:
            self._writer.post(self._checkpoint, (), stage=Stage.DONE)
