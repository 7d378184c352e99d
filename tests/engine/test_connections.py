"""Tests of mcp_transport.engine.connections."""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.connections import Connections


class Held:
    """What of a connection is looked at, and what was posted to it."""

    def __init__(self, session_id: str | None = None, *, has_post: bool = False) -> None:
        self.session_id = session_id
        self.has_post = has_post
        self.posted: list[Any] = []
        self.post = self.posted.append


def connection(session_id: str | None = None, *, has_post: bool = False) -> Any:
    """One that stands for a connection."""
    return Held(session_id, has_post=has_post)


def test_a_connection_is_found_by_its_session_from_its_handshake_on() -> None:
    held, one = Connections(), connection()
    held.add(one)
    assert held.of_session("s") is None
    one.session_id = "s"
    held.note_session(one)
    assert held.of_session("s") is one


def test_what_was_let_go_is_found_no_more_however_late_its_handshake_ends() -> None:
    held, one = Connections(), connection("s")
    held.add(one)
    assert held.discard(one)
    held.note_session(one)
    assert held.of_session("s") is None
    assert not held.discard(one)
    assert len(held) == 0


def test_a_message_is_posted_to_those_alone_whose_clients_send_by_another_way() -> None:
    held, stream, socket = Connections(), connection("a", has_post=True), connection("b")
    held.add(stream)
    held.add(socket)
    assert held.have_post
    assert held.post("a", {"id": 1})
    assert not held.post("b", {"id": 1})
    assert not held.post("c", {"id": 1})
    assert (stream.posted, socket.posted) == ([{"id": 1}], [])
    held.discard(stream)
    assert not held.have_post
