"""What a client says when the server asks, and what it has been asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mcp_transport.protocol.tasks import TASKS
from mcp_transport.testing.reply import Json
from mcp_transport.testing.wire import MODERN_REVISION

ELICITATION = "elicitation/create"
SAMPLING = "sampling/createMessage"
ROOTS = "roots/list"

#: A form filled in; True for a page that was visited; or what the user did instead.
Elicitation = Mapping[str, Any] | bool | Literal["accept", "decline", "cancel"]
#: What the model says; or the whole result.
Sampling = str | Mapping[str, Any]
#: The URIs the client works in.
Roots = Iterable[str]

KEYWORDS = {ELICITATION: "elicitation", SAMPLING: "sampling", ROOTS: "roots"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question of the server."""

    method: str
    params: Json

    @property
    def message(self) -> str:
        """What the user was told."""
        return str(self.params.get("message", ""))


class Answers:
    """
    The answers that a test has prepared.

    Each is a value for every question of its kind, or a function of the
    question's parameters. A question without one fails the test.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._prepared: dict[str, Any] = {}

    def prepare(
        self,
        *,
        elicitation: Elicitation | Callable[[Json], Elicitation] | None = None,
        sampling: Sampling | Callable[[Json], Sampling] | None = None,
        roots: Roots | Callable[[Json], Roots] | None = None,
    ) -> None:
        """Say what will be answered from now on; None leaves it as it was."""
        given = {ELICITATION: elicitation, SAMPLING: sampling, ROOTS: roots}
        self._prepared.update({kind: a for kind, a in given.items() if a is not None})

    def __call__(self, method: str, params: Json) -> Json:
        """Answer a question."""
        self.asked.append(Asked(method=method, params=params))
        if method not in self._prepared:
            raise AssertionError(
                f"The server asked {method} {params!r}, and the test has no answer: "
                f"prepare one with answer({KEYWORDS.get(method, method)}=…)."
            )
        answer = self._prepared[method]
        return RESULTS[method](answer(params) if callable(answer) else answer, params)


def elicitation_result(answer: Elicitation, params: Json) -> Json:
    """What the user did."""
    if isinstance(answer, Mapping):
        return {"action": "accept", "content": dict(answer)}
    action = ("accept" if answer else "decline") if isinstance(answer, bool) else answer
    if action == "accept" and params.get("mode", "form") == "form":
        return {"action": action, "content": {}}
    return {"action": action}


def sampling_result(answer: Sampling, params: Json) -> Json:
    """What the model said."""
    if not isinstance(answer, str):
        return dict(answer)
    content = {"type": "text", "text": answer}
    return {"role": "assistant", "content": content, "model": "tests", "stopReason": "endTurn"}


def roots_result(answer: Roots, params: Json) -> Json:
    """Where the client works."""
    return {"roots": [{"uri": uri} for uri in answer]}


RESULTS: Mapping[str, Callable[[Any, Json], Json]] = {
    ELICITATION: elicitation_result,
    SAMPLING: sampling_result,
    ROOTS: roots_result,
}


def everything(revision: str) -> Json:
    """The capabilities of a client that can answer whatever its revision asks, and wait."""
    if revision < "2025-06-18":
        return {"roots": {}, "sampling": {}}
    if revision < "2025-11-25":
        return {"roots": {}, "sampling": {}, "elicitation": {}}
    able: Json = {"roots": {}, "sampling": {"tools": {}}, "elicitation": {"form": {}, "url": {}}}
    return {**able, "extensions": {TASKS: {}}} if revision == MODERN_REVISION else able
