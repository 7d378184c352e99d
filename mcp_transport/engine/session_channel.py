"""The back channel of a client with a session: a stream that is logged."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from mcp_transport.engine.back_channel import BackChannel, Pending
from mcp_transport.engine.questions import is_answer
from mcp_transport.protocol import capabilities, jsonrpc
from mcp_transport.registry.context import Question
from mcp_transport.registry.errors import ToolError
from mcp_transport.sessions.store import SessionRecord
from mcp_transport.streams.live import LiveStream, LiveStreams
from mcp_transport.streams.log import Opening

REFUSED = "The client did not answer: {}."
ENDED = "The request has been answered, so its client cannot be asked any more."


class SessionChannel(BackChannel):
    """
    Opens the answer's stream when something has to be said before the result.

    Everything on it is logged before it is sent, so a client whose connection
    breaks reads on where it was.
    """

    def __init__(
        self,
        streams: LiveStreams,
        pending: Pending,
        session: SessionRecord,
        *,
        describe: Callable[[str], Opening],
        opened: Callable[[], None],
        answer_timeout: float,
    ) -> None:
        self.stream: LiveStream | None = None
        self._streams = streams
        self._pending = pending
        self._session = session
        self._describe = describe
        self._opened = opened
        self._answer_timeout = answer_timeout
        self._asked = 0
        self._is_ended = False
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Keep the stream's row, prime the client, and let the transport follow."""
        async with self._lock:
            if self.stream is None and not self._is_ended:
                self.stream = await self._primed()
                self._opened()

    async def end(self) -> LiveStream | None:
        """
        Say no more: what a thread or a task left behind reports is dropped.

        The stream takes the result alone; None when nothing was said on one.
        """
        async with self._lock:
            self._is_ended = True
            return self.stream

    async def notify(self, message: bytes) -> None:
        """See BackChannel.notify()."""
        await self.open()
        if self.stream is not None and not self._is_ended:
            await self.stream.append(message)

    async def release(self) -> None:
        """Close the connection where the revision lets the client come back for more."""
        await self.open()
        if self.stream is not None and self._session.revision.has_priming_events:
            self.stream.release()

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Send the questions on the stream and wait for every answer."""
        self._check(questions)
        asking = [asyncio.ensure_future(self._ask(item)) for item in questions.values()]
        try:
            return dict(zip(questions, await asyncio.gather(*asking), strict=True))
        finally:
            for task in asking:  # one question that fails ends the others
                task.cancel()

    def _check(self, questions: Mapping[str, Question]) -> None:
        for question in questions.values():
            lacking = capabilities.missing(question.capability, self._session.client_capabilities)
            if lacking:
                raise ToolError(
                    f"The client does not support {', '.join(sorted(lacking))}, which this needs."
                )

    async def _primed(self) -> LiveStream:
        stream = self._streams.create(secrets.token_urlsafe(16))
        try:
            self._streams.log.open(self._describe(stream.id))
            if self._session.revision.has_priming_events:
                await stream.append(b"")
        except BaseException:  # the work may end just now, and nobody will close it then
            self._streams.discard(stream)
            stream.close()
            raise
        return stream

    async def _ask(self, question: Question) -> Any:
        await self.open()
        stream = self.stream
        if stream is None or self._is_ended:
            raise ToolError(ENDED)
        self._asked += 1
        request_id = f"{stream.id}.{self._asked}"
        answer = self._pending.expect(self._session.id, request_id)
        try:
            params = _with_id(question.params, request_id)
            await stream.append(jsonrpc.request(request_id, question.method, params))
            response = await asyncio.wait_for(answer, self._answer_timeout)
        except TimeoutError:
            await stream.append(_withdrawal(request_id))
            raise ToolError(REFUSED.format("it took too long")) from None
        finally:
            self._pending.forget(self._session.id, request_id)
        return _read(question, response)


def _with_id(params: dict[str, Any], request_id: str) -> dict[str, Any]:
    """A link has an id of its own (2025-11-25, client/elicitation, URL Mode)."""
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
