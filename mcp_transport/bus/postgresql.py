"""The connection to PostgreSQL by which a database bus listens and notifies."""

from __future__ import annotations

import logging
import time
from importlib import import_module
from typing import Any

from mcp_transport.bus.link import Link

logger = logging.getLogger("mcp_transport.bus")

CHANNEL = "mcp_transport"
PAYLOAD_LIMIT = 7900  # bytes; PostgreSQL takes less than 8000
PING_INTERVAL = 5.0  # seconds of silence after which the connection is tried
# A server that vanished without a word is noticed within seconds, not hours.
LIVELINESS = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class PostgresLink(Link):
    """A connection of its own, which is in no pool and in no transaction."""

    interval = PING_INTERVAL

    def __init__(self, parameters: dict[str, Any]) -> None:
        psycopg = import_module("psycopg")  # an extra, needed by sites on PostgreSQL only
        parameters = {**LIVELINESS, **parameters, "autocommit": True}
        self._connection = psycopg.connect(**parameters)
        self._received: list[bytes] = []
        self._heard_at = time.monotonic()
        self._connection.add_notify_handler(self._take)
        self._connection.execute(f"LISTEN {CHANNEL}")

    def fileno(self) -> int | None:
        """See Link.fileno()."""
        return int(self._connection.fileno())

    def send(self, messages: list[bytes]) -> None:
        """See Link.send(); what is too long for a payload is dropped, as a bus may."""
        texts = [message.decode() for message in messages if len(message) <= PAYLOAD_LIMIT]
        if len(texts) < len(messages):
            logger.warning("%d messages were too long for NOTIFY.", len(messages) - len(texts))
        if texts:
            # One statement for all of them: one round trip, one commit.
            query = "SELECT pg_notify(%s, message) FROM unnest(%s::text[]) AS message"
            self._connection.execute(query, (CHANNEL, texts))

    def receive(self) -> list[bytes]:
        """See Link.receive(); raises for a connection that has broken."""
        # libpq itself: psycopg's notifies() would wait, and the thread has a bell to hear, too.
        self._connection.pgconn.consume_input()
        while notification := self._connection.pgconn.notifies():
            self._received.append(bytes(notification.extra))
        now = time.monotonic()
        if now - self._heard_at >= PING_INTERVAL:
            self._connection.execute("SELECT 1")
            self._heard_at = now
        received, self._received = self._received, []
        return received

    def close(self) -> None:
        """See Link.close()."""
        self._connection.close()

    def _take(self, notification: Any) -> None:
        """Keep what comes while a statement runs."""
        self._received.append(notification.payload.encode())
