"""
The rounds of a request that asks: the way in with answers, the way out with questions.

Specification 2026-07-28, basic/patterns/mrtr.
"""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.questions import InputRequired
from mcp_transport.engine.request_state import RequestState, binding, seal, unseal


def enter(exchange: Exchange) -> None:
    """
    Take in what earlier rounds left and this one brings.

    Answers that nobody waits for do no harm (Error Handling). Raises
    InvalidParams for a state that was not made for this request.
    """
    params = exchange.params
    if "requestState" not in params and "inputResponses" not in params:
        return
    state = RequestState()
    if params.get("requestState") is not None:
        state = unseal(params["requestState"], _bound(exchange))
    responses = params.get("inputResponses")
    if isinstance(responses, dict):
        state.answers.update(responses)
    exchange.state = state


def leave(exchange: Exchange, asked: InputRequired) -> dict[str, Any]:
    """The result that asks (InputRequiredResult); it always carries the state."""
    questions = asked.questions.items()
    requests = {key: {"method": q.method, "params": q.params} for key, q in questions}
    return {
        "resultType": "input_required",
        "inputRequests": requests,
        "requestState": seal(exchange.state or RequestState(), _bound(exchange)),
    }


def _bound(exchange: Exchange) -> str:
    return binding(
        exchange.principal.key, exchange.server.slug, exchange.method.name, exchange.params
    )
