"""The record of a call and the table's columns."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from mcp_transport.audit.record import COLUMNS, CallRecord, as_columns, from_columns
from mcp_transport.models import Call

CHAIN = {"id", "worker", "sequence", "previous_digest", "digest"}


def test_every_column_but_the_chains_is_a_field_of_the_record() -> None:
    columns = {field.attname for field in Call._meta.concrete_fields}
    assert set(COLUMNS) == columns - CHAIN


def test_a_record_survives_being_kept_as_json() -> None:
    call = CallRecord(
        started_at=datetime.datetime(2026, 7, 28, 12, 0, 0, 5, tzinfo=datetime.UTC),
        duration_us=0,
        server="main",
        method="tools/call",
        user_id=5,
    )
    kept = msgspec.json.decode(msgspec.json.encode(as_columns(call)))
    assert from_columns(kept) == call


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="started_at"):
        from_columns({"method": "tools/call"})
