"""What a server of others says while it works for a call, for the client that calls."""

from __future__ import annotations

from typing import Any

from mcp_transport.engine.context import RequestContext
from mcp_transport.engine.questions import ELICITATION, SAMPLING
from mcp_transport.protocol import capabilities
from mcp_transport.protocol.errors import InternalError, InvalidParams, MethodNotFound
from mcp_transport.protocol.jsonrpc import Notification, Request
from mcp_transport.protocol.log_levels import LEVELS
from mcp_transport.registry.context import Question
from mcp_transport.registry.errors import ToolError
from mcp_transport.sources.foreign.conversation import PROGRESS


class ContextHearer:
    """Passes on what is said to the context of a call."""

    def __init__(self, context: RequestContext, *, may_ask: bool) -> None:
        self._context = context
        self._may_ask = may_ask

    async def note(self, said: Notification) -> None:
        """See Hearer.note()."""
        params = said.params
        if said.method == PROGRESS:
            progress, total = _number(params.get("progress")), _number(params.get("total"))
            if progress is not None:
                await self._context.progress(progress, total, _text(params.get("message")))
        elif (level := params.get("level")) in LEVELS:
            named = _text(params.get("logger"))
            await self._context.log(level, params.get("data"), logger=named)

    async def answer(self, asked: Request) -> dict[str, Any]:
        """
        Ask the client.

        Where that answers by asking again the call is left, and begins anew
        with the answer.
        """
        if not self._may_ask or asked.method not in (ELICITATION, SAMPLING):
            raise MethodNotFound(f"Nobody here answers {asked.method!r}.")
        question = _question(asked)
        if capabilities.missing(question.capability, self._context.client_capabilities):
            raise MethodNotFound(f"The client cannot be asked {asked.method!r}.")
        key = self._context.next_key()
        try:
            return _object((await self._context.ask({key: question}))[key])
        except ToolError as error:
            raise InternalError(str(error)) from None
        except ValueError as error:
            raise InvalidParams(str(error)) from None


def _question(asked: Request) -> Question:
    params = {name: value for name, value in asked.params.items() if name != "_meta"}
    if asked.method == ELICITATION:
        mode = "url" if params.get("mode") == "url" else "form"
        return Question(method=ELICITATION, params=params, capability={"elicitation": {mode: {}}})
    modes: dict[str, Any] = {"tools": {}} if "tools" in params else {}
    return Question(method=SAMPLING, params=params, capability={"sampling": modes})


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return value if type(value) in (int, float) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
