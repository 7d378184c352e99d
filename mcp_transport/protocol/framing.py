"""
Messages as lines of a byte stream. Pure: no I/O, no Django.

A message is one line (2026-07-28, basic/transports/stdio) of UTF-8
(basic/transports/index, Messages).
"""

from __future__ import annotations

from typing import Final

LINE_LIMIT: Final = 10 * 1024 * 1024  # bytes of one message


class Lines:
    """
    Cuts what arrives into lines.

    A line above the limit is given as None and costs no more memory than the
    limit; the lines behind it are read as ever.
    """

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes | None]:
        """The lines that end in this piece, without their ends."""
        *ends, rest = data.split(b"\n")
        lines = []
        for end in ends:
            self._add(end)
            lines.append(self._take())
        self._add(rest)
        return lines

    def finish(self) -> list[bytes | None]:
        """What stands behind the last end of a line."""
        return [self._take()] if self._size else []

    def _add(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            self._parts.clear()
        elif part:
            self._parts.append(part)

    def _take(self) -> bytes | None:
        line = b"".join(self._parts) if self._size <= self._limit else None
        self._parts.clear()
        self._size = 0
        return line
