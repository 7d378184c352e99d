"""What is kept of a call."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """
    One request and how it ended, as a row of :class:`~mcp_transport.models.Call`.

    The fields are the row's columns in their order, without those of the
    chain. A field that is added later goes to the end: digests are computed
    over the order.
    """

    started_at: datetime.datetime  # in UTC
    duration_us: int
    server: str
    method: str
    kind: str = ""
    entry: str = ""
    revision: str = ""
    transport: str = ""
    request_id: str = ""  # as JSON
    session: str = ""
    principal: str = ""
    username: str = ""
    user_id: int | None = None
    token_id: int | None = None
    client: str = ""  # name/version
    outcome: str = "ok"
    error_code: int | None = None
    error: str = ""
    arguments: str = ""  # redacted JSON
    result_bytes: int = 0
    trace_id: str = ""


COLUMNS = CallRecord.__struct_fields__


def as_columns(call: CallRecord) -> dict[str, Any]:
    """Return the record as JSON has it, to be kept until its call has ended."""
    columns: dict[str, Any] = msgspec.to_builtins(call)
    return columns


def from_columns(columns: dict[str, Any]) -> CallRecord:
    """
    Return the record that :func:`as_columns` was given.

    Raises: msgspec.ValidationError.
    """
    return msgspec.convert(columns, CallRecord)
