"""Questions as live requests: put to a client that answers while its own request waits."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from mcp_transport.engine.back_channel import BackChannel, Pending
from mcp_transport.engine.questions import is_answer
from mcp_transport.protocol import capabilities, jsonrpc, shaping
from mcp_transport.registry.context import Question
from mcp_transport.registry.errors import ToolError
from mcp_transport.sessions.store import SessionRecord

REFUSED = "The client did not answer: {}."


class AskingChannel(BackChannel):
    """Sends each question as a request of the session, and waits for the response."""

    def __init__(self, pending: Pending, session: SessionRecord, *, answer_timeout: float) -> None:
        self._pending = pending
        self._session = session
        self._answer_timeout = answer_timeout
        self._asked = 0

    @abstractmethod
    async def name_question(self) -> str:
        """
        An id for the next question that no other in the session has.

        Raises ToolError when nobody can be asked any more.
        """

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Send the questions and wait for every answer."""
        self._check(questions)
        # All at once: a person answers several in the time of the slowest.
        asking = [asyncio.ensure_future(self._ask(item)) for item in questions.values()]
        try:
            return dict(zip(questions, await asyncio.gather(*asking), strict=True))
        finally:
            for task in asking:  # one question that fails ends the others
                task.cancel()

    def _check(self, questions: Mapping[str, Question]) -> None:
        """Ask nothing that was not negotiated (2025-11-25, basic/lifecycle, Operation)."""
        for question in questions.values():
            lacking = capabilities.missing(question.capability, self._session.client_capabilities)
            if lacking:
                raise ToolError(
                    f"The client does not support {', '.join(sorted(lacking))}, which this needs."
                )

    def _shaped(self, question: Question) -> dict[str, Any]:
        try:
            return shaping.question(question.params, self._session.revision)
        except ValueError as error:
            raise ToolError(
                f"The client speaks {self._session.revision}, whose forms cannot show this: {error}."
            ) from None

    async def _ask(self, question: Question) -> Any:
        request_id = await self.name_question()
        answer = self._pending.expect(self._session.id, request_id)
        try:
            params = _with_id(self._shaped(question), request_id)
            await self.notify(jsonrpc.request(request_id, question.method, params))
            response = await asyncio.wait_for(answer, self._answer_timeout)
        except TimeoutError:
            # The client may stop to ask its user (2025-11-25, basic/lifecycle, Timeouts).
            await self.notify(_withdrawal(request_id))
            raise ToolError(REFUSED.format("it took too long")) from None
        finally:
            self._pending.forget(self._session.id, request_id)
        return _read(question, response)


def _with_id(params: dict[str, Any], request_id: str) -> dict[str, Any]:
    """A link has an id (2025-11-25, client/elicitation, URL Mode Elicitation Requests)."""
    is_link = params.get("mode") == "url"
    return {**params, "elicitationId": request_id} if is_link else params


def _withdrawal(request_id: str) -> bytes:
    params = {"requestId": request_id, "reason": "timed out"}
    return jsonrpc.notification("notifications/cancelled", params)


def _read(question: Question, response: jsonrpc.Response) -> Any:
    if response.error is not None:
        raise ToolError(REFUSED.format(str(response.error.get("message", "it refused"))[:200]))
    if not is_answer(question, response.result):
        raise ToolError(REFUSED.format("what it sent is no answer to the question"))
    return response.result
