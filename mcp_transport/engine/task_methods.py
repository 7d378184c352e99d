"""tasks/get, tasks/update and tasks/cancel (ext-tasks, Tasks)."""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.questions import is_answer
from mcp_transport.engine.tasks import may_see, owner_of
from mcp_transport.protocol import tasks
from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.shortening import shown
from mcp_transport.protocol.tasks import TaskState
from mcp_transport.registry.context import Question


async def get(exchange: Exchange) -> dict[str, Any]:
    """How a task is; its result, once it has one."""
    return (await _find(exchange)).as_detailed()


async def update(exchange: Exchange) -> dict[str, Any]:
    """
    Answer what a task asks.

    What nobody waits for is ignored (Task Update Requests). Raises InvalidParams
    for what answers a question and is no answer to it, which stays open.
    """
    answers = tasks.read_answers(exchange.params)
    state = await _find(exchange)
    fitting = {key: answers[key] for key in state.questions.keys() & answers.keys()}
    for key, raw in fitting.items():
        _check(key, state.questions[key], raw)
    if fitting and state.is_open:
        await exchange.services.tasks.answer(state, fitting)
    return {}


async def cancel(exchange: Exchange) -> dict[str, Any]:
    """Have a task end; one that has ended stays as it is (Task Cancellation)."""
    state = await _find(exchange)
    if state.is_open:
        await exchange.services.tasks.cancel(state)
    return {}


async def _find(exchange: Exchange) -> TaskState:
    """
    The task that a request names.

    One that is somebody else's is answered like one that never was. Raises
    MissingClientCapability or InvalidParams.
    """
    tasks.require(exchange.capabilities)
    task_id = tasks.read_task_id(exchange.params, exchange.method.name)
    state = await exchange.services.tasks.store.find(task_id, owner_of(exchange))
    if state is None or not may_see(state, exchange.catalog, exchange.principal):
        raise InvalidParams(f"There is no task {shown(task_id)}; it may have expired.")
    return state


def _check(key: str, asked: dict[str, Any], raw: Any) -> None:
    question = Question(method=asked["method"], params=asked["params"], capability={})
    if not is_answer(question, raw):
        raise InvalidParams(f"inputResponses[{shown(key)}] is no answer to {question.method}.")
