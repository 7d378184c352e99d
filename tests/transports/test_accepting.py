"""Tests of mcp_transport.transports.accepting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.transports import accepting
from mcp_transport.transports.accepting import accepted

BOTH = (True, True)
JSON = (True, False)
STREAM = (False, True)
NEITHER = (False, False)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, BOTH),
        (b"application/json, text/event-stream", BOTH),
        (b"text/event-stream,application/json", BOTH),
        (b"Application/JSON , TEXT/Event-Stream", BOTH),
        (b"*/*", BOTH),
        (b"application/*;q=0.1, text/*", BOTH),
        (b"application/json; charset=utf-8", JSON),
        (b"application/*", JSON),
        (b"text/event-stream", STREAM),
        (b"text/*", STREAM),
        (b"text/html, */*;q=0.8", BOTH),
        (b"text/html", NEITHER),
        (b"application/jsonl, text/event-streams", NEITHER),
        (b"", NEITHER),
    ],
)
def test_a_client_gets_what_it_accepts(header: bytes | None, expected: tuple[bool, bool]) -> None:
    assert accepted(header) == expected


@pytest.mark.parametrize("weight", [b"q=0", b"Q=0", b"q=0.0", b"q=0.000", b"q = 0"])
def test_a_weight_of_zero_refuses(weight: bytes) -> None:
    assert accepted(b"application/json;" + weight + b", text/event-stream") == STREAM
    assert accepted(b"*/*; " + weight) == NEITHER


@pytest.mark.parametrize("weight", [b"q=0.001", b"q=0.5", b"q=1", b"level=0"])
def test_any_other_weight_accepts(weight: bytes) -> None:
    assert accepted(b"application/json;" + weight) == JSON


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"application/json;q=0, */*", STREAM),
        (b"*/*, application/json;q=0", STREAM),
        (b"*/*;q=0, application/json", JSON),
        (b"text/*;q=0, text/event-stream, application/*", BOTH),
    ],
)
def test_the_most_specific_range_decides(header: bytes, expected: tuple[bool, bool]) -> None:
    assert accepted(header) == expected


@given(st.binary() | st.text(alphabet="aq=0.;,/* ").map(str.encode))
def test_whatever_is_sent_is_decided(header: bytes) -> None:
    assert accepted(header) in (BOTH, JSON, STREAM, NEITHER)


def test_a_header_that_is_too_long_is_read_and_not_remembered() -> None:
    before = accepting._accepted.cache_info().currsize
    for number in range(3):
        assert accepted(b"text/%d, " % number * 100 + b"application/json") == JSON
    assert accepting._accepted.cache_info().currsize == before
