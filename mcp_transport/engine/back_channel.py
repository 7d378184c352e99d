"""
What an exchange may send besides its result.

Chosen once for each exchange, so that no handler asks which era it serves: a
client that cannot be asked gets an object that refuses.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from mcp_transport.engine.incoming import Responder
from mcp_transport.engine.questions import InputRequired
from mcp_transport.protocol import capabilities, jsonrpc, tasks
from mcp_transport.protocol.errors import MissingClientCapability
from mcp_transport.registry.context import Question
from mcp_transport.registry.errors import ToolError


def check_capabilities(questions: Mapping[str, Question], declared: Mapping[str, Any]) -> None:
    """
    Raises MissingClientCapability unless the client can be asked all of this.

    See 2026-07-28, basic/patterns/mrtr, Server Requirements, 7, and basic/index,
    _meta.
    """
    required: dict[str, Any] = {}
    for question in questions.values():
        for name, modes in question.capability.items():
            required.setdefault(name, {}).update(modes)
    lacking = capabilities.missing(required, declared)
    if lacking:
        raise MissingClientCapability(lacking)


class BackChannel(ABC):
    """The way back to the client while its request is served."""

    #: Seconds an entry without a limit of its own may take; None for those of the site.
    time_limit: float | None = None
    #: Whether it keeps how far the work is instead of telling it.
    keeps_progress = False

    @abstractmethod
    async def open(self) -> None:
        """Turn the answer into a stream, if the client takes one."""

    @abstractmethod
    async def notify(self, message: bytes) -> None:
        """Send a notification that belongs to the request."""

    async def chunk(self, index: int, value: Any) -> bool:
        """Send one piece of a result by itself; False where it goes out as progress."""
        return False

    @abstractmethod
    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """
        Put questions to the client and return its raw answers.

        Raises InputRequired where the client answers by asking again.
        """

    @abstractmethod
    async def release(self) -> None:
        """Let the client go if it can come back for the result."""

    async def outlast(self) -> None:
        """
        See to it that the result reaches the client, however long it takes.

        Raises MissingClientCapability where a client could come back for it, and
        does not say that it would.
        """
        await self.open()

    def keep_progress(  # noqa: B027 - most keep none
        self, progress: float, total: float | None, message: str | None
    ) -> None:
        """Keep how far the work is, where the channel does that."""


class ClosedChannel(BackChannel):
    """A client that takes its answer in one piece."""

    async def open(self) -> None:
        """There is no stream."""

    async def notify(self, message: bytes) -> None:
        """Nobody can be told."""

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Nobody can be asked."""
        raise ToolError("The client takes no stream, so it cannot be asked anything.")

    async def release(self) -> None:
        """There is no stream."""


CLOSED = ClosedChannel()


class StatelessChannel(BackChannel):
    """A client without a session: told on its own stream, asked by the result."""

    def __init__(self, responder: Responder, declared: Mapping[str, Any]) -> None:
        self._responder = responder
        self._declared = declared

    async def open(self) -> None:
        """See BackChannel.open()."""
        if self._responder.accepts_stream:
            await self._responder.open()

    async def notify(self, message: bytes) -> None:
        """See BackChannel.notify()."""
        if self._responder.accepts_stream:
            await self._responder.write(message)

    async def chunk(self, index: int, value: Any) -> bool:
        """See BackChannel.chunk()."""
        return await self._responder.write_chunk(index, value)

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """The result asks; the client repeats its request with the answers."""
        check_capabilities(questions, self._declared)
        raise InputRequired(questions)

    async def release(self) -> None:
        """
        Nobody is let go: no stream can be resumed without a session.

        See 2026-07-28, basic/transports/streamable-http, Receiving Messages.
        """

    async def outlast(self) -> None:
        """See BackChannel.outlast(); a client that knows tasks has another channel."""
        raise tasks.missing()


class Pending:
    """The questions of this process that wait for a client's answer."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], asyncio.Future[jsonrpc.Response]] = {}

    def expect(self, session_id: str, request_id: str) -> asyncio.Future[jsonrpc.Response]:
        """A future for the answer to a question that is about to be sent."""
        future: asyncio.Future[jsonrpc.Response] = asyncio.get_running_loop().create_future()
        self._waiting[session_id, request_id] = future
        return future

    def forget(self, session_id: str, request_id: str) -> None:
        """Stop to expect an answer."""
        self._waiting.pop((session_id, request_id), None)

    def settle(self, session_id: str, response: jsonrpc.Response) -> bool:
        """Hand an answer to whoever waits for it; False when nobody does here."""
        # With the session: ids of questions are no secrets, and an answer counts in its own alone.
        future = self._waiting.get((session_id, str(response.id)))
        if future is None or future.done():
            return False
        future.set_result(response)
        return True
