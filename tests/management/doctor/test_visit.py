"""Tests of mcp_transport.management.doctor.visit."""

from __future__ import annotations

import httpx
import pytest

from mcp_transport.management.doctor.visit import (
    Visit,
    first_event,
    message_of,
    result_of,
    said_by,
    tls_context,
)


def streamed(text: str) -> httpx.Response:
    """An answer as an event stream."""
    return httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})


def test_an_answer_is_read_from_json_and_from_the_last_event() -> None:
    answer = {"jsonrpc": "2.0", "id": 1, "result": {"a": 1}}
    assert message_of(httpx.Response(200, json=answer)) == answer
    text = 'data: {"method": "x"}\n\ndata: {"jsonrpc": "2.0", "result": {"a": 2}}\n\n'
    assert result_of(streamed(text)) == {"a": 2}


@pytest.mark.parametrize("body", ["", "<html>", "[]", '{"a": 1}', "null"])
def test_what_is_no_message_is_none(body: str) -> None:
    assert message_of(httpx.Response(200, text=body)) == {}
    assert result_of(httpx.Response(200, text=body)) == {}
    assert said_by(httpx.Response(404, text=body)) == "status 404"


def test_a_stream_without_an_event_is_no_message() -> None:
    assert message_of(streamed(": comment\n\n")) == {}


def test_the_first_event_may_come_in_pieces() -> None:
    assert first_event(iter([b"data: a", b"\r\n\r\n", b"data: b\n\n"])) == b"data: a\n\n"
    assert first_event(iter([b"data: a"])) == b""


def test_a_header_that_is_none_is_left_out() -> None:
    visit = Visit("http://127.0.0.1/mcp", token="t")
    headers = visit.headers({"accept_encoding": "gzip", "authorization": None})
    assert headers["accept-encoding"] == "gzip"
    assert "authorization" not in headers


def test_the_port_is_the_schemes_unless_it_is_named() -> None:
    ports = [Visit(f"{url}/mcp").port for url in ("http://a", "https://a", "http://a:81", "x://a")]
    assert ports == [80, 443, 81, 0]


def test_the_certificates_of_this_machine_are_trusted() -> None:
    assert tls_context().get_ca_certs()


def test_a_visit_that_never_began_can_be_closed() -> None:
    Visit("http://127.0.0.1/mcp").close()
