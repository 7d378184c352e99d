"""
A run: one request of the admin, and everything that came of it, read from the log.

The run is its stream: the page of a run is the same in every worker process,
and for as long as the events are kept (MCP_EVENT_LIFETIME).
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from django.utils import timezone

from mcp_transport.admin.trying.asking import TRANSPORT
from mcp_transport.engine.questions import ELICITATION, ROOTS, SAMPLING
from mcp_transport.models import Event, Stream

MAX_EVENTS = 300  # of the newest that are shown
MAX_RUNNING = 10  # runs of one operator at a time
QUESTIONS = frozenset({ELICITATION, SAMPLING, ROOTS})

Message = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that was reported before the result."""

    at: datetime.datetime
    kind: str  # "progress" or "log"
    level: str = ""
    text: str = ""
    logger: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question to the client, and what became of it."""

    id: str
    method: str
    params: Message
    at: datetime.datetime
    reply: str = ""  # "accept", "decline", "cancel"; "withdrawn" or "ended" when nobody waits

    @property
    def is_open(self) -> bool:
        """Whether an answer is waited for."""
        return not self.reply


@dataclass(frozen=True)
class Run:
    """What is known of a run at the moment."""

    stream: Stream
    events: list[tuple[datetime.datetime, Message]]
    replies: Mapping[str, str]  # what was answered, by the question's id

    @property
    def id(self) -> str:
        """What its page is called."""
        return self.stream.pk

    @property
    def slug(self) -> str:
        """The server's."""
        return self.stream.session.server.slug

    @cached_property
    def call(self) -> Message:
        """What is kept of the request."""
        return dict(self.stream.call)

    @property
    def entry(self) -> str:
        """What was called."""
        return self.stream.entry

    @property
    def kind(self) -> str:
        """The kind of entry."""
        return str(self.call.get("kind") or "") or self.stream.method.partition("s/")[0]

    @cached_property
    def request_id(self) -> Any:
        """The id of the request."""
        return json.loads(self.stream.request_id)

    @cached_property
    def arguments(self) -> Message | None:
        """The arguments without what is secret; None when they were too many to be kept."""
        return self.kept(self.call.get("arguments") or "")

    @staticmethod
    def kept(text: str) -> Message | None:
        """The arguments that a record holds; None when they were too many to be kept."""
        arguments: Message = json.loads(text or "{}")
        return None if "[not kept]" in arguments else arguments

    @cached_property
    def response(self) -> Message | None:
        """The answer, when there is one."""
        for _at, message in reversed(self.events):
            if "method" not in message:
                return message
        return None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.response is not None or self.stream.closed_at is not None

    @property
    def result(self) -> Message | None:
        """The result, if that is the answer."""
        found = self.response.get("result") if self.response else None
        return found if isinstance(found, dict) else None

    @property
    def error(self) -> Message | None:
        """The error of the protocol, if that is the answer."""
        found = self.response.get("error") if self.response else None
        return found if isinstance(found, dict) else None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        end = self.stream.closed_at or timezone.now()
        return max(0.0, (end - self.stream.opened_at).total_seconds())

    @property
    def state(self) -> tuple[str, str]:
        """How it stands: a kind of status and a word."""
        if not self.is_over:
            return ("info", "asks you") if self.open_questions else ("info", "still running")
        if self.error is not None:
            return "failed", "protocol error"
        if self.result is None:
            return "off", "cancelled"
        return ("failed", "tool error") if self.result.get("isError") else ("ok", "succeeded")

    @cached_property
    def progress(self) -> Message | None:
        """The newest progress, as the notification has it."""
        for _at, message in reversed(self.events):
            if message.get("method") == "notifications/progress":
                return dict(message["params"])
        return None

    @cached_property
    def said(self) -> list[Said]:
        """What was reported, oldest first."""
        return list(self._said())

    def _said(self) -> Iterator[Said]:
        for at, message in self.events:
            params = message.get("params", {})
            if message.get("method") == "notifications/progress" and params.get("message"):
                yield Said(at=at, kind="progress", text=str(params["message"]))
            elif message.get("method") == "notifications/message":
                data = params.get("data")
                text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
                logger = str(params.get("logger") or "")
                level = str(params.get("level") or "")
                yield Said(at=at, kind="log", level=level, text=text, logger=logger)

    @cached_property
    def asked(self) -> list[Asked]:
        """The questions, oldest first."""
        withdrawn = {
            str(message["params"].get("requestId"))
            for _at, message in self.events
            if message.get("method") == "notifications/cancelled"
        }
        return [
            Asked(
                id=(name := str(message["id"])),
                method=message["method"],
                params=message.get("params", {}),
                at=at,
                reply=self._reply(name, withdrawn),
            )
            for at, message in self.events
            if message.get("method") in QUESTIONS
        ]

    def _reply(self, name: str, withdrawn: set[str]) -> str:
        if name in withdrawn:
            return "withdrawn"
        return self.replies.get(name, "ended" if self.is_over else "")

    @property
    def open_questions(self) -> list[Asked]:
        """The questions that wait for an answer."""
        return [question for question in self.asked if question.is_open]


def find_run(stream_id: str, user: Any, replies: Mapping[str, str]) -> Run | None:
    """
    A run of a user's own; None for every other stream.

    Two queries.
    """
    rows = Stream.objects.select_related("session__server")
    stream = rows.filter(pk=stream_id, session__user=user.pk, session__transport=TRANSPORT).first()
    return None if stream is None else Run(stream, _events(stream_id), replies)


def running(user: Any) -> int:
    """How many runs of a user go on."""
    return Stream.objects.filter(
        session__user=user.pk, session__transport=TRANSPORT, closed_at=None
    ).count()


def _events(stream_id: str) -> list[tuple[datetime.datetime, Message]]:
    rows = Event.objects.filter(stream_id=stream_id).exclude(data="").order_by("-sequence")
    newest = rows.values_list("created_at", "data")[:MAX_EVENTS]
    return [(at, msgspec.json.decode(data)) for at, data in reversed(newest)]


def request_of(run: Run, params: Message) -> Message:
    """The request as the engine got it, but for what is secret."""
    return {
        "jsonrpc": "2.0",
        "id": run.request_id,
        "method": run.stream.method,
        "params": {**params, "_meta": {"progressToken": run.request_id}},
    }
