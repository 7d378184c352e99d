"""Tests of mcp_transport.protocol.sse."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mcp_transport.protocol import jsonrpc, sse
from mcp_transport.testing.asgi import parse_event


def test_an_event_carries_a_message_on_one_line() -> None:
    assert sse.event(b"{}") == b"event: message\ndata: {}\n\n"


def test_an_event_can_be_resumed_from_by_its_id() -> None:
    assert sse.event(b"{}", "s-1") == b"id: s-1\nevent: message\ndata: {}\n\n"


def test_an_event_without_a_message_primes() -> None:
    assert sse.event(b"", "s-0") == b"id: s-0\nevent: message\ndata: \n\n"


def test_an_event_can_be_of_another_kind() -> None:
    assert sse.event(b"/messages", name=b"endpoint") == b"event: endpoint\ndata: /messages\n\n"


def test_a_client_is_told_when_to_come_back() -> None:
    assert sse.retry(500) == b"retry: 500\n\n"


def test_a_comment_keeps_a_stream_alive() -> None:
    assert parse_event(sse.KEEP_ALIVE.decode().rstrip("\n")).comments == ("keep-alive",)


@given(st.dictionaries(st.text(), st.text()))
def test_whatever_a_message_says_it_stays_one_event(params: dict[str, str]) -> None:
    message = jsonrpc.notification("x", params)
    block, end, rest = sse.event(message).partition(b"\n\n")
    assert (end, rest) == (b"\n\n", b"")
    assert block.split(b"\n") == [b"event: message", b"data: " + message]
    assert b"\r" not in block
