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


def test_events_are_read_however_they_are_cut() -> None:
    text = b": hello\n\nid: 1\nretry: 250\nevent: message\ndata: {}\n\nid: 2\r\ndata:a\r\ndata: b\r\n\r\ndata: lost"
    for size in (1, 7, len(text)):
        events = sse.Events()
        pieces = [text[start : start + size] for start in range(0, len(text), size)]
        assert [data for piece in pieces for data in events.feed(piece)] == [b"{}", b"a\nb"]
        assert (events.last_id, events.retry_after) == ("2", 0.25)


def test_an_event_without_data_says_from_where_a_stream_goes_on() -> None:
    events = sse.Events()
    assert events.feed(b"id: 7\ndata:\n\n") == []
    assert events.last_id == "7"


def test_what_is_read_is_what_was_written() -> None:
    assert sse.Events().feed(sse.event(b'{"a": "\xe2\x80\xa8"}', "3")) == [b'{"a": "\xe2\x80\xa8"}']


def test_an_event_above_the_limit_is_left_out_and_counted() -> None:
    events = sse.Events(10)
    many = b"data: 123456\ndata: 123456\n\n"
    one = b"data: 12345678901234567890\n\n"
    assert events.feed(many + one + b"data: {}\n\n") == [b"{}"]
    assert events.left_out == 2


def test_a_stream_that_goes_on_begins_with_a_whole_event() -> None:
    events = sse.Events()
    events.feed(b'id: 1\ndata: {}\n\ndata: {"half\ndata: "ha')
    events.begin()
    assert events.feed(b"data: {}\n\n") == [b"{}"]
    assert events.last_id == "1"
