"""How grave a log message is, from the least to the most. Pure: no I/O, no Django."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.shortening import shown

LogLevel = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
LEVELS: Final[tuple[LogLevel, ...]] = get_args(LogLevel)


def read_level(level: Any) -> LogLevel | None:
    """
    A log level, or None when none is named.

    Raises InvalidParams for an unknown one (2026-07-28,
    server/utilities/logging, Error Handling).
    """
    if level is None:
        return None
    for known in LEVELS:
        if level == known:
            return known
    raise InvalidParams(f"Log level {shown(level)} is none of {', '.join(LEVELS)}.", status=400)


def reaches(level: LogLevel, threshold: str | None) -> bool:
    """Whether a message is as grave as somebody asked for; None asked for none."""
    return threshold in LEVELS and LEVELS.index(level) >= LEVELS.index(threshold)
