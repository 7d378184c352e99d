"""How a call's row comes into the table, and whether the answer waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Any, Protocol

import msgspec
from django.db import InterfaceError, OperationalError

from mcp_transport.audit.chain import ChainedInsert
from mcp_transport.audit.record import CallRecord
from mcp_transport.audit.redaction import Redactor
from mcp_transport.conf import settings
from mcp_transport.writer import Writer, WriterFull

MAX_REDACTORS = 4096  # definitions whose secret arguments are remembered


class Recording(StrEnum):
    """The values of MCP_CALL_RECORDING."""

    DURABLE = "durable"  # the answer waits for the row's commit
    BATCHED = "batched"  # the row follows within a fraction of a second
    OFF = "off"


class Entry(Protocol):
    """What the recorder asks of an entry: its definition, perhaps with a schema."""

    @property
    def definition(self) -> Any: ...


class Recorder:
    """
    Hands the calls of one worker process to the writer.

    No two processes, and no two recorders of a process that run at once, may
    have the same worker id: it names the chain.
    """

    def __init__(self, writer: Writer, mode: str, worker_id: str) -> None:
        self.mode = Recording(mode)
        self._writer = writer
        self._statement = ChainedInsert(worker_id)
        self._names = tuple(settings.MCP_REDACTED_ARGUMENTS)
        self._of_unknown = Redactor(self._names, {})
        self._redactors: dict[int, tuple[Any, Redactor]] = {}

    def redact(self, arguments: Mapping[str, Any], entry: Entry | None) -> str:
        """Return what is kept of the arguments: JSON without what is secret, or their size."""
        redactor = self._of_unknown if entry is None else self._redactor(entry.definition)
        return redactor(arguments)

    def _redactor(self, definition: Any) -> Redactor:
        # By identity: definitions hold dictionaries and have no hash. Each is
        # kept beside its redactor, or another could come to have its id.
        known = self._redactors.get(id(definition))
        if known is None:
            if len(self._redactors) >= MAX_REDACTORS:
                self._redactors.clear()
            schema = getattr(definition, "input_schema", {})
            known = self._redactors[id(definition)] = (definition, Redactor(self._names, schema))
        return known[1]

    async def record(self, call: CallRecord) -> None:
        """
        Keep a call; in durable mode return when its row is committed.

        While the database is away the row is kept for later and the error is
        raised all the same: the caller must not answer as if it were stored.

        Raises: WriterFull, or OperationalError.
        """
        if self.mode is Recording.DURABLE:
            await self._record_durably(call)
        else:
            self.post(call)

    def post(self, call: CallRecord) -> None:
        """
        Keep a call whose answer does not wait for its row, in either mode.

        Raises: WriterFull.
        """
        if self.mode is not Recording.OFF:
            self._writer.post(self._statement, msgspec.structs.astuple(call))

    async def _record_durably(self, call: CallRecord) -> None:
        try:
            await self._writer.write(self._statement, msgspec.structs.astuple(call))
        except (OperationalError, InterfaceError):
            with suppress(WriterFull):
                self.post(call)
            raise
