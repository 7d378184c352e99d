"""Calls at known times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from mcp_transport.models import Call

NOW = datetime(2026, 3, 5, 14, 30, 20, tzinfo=UTC)
SEQUENCE = count(1)


def call(ago: timedelta = timedelta(0), **fields: Any) -> Call:
    """A row that began some time before NOW."""
    return call_at(NOW - ago, **fields)


def call_at(moment: datetime, **fields: Any) -> Call:
    """A row that began at a time."""
    usual: dict[str, Any] = {
        "duration_us": 1000, "server": "shop", "method": "tools/call", "kind": "tool",
        "entry": "order", "outcome": "ok", "client": "Claude 1", "username": "alice", "token_id": 7,
    }  # fmt: skip
    return Call.objects.create(
        worker="w", sequence=next(SEQUENCE), started_at=moment, **usual | fields
    )
