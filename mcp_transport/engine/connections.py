"""The connections that this process holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_transport.engine.connection import Connection


class Connections:
    """Found by their session, which most have from their handshake on only."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        # There may be thousands, and each that leaves is looked for as its session ends.
        self._by_session: dict[str, Connection] = {}
        self._with_post = 0

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._open))

    @property
    def have_post(self) -> bool:
        """Whether messages for any of them may arrive at another process."""
        return self._with_post > 0

    def add(self, connection: Connection) -> None:
        """Hold a connection."""
        self._open.add(connection)
        self._with_post += connection.has_post
        self.note_session(connection)

    def note_session(self, connection: Connection) -> None:
        """Find one by its session, if it has one and is still held."""
        if connection.session_id is not None and connection in self._open:
            self._by_session[connection.session_id] = connection

    def discard(self, connection: Connection) -> bool:
        """Let go of one; whether it was held."""
        if connection not in self._open:
            return False
        self._open.discard(connection)
        self._with_post -= connection.has_post
        if connection.session_id is not None:
            self._by_session.pop(connection.session_id, None)
        return True

    def of_session(self, session_id: str) -> Connection | None:
        """The connection of a session, if it is here."""
        return self._by_session.get(session_id)

    def post(self, session_id: str, body: Any) -> bool:
        """Pass a message to one whose client sends by another way; False when it is not here."""
        connection = self.of_session(session_id)
        if connection is None or not connection.has_post:
            return False
        connection.post(body)
        return True
