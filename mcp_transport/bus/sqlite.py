"""
The file beside an SQLite database by which a database bus passes messages on.

A file of its own, so that no message waits for the lock of the site's writer,
and none is worth a sync of the disk: whatever is in it is forgotten in seconds.
"""

from __future__ import annotations

import sqlite3
import time

from mcp_transport.bus.link import Link

POLL_INTERVAL = 0.2  # seconds; a look without news costs some microseconds
KEPT_FOR = 60.0  # seconds
TIDY_INTERVAL = 20.0  # seconds between two removals, by a process that sends
BUSY_LIMIT = 5.0  # seconds

# AUTOINCREMENT: the id of a row that was tidied away never comes again, else a newer
# message could stand at or before what others have read.
TABLE = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL, sent_at REAL NOT NULL
)
"""


def is_in_memory(name: str) -> bool:
    """Whether a database's name is none of a file."""
    return not name or ":memory:" in name or "mode=memory" in name


def path_beside(name: str) -> str:
    """The file of the bus of a database file."""
    return f"{name.removeprefix('file:').partition('?')[0]}-bus"


class SqliteLink(Link):
    """Rows that every process appends and every process reads."""

    interval = POLL_INTERVAL

    def __init__(self, name: str) -> None:
        self._connection = sqlite3.connect(
            path_beside(name), timeout=BUSY_LIMIT, isolation_level=None
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute(TABLE)
        self._tidied_at = time.monotonic()
        self._version = self._data_version()
        (last,) = self._connection.execute("SELECT coalesce(max(id), 0) FROM message").fetchone()
        self._last: int = last

    def fileno(self) -> int | None:
        """See Link.fileno()."""
        return None

    def send(self, messages: list[bytes]) -> None:
        """See Link.send()."""
        now = time.time()
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            self._connection.executemany(
                "INSERT INTO message (body, sent_at) VALUES (?, ?)",
                [(message, now) for message in messages],
            )
            if time.monotonic() - self._tidied_at >= TIDY_INTERVAL:
                self._tidied_at = time.monotonic()
                self._connection.execute("DELETE FROM message WHERE sent_at < ?", (now - KEPT_FOR,))

    def receive(self) -> list[bytes]:
        """See Link.receive(); reads no row unless another process has written."""
        version = self._data_version()
        if version == self._version:
            return []
        query = "SELECT id, body FROM message WHERE id > ? ORDER BY id"
        rows = self._connection.execute(query, (self._last,)).fetchall()
        # Of before the read: what was committed since is looked for again, and none is missed.
        self._version = version
        self._last = rows[-1][0] if rows else self._last
        return [body for _id, body in rows]

    def close(self) -> None:
        """See Link.close()."""
        self._connection.close()

    def _data_version(self) -> int:
        """A number that changes with every commit of another connection."""
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)
