"""The questions of a task: kept in its row, until tasks/update brings the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp_transport.engine.questions import is_answer
from mcp_transport.registry.context import Question


class TaskQuestions:
    """
    What a task waits for.

    ``keep`` returns when every process finds what is asked, ``answered`` is
    called when it is less.
    """

    def __init__(self, keep: Callable[[], Awaitable[None]], answered: Callable[[], None]) -> None:
        self._keep = keep
        self._answered = answered
        self._open: dict[str, tuple[Question, asyncio.Future[Any]]] = {}
        self._used: set[str] = set()

    def as_params(self) -> dict[str, Any]:
        """The questions as a client is shown them."""
        asked = {key: question for key, (question, _future) in self._open.items()}
        return {key: {"method": q.method, "params": q.params} for key, q in asked.items()}

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Put questions and wait for every answer, as long as the task may take."""
        loop = asyncio.get_running_loop()
        mine = {self._name(key): key for key in questions}
        waiting = {name: loop.create_future() for name in mine}
        self._open.update({name: (questions[mine[name]], waiting[name]) for name in mine})
        try:
            await self._keep()
            answers = await asyncio.gather(*waiting.values())
        finally:
            for name in mine:
                self._open.pop(name, None)
        return dict(zip(mine.values(), answers, strict=True))

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Take what answers a question; whatever else comes is ignored."""
        before = len(self._open)
        for name in self._open.keys() & answers.keys():
            question, future = self._open[name]
            if is_answer(question, answers[name]) and not future.done():
                del self._open[name]
                future.set_result(answers[name])
        if len(self._open) < before:
            self._answered()

    def _name(self, key: str) -> str:
        """A name that no other question of the task has, nor had (Task Update Requests)."""
        name, count = key, 1
        while name in self._used:
            count += 1
            name = f"{key}_{count}"
        self._used.add(name)
        return name
