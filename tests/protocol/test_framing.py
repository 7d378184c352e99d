"""Messages as lines of a byte stream."""

from __future__ import annotations

import pytest

from mcp_transport.protocol.framing import Lines


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a", b"b\n", b"c", b"\n"], [b"ab", b"c"]),
        ([b"\n\n"], [b"", b""]),
        ([b"a\r\n"], [b"a\r"]),  # white space, which JSON takes
        (["é\u2028\n".encode()[:1], "é\u2028\n".encode()[1:]], ["é\u2028".encode()]),
        ([b"a"], []),
    ],
)
def test_a_line_is_given_when_it_ends(pieces: list[bytes], expected: list[bytes]) -> None:
    lines = Lines()
    assert [line for piece in pieces for line in lines.feed(piece)] == expected


def test_a_line_that_is_too_long_is_told_of_and_the_next_is_read() -> None:
    lines = Lines(limit=4)
    found = [
        line for piece in (b"1234", b"\n12", b"345", b"67\nok\n") for line in lines.feed(piece)
    ]
    assert found == [b"1234", None, b"ok"]


def test_what_is_too_long_is_not_held() -> None:
    lines = Lines(limit=10)
    for _ in range(100):
        lines.feed(b"x" * 10)
    assert not lines._parts
    assert lines.feed(b"\n") == [None]


def test_the_last_line_needs_no_end() -> None:
    lines = Lines()
    lines.feed(b"a\nb")
    assert lines.finish() == [b"b"]
    assert lines.finish() == []
