"""Waits for a call that has become a task, and shows how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandError

from mcp_transport.management.subcommands.answering import Respondent
from mcp_transport.management.subcommands.asking import explained
from mcp_transport.management.subcommands.base import shown
from mcp_transport.management.subcommands.terminal import ProgressLine
from mcp_transport.protocol.tasks import OPEN, PROGRESS

Json = dict[str, Any]
Request = Callable[[str, Json], Json]


class FollowedTask:
    """One task; ``request`` asks the engine, and raises CommandError for an error."""

    def __init__(self, request: Request, respondent: Respondent, line: ProgressLine) -> None:
        self._request = request
        self._respondent = respondent
        self._line = line
        self._said: object = None
        self._answered: set[str] = set()

    def result(self, state: Json, sleep: Callable[[float], object]) -> Json:
        """
        Wait for its result.

        Who interrupts the command ends the task, too. Raises CommandError for one
        that has failed or was cancelled.
        """
        named = {"taskId": state["taskId"]}
        try:
            while state["status"] in OPEN:
                self._show(state)
                self._answer(state, named)
                sleep(state["pollIntervalMs"] / 1000)
                state = self._request("tasks/get", named)
        except BaseException:
            self._request("tasks/cancel", named)
            raise
        if state["status"] == "completed":
            result: Json = state["result"]
            return result
        raise CommandError(explained(state.get("error", {"message": "The task was cancelled."})))

    def _show(self, state: Json) -> None:
        progress = state.get("_meta", {}).get(PROGRESS)
        said = (progress, state.get("statusMessage"))
        if progress is not None and said != self._said:
            self._said = said
            message = shown(state.get("statusMessage", ""))
            self._line.report(progress["progress"], progress.get("total"), message)

    def _answer(self, state: Json, named: Json) -> None:
        asked = state.get("inputRequests", {})
        new = {key: question for key, question in asked.items() if key not in self._answered}
        if new:
            self._answered |= new.keys()
            answers = self._respondent.reply({"inputRequests": new})
            self._request("tasks/update", {**named, **answers})
