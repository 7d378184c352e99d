"""The questions of a run as cards: each with a form of its own, and the answer it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mcp_transport.admin.trying.asking import REJECTED
from mcp_transport.admin.trying.filling import Filling
from mcp_transport.admin.trying.outcome import raw
from mcp_transport.admin.trying.run import Asked
from mcp_transport.engine.questions import ELICITATION, SAMPLING

ACCEPT, DECLINE, CANCEL = "accept", "decline", "cancel"
SAMPLE_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "title": "What the model says"},
        "model": {
            "type": "string",
            "title": "Model",
            "maxLength": 100,
            "description": "Who says it; you, unless it is something else.",
        },
        "stopReason": {
            "type": "string",
            "title": "Why it stopped",
            "enum": ["endTurn", "maxTokens", "stopSequence"],
        },
    },
    "required": ["text"],
}
ROOTS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "roots": {
            "type": "array",
            "title": "Folders",
            "items": {
                "type": "object",
                "properties": {
                    "uri": {"type": "string", "title": "Address", "pattern": "^file://"},
                    "name": {"type": "string", "title": "Name", "maxLength": 100},
                },
                "required": ["uri"],
            },
        }
    },
    "required": ["roots"],
}
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
WORDS = {
    ACCEPT: "You answered.",
    DECLINE: "You declined.",
    CANCEL: "You dismissed it.",
    "withdrawn": "It was withdrawn: no answer came in time.",
    "ended": "The run ended before it was answered.",
}


@dataclass(frozen=True)
class Card:
    """A question, and what is typed in answer to it."""

    asked: Asked
    filling: Filling

    @property
    def id(self) -> str:
        """The question's."""
        return self.asked.id

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"question-{self.asked.id.rpartition('.')[2]}"

    @property
    def title(self) -> str:
        """What it is."""
        if self.asked.method == ELICITATION:
            return "The tool sends you to a page" if self.url else "The tool asks you"
        if self.asked.method == SAMPLING:
            return "The tool asks your language model"
        return "The tool asks where you work"

    @property
    def message(self) -> str:
        """What it says."""
        return str(self.asked.params.get("message") or "")

    @property
    def url(self) -> str:
        """The page to visit; empty for every other question, and for what is no web address."""
        if self.asked.params.get("mode") != "url":
            return ""
        url = str(self.asked.params.get("url") or "")
        return url if urlsplit(url).scheme in ("http", "https") else ""

    @property
    def request(self) -> str:
        """What a model is given, as it was sent."""
        return raw(self.asked.params) if self.asked.method == SAMPLING else ""

    @property
    def was_answered(self) -> str:
        """What became of it."""
        return WORDS.get(self.asked.reply, "")

    def answer(self, action: str) -> dict[str, Any]:
        """What is sent; look at the problems of the filling when it was accepted."""
        if self.asked.method == ELICITATION:
            return {"result": self._elicited(action)}
        if action != ACCEPT:
            return {"error": {"code": REJECTED, "message": "The operator declined."}}
        value = self.filling.read()
        return {"result": _sampled(value) if self.asked.method == SAMPLING else value}

    def _elicited(self, action: str) -> dict[str, Any]:
        if action != ACCEPT or self.url:
            return {"action": action}
        return {"action": ACCEPT, "content": self.filling.read()}


def card(asked: Asked) -> Card:
    """A question with an empty form."""
    name = asked.id.rpartition(".")[2]
    return Card(asked, Filling(_schema(asked), is_secret=_never, prefix=f"q{name}"))


def _schema(asked: Asked) -> dict[str, Any]:
    if asked.method == SAMPLING:
        return SAMPLE_SCHEMA
    if asked.method != ELICITATION:
        return ROOTS_SCHEMA
    schema = asked.params.get("requestedSchema")
    return schema if isinstance(schema, dict) else NOTHING


def _sampled(value: dict[str, Any]) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": {"type": "text", "text": value.get("text", "")},
        "model": value.get("model") or "operator",
        "stopReason": value.get("stopReason") or "endTurn",
    }


def _never(_name: str) -> bool:
    """A form may ask for no secret (2025-11-25, client/elicitation, Form Mode Security)."""
    return False
