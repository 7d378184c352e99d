"""
Calls that outlive their connection, as the extension of 2026-07-28 words them.

Pure: no I/O, no Django. Sections cited are those of the extension's
specification (ext-tasks, Tasks).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InvalidParams, MissingClientCapability
from mcp_transport.protocol.subscriptions import PLACE, SUBSCRIPTION_ID, around

TASKS: Final = "io.modelcontextprotocol/tasks"
#: How far a task is in numbers, which the extension has no member for.
PROGRESS: Final = "mcp-transport/progress"
NOTIFICATION: Final = "notifications/tasks"
MAX_WATCHED: Final = 100  # tasks that one stream is told of

WORKING, INPUT_REQUIRED = "working", "input_required"
COMPLETED, FAILED, CANCELLED = "completed", "failed", "cancelled"
OPEN: Final = frozenset({WORKING, INPUT_REQUIRED})


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """A task at one moment."""

    id: str
    status: str = WORKING
    message: str = ""
    created_at: datetime.datetime
    updated_at: datetime.datetime
    lifetime_ms: int  # since it was made
    poll_interval_ms: int
    progress: float | None = None
    total: float | None = None
    questions: dict[str, Any] = {}  # what it waits for, by key
    result: bytes = b""  # JSON, once it is completed
    error: bytes = b""  # JSON, once it has failed
    tool: str = ""  # what was called
    worker: str = ""  # which process runs it

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.status in OPEN

    def as_task(self) -> dict[str, Any]:
        """What every account of a task says (Tasks)."""
        told: dict[str, Any] = {
            "taskId": self.id,
            "status": self.status,
            "createdAt": self.created_at,
            "lastUpdatedAt": self.updated_at,
            "ttlMs": self.lifetime_ms,
            "pollIntervalMs": self.poll_interval_ms,
        }
        if self.message:
            told["statusMessage"] = self.message
        return told

    def as_detailed(self) -> dict[str, Any]:
        """The same, with what belongs to its status (Task Status)."""
        told = self.as_task()
        if self.status == INPUT_REQUIRED:
            told["inputRequests"] = self.questions
        elif self.status == COMPLETED:
            told["result"] = msgspec.Raw(self.result)
        elif self.status == FAILED:
            told["error"] = msgspec.Raw(self.error)
        if self.progress is not None:
            numbers = {"progress": self.progress, "total": self.total}
            told["_meta"] = {PROGRESS: {k: v for k, v in numbers.items() if v is not None}}
        return told

    def as_created(self) -> dict[str, Any]:
        """What a call is answered that becomes a task (Task Creation)."""
        return {"resultType": "task", **self.as_task()}


class TaskNews:
    """What a stream is told of one task: its newest state, however long it waits to be told."""

    __slots__ = ("_around", "_state")

    def __init__(self, state: TaskState) -> None:
        self.state = state

    @property
    def state(self) -> TaskState:
        """The newest state that is known."""
        return self._state

    @state.setter
    def state(self, state: TaskState) -> None:
        self._state = state
        self._around: tuple[bytes, bytes] | None = None

    def encode(self) -> bytes:
        """The notification as nobody gets it that has a session."""
        return jsonrpc.notification(NOTIFICATION, self._state.as_detailed())

    def encode_for(self, subscription: bytes) -> bytes:
        """The notification on the stream of a listen request, by its encoded id."""
        if self._around is None:
            params = self._state.as_detailed()
            meta = {**params.pop("_meta", {}), SUBSCRIPTION_ID: PLACE}
            self._around = around(NOTIFICATION, {**params, "_meta": meta})
        before, after = self._around
        return before + subscription + after


def declares(capabilities: Mapping[str, Any]) -> bool:
    """Whether a request says that its client knows tasks (Capability Negotiation)."""
    extensions = capabilities.get("extensions")
    return isinstance(extensions, dict) and isinstance(extensions.get(TASKS), dict)


def missing() -> MissingClientCapability:
    """The error for a client that would have to."""
    return MissingClientCapability({"extensions": {TASKS: {}}})


def require(capabilities: Mapping[str, Any]) -> None:
    """Raise MissingClientCapability unless the request declares the extension."""
    if not declares(capabilities):
        raise missing()


def read_task_id(params: Mapping[str, Any], method: str) -> str:
    """The task that a request names. Raises InvalidParams."""
    task_id = params.get("taskId")
    if type(task_id) is not str:
        raise InvalidParams(f"{method} needs params.taskId, a string.", status=400)
    return task_id


def read_answers(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a client answers, by key. Raises InvalidParams."""
    responses = params.get("inputResponses")
    if type(responses) is not dict:
        raise InvalidParams("tasks/update needs params.inputResponses, an object.", status=400)
    return responses


def read_watched(params: Mapping[str, Any]) -> frozenset[str]:
    """The tasks that a listen request names. Raises InvalidParams."""
    wanted = params.get("notifications")
    named = wanted.get("taskIds", []) if isinstance(wanted, dict) else []
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise InvalidParams("notifications.taskIds is a list of strings.")
    if len(named) > MAX_WATCHED:
        raise InvalidParams(f"A stream is told of {MAX_WATCHED} tasks at most.")
    return frozenset(named)


def describe(progress: float, total: float | None, message: str | None) -> str:
    """How far the work is, for people."""
    if message:
        return message
    return f"{progress:g} of {total:g}" if total is not None else f"{progress:g}"
