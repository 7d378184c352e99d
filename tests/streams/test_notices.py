"""What worker processes tell each other."""

from __future__ import annotations

import msgspec
import pytest

from mcp_transport.protocol.subscriptions import Change
from mcp_transport.streams.notices import Changed, Mail, Notice, Stale, read


@pytest.mark.parametrize(
    "notice",
    [Changed(Change("resources", "note://a"), 7), Mail(("a", "b")), Stale("sessions", "x")],
    ids=lambda notice: type(notice).__name__,
)
def test_a_notice_travels_as_json(notice: Notice) -> None:
    assert read(msgspec.json.encode(notice)) == notice


@pytest.mark.parametrize(
    "message", [b"", b"\xff", b"{}", b'{"type":"new"}', b'{"type":"stale","what":"new"}']
)
def test_what_is_not_known_is_no_notice(message: bytes) -> None:
    assert read(message) is None
