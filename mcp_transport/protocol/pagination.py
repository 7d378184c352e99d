"""
Pages of a list under opaque cursors. Pure: no I/O, no Django.

A cursor says which list it belongs to and where the next page begins; it is
never empty, for an empty string is a cursor too (2026-07-28,
server/utilities/pagination).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.shortening import shown

Item = TypeVar("Item")


def page(
    items: Sequence[Item], cursor: Any, *, size: int, of: str
) -> tuple[Sequence[Item], str | None]:
    """
    The page a cursor opens and the cursor of the next one, if there is one.

    Raises InvalidParams for a cursor that this list never gave out
    (2026-07-28, server/utilities/pagination, Error Handling).
    """
    start = 0 if cursor is None else _position(cursor, of, len(items))
    end = start + size
    return items[start:end], _cursor(of, end) if end < len(items) else None


def _cursor(of: str, position: int) -> str:
    return base64.urlsafe_b64encode(f"{of}:{position}".encode()).decode()


def _position(cursor: Any, of: str, length: int) -> int:
    try:
        name, _, number = base64.urlsafe_b64decode(cursor).decode().rpartition(":")
        position = int(number)
    except (TypeError, ValueError, binascii.Error):
        name, position = "", -1
    # Made anew and compared: base64 has several spellings of the same position.
    if name != of or not 0 < position < length or _cursor(of, position) != cursor:
        raise InvalidParams(f"{shown(cursor)} is no cursor of this list; begin again without one.")
    return position
