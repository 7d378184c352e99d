"""
Log lines as JSON objects.

    "formatters": {"json": {"()": "mcp_transport.monitoring.json_lines.JsonFormatter"}}

Loaded before the models are, so it imports none. No line holds a token.
"""

from __future__ import annotations

import datetime
import logging
import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec

TOKEN = re.compile(r"mcp_[A-Za-z0-9_-]{20,}|(?<=[Bb]earer )[^\s\"'\\]{8,}")
MASK = "[token]"
#: What a record has of its own; the rest was given as ``extra``.
OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
OF_EVERY_LINE = ("time", "level", "logger", "message")

#: What describes the request that is served, if log lines are to name it.
describing: ContextVar[Callable[[], dict[str, Any]] | None] = ContextVar(
    "mcp_describing", default=None
)


class JsonFormatter(logging.Formatter):
    """One object in one line; what was given as ``extra`` is among its members."""

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter.format()."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        describe = describing.get()
        more = describe() if describe else {}
        more |= {name: value for name, value in vars(record).items() if name not in OWN}
        line |= {name: value for name, value in more.items() if name not in OF_EVERY_LINE}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return TOKEN.sub(MASK, encoded(line))


def encoded(line: dict[str, Any]) -> str:
    """Give the line as JSON; whatever was logged, there is a line."""
    try:
        return msgspec.json.encode(line, enc_hook=str).decode()
    except (TypeError, ValueError, RecursionError):  # keys that are no text, half a character
        plain = {name: ascii(value) for name, value in line.items()}
        return msgspec.json.encode(plain).decode()
