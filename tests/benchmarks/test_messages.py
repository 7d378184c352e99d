"""What is sent is what the servers under test expect."""

from __future__ import annotations

import json

import pytest

from benchmarks import messages
from benchmarks.messages import FIRST_ID, Address, Request, frame_size

ADDRESS = Address(port=8000, path="/mcp", token="secret")


def split(request: Request) -> tuple[list[str], bytes]:
    head, _, body = request.encoded().partition(b"\r\n\r\n")
    return head.decode().split("\r\n"), body


@pytest.mark.parametrize(
    "request_",
    [
        messages.modern_call(ADDRESS, "echo"),
        messages.legacy_call(ADDRESS, "echo", "s"),
        messages.listen(ADDRESS),
        messages.initialize(ADDRESS),
        messages.initialized(ADDRESS, "s"),
    ],
)
def test_a_body_is_announced_with_its_length(request_: Request) -> None:
    head, body = split(request_)
    assert f"Content-Length: {len(body)}" in head
    assert json.loads(body)["jsonrpc"] == "2.0"


@pytest.mark.parametrize(
    "request_", [messages.get_stream(ADDRESS, "s"), messages.delete(ADDRESS, "s")]
)
def test_a_request_without_a_body_announces_none(request_: Request) -> None:
    head, body = split(request_)
    assert body == b""
    assert not any(line.startswith("Content-") for line in head)


def test_the_id_may_be_exchanged_for_another_of_its_width() -> None:
    request = messages.modern_call(ADDRESS, "echo")
    before, after = request.parts()
    assert f"{before}{FIRST_ID}{after}".encode() == request.encoded()
    assert len(f"{before}{FIRST_ID + 99_999_999}{after}") == len(request.encoded())


def test_a_call_without_a_session_repeats_itself_in_headers() -> None:
    head, body = split(messages.modern_call(ADDRESS, "echo"))
    assert {"Mcp-Method: tools/call", "Mcp-Name: echo"} <= set(head)
    assert json.loads(body)["params"]["_meta"] == messages.META


def test_a_call_in_a_session_names_it() -> None:
    head, body = split(messages.legacy_call(ADDRESS, "echo", "abc"))
    assert "Mcp-Session-Id: abc" in head
    assert "_meta" not in json.loads(body)["params"]


def test_only_a_server_with_a_token_is_sent_one() -> None:
    assert "Authorization: Bearer secret" in split(messages.initialize(ADDRESS))[0]
    open_server = Address(port=8000, path="/mcp")
    assert b"Authorization" not in messages.initialize(open_server).encoded()


def test_a_tool_is_given_only_what_it_takes() -> None:
    _, body = split(messages.modern_call(ADDRESS, "announce"))
    assert json.loads(body)["params"]["arguments"] == {}


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535])
def test_a_frame_says_how_long_it_is_as_soon_as_its_head_is_there(length: int) -> None:
    head = bytes((0x81, length)) if length < 126 else b"\x81\x7e" + length.to_bytes(2)
    assert frame_size(head[:-1]) is None
    assert frame_size(head) == len(head) + length
    assert frame_size(head + b"a" * length) == len(head) + length
