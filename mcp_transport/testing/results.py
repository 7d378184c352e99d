"""What a client of a test gets: the parts of a result that tests look at."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mcp_transport.registry.errors import ToolError
from mcp_transport.testing.reply import Json, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReport:
    """How far the work was."""

    done: float
    total: float | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A log message that the client was sent."""

    level: str
    data: Any
    logger: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A result, and what was said before it."""

    raw: Json
    progress: list[ProgressReport]
    log: list[LogLine]

    @property
    def meta(self) -> Json:
        """The result's ``_meta``."""
        return dict(self.raw.get("_meta", {}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome(Told):
    """What a tool returned."""

    @property
    def structured(self) -> Any:
        """
        The structured content; None if there is none.

        Revisions before 2026-07-28 know objects only, so that a list or a
        number is in a member ``result`` there; 2025-03-26 knows none.
        """
        return self.raw.get("structuredContent")

    @property
    def text(self) -> str:
        """The text blocks, joined."""
        return text_of(self.raw)

    @property
    def content(self) -> list[Json]:
        """The content blocks."""
        return list(self.raw["content"])

    @property
    def is_error(self) -> bool:
        """Whether the tool failed."""
        return bool(self.raw.get("isError"))


class ToolFailed(ToolError):
    """A tool failed; the message is what the model would read."""

    def __init__(self, outcome: ToolOutcome) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult(Told):
    """What was read."""

    @property
    def contents(self) -> list[Json]:
        """Every piece of the resource."""
        return list(self.raw["contents"])

    @property
    def text(self) -> str:
        """The pieces that are text, joined."""
        return "".join(piece.get("text", "") for piece in self.contents)

    @property
    def data(self) -> bytes:
        """The pieces that are binary, joined."""
        return b"".join(base64.b64decode(piece.get("blob", "")) for piece in self.contents)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptResult(Told):
    """What a prompt said."""

    @property
    def messages(self) -> list[Json]:
        """The messages."""
        return list(self.raw["messages"])

    @property
    def text(self) -> str:
        """The messages that are text, joined."""
        return "".join(message["content"].get("text", "") for message in self.messages)


def progress_of(notifications: Iterable[Json]) -> list[ProgressReport]:
    """The reports among notifications."""
    return [
        ProgressReport(done=p["progress"], total=p.get("total"), message=p.get("message"))
        for p in params_of("notifications/progress", notifications)
    ]


def log_of(notifications: Iterable[Json]) -> list[LogLine]:
    """The log messages among notifications."""
    return [
        LogLine(level=p["level"], data=p["data"], logger=p.get("logger"))
        for p in params_of("notifications/message", notifications)
    ]


def params_of(method: str, notifications: Iterable[Json]) -> list[Json]:
    """The parameters of every notification of one kind."""
    return [n["params"] for n in notifications if n["method"] == method]
