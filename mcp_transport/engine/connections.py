"""The connections that this process holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mcp_transport.engine.connection import Connection


class Connections:
    """Found by their session."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._open))

    @property
    def have_post(self) -> bool:
        """Whether messages for any of them may arrive at another process."""
        return any(connection.has_post for connection in self._open)

    def add(self, connection: Connection) -> None:
        """Hold a connection."""
        self._open.add(connection)

    def discard(self, connection: Connection) -> bool:
        """Let go of one; whether it was held."""
        is_held = connection in self._open
        self._open.discard(connection)
        return is_held

    def of_session(self, session_id: str) -> Connection | None:
        """The connection of a session, if it is here."""
        return next((item for item in self._open if item.session_id == session_id), None)

    def post(self, session_id: str, body: Any) -> bool:
        """Pass a message to the connection of a session; False when it is not here."""
        connection = self.of_session(session_id)
        if connection is not None:
            connection.post(body)
        return connection is not None
