"""
A conversation over the pipes of a child: who asked what, and what comes back.

Ids are this side's own, so that no two callers can be taken for one another,
whatever ids their clients use. What a child says while it works for a call
waits, in order, for the task of that call, so that one slow client holds up
nobody else.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import MethodNotFound, ProtocolError
from mcp_transport.protocol.jsonrpc import Notification, Request, Response
from mcp_transport.sources.stdio.errors import Answered, ChildError, Gone, Unsent
from mcp_transport.sources.stdio.process import Process, TooLong
from mcp_transport.sources.stdio.programs import Program

logger = logging.getLogger("mcp_transport.stdio")

MAX_SAID = 256  # messages that may wait for one call
SIGN_OF_LIFE = 5.0  # seconds for an answer of a child that was left in the middle of a call
READ_PATIENCE = 1.0  # seconds for the last lines of a child that has ended

PROGRESS = "notifications/progress"
CANCELLED = "notifications/cancelled"
MESSAGE = "notifications/message"


class Hearer(Protocol):
    """Who hears what a child says while it works for a call."""

    async def note(self, said: Notification) -> None:
        """Take note of progress or a log message."""

    async def answer(self, asked: Request) -> dict[str, Any]:
        """Answer a question. Raises ProtocolError where nobody can."""


class Call:
    """A request to a child, and what it says until it answers."""

    def __init__(self, hearer: Hearer | None) -> None:
        self.hearer = hearer
        self.outcome: Response | ChildError | None = None
        self._said: deque[Request | Notification] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._asking: asyncio.Task[dict[str, Any]] | None = None

    async def answer(self, asked: Request) -> dict[str, Any] | None:
        """
        The hearer's answer to a question; None when the call has ended before it came.

        Raises ProtocolError where nobody can be asked.
        """
        if self.hearer is None:
            raise MethodNotFound("Nobody can be asked now.")
        asking = self._asking = asyncio.create_task(_asked(self.hearer, asked))
        try:
            await asyncio.wait([asking])
            return None if asking.cancelled() else asking.result()
        finally:
            self._asking = None
            asking.cancel()

    def say(self, message: Request | Notification) -> bool:
        """Leave a message for the call's task; False when too many wait."""
        if len(self._said) >= MAX_SAID:
            return False
        self._said.append(message)
        self._wake()
        return True

    def settle(self, outcome: Response | ChildError) -> None:
        """Bring the call to its end."""
        if self.outcome is None:
            self.outcome = outcome
            self._wake()
            if self._asking is not None:
                self._asking.cancel()

    def withdraw(self, id_: Any) -> None:
        """Forget a question that the child does not ask any more."""
        kept = [m for m in self._said if not (isinstance(m, Request) and m.id == id_)]
        self._said = deque(kept)

    async def next(self) -> Request | Notification | None:
        """What was said, in order; None when the outcome is there and nothing else."""
        while not self._said and self.outcome is None:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return self._said.popleft() if self._said else None

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


class Conversation:
    """Requests to a child and its own, from its start to its end."""

    def __init__(self, process: Process) -> None:
        self.program: Program = process.program
        self.is_over = False
        self.is_doubtful = False  # whether it was left before it answered a call
        self.when_over: Callable[[], None] | None = None
        self._process = process
        self._ids = itertools.count(1)
        self._calls: dict[int, Call] = {}
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The process id of its supervisor."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """What it last said on standard error."""
        return self._process.last_words

    async def exchange(
        self, method: str, params: dict[str, Any], hearer: Hearer | None = None
    ) -> dict[str, Any]:
        """
        Ask the child for something; what it says meanwhile is the hearer's.

        Raises ChildError. Whoever leaves before the answer cancels it.
        """
        id_ = next(self._ids)
        if hearer is not None:
            params = {**params, "_meta": {**params.get("_meta", {}), "progressToken": id_}}
        if not self._process.is_open:
            self._end()
        if self.is_over:
            raise Unsent(f"{self.name} has ended; call again.")
        if not self._process.post(jsonrpc.request(id_, method, params)):
            raise Gone(f"{self.name} does not read what it is sent; call again.")
        call = self._calls[id_] = Call(hearer)
        try:
            return await self._outcome(call)
        finally:
            del self._calls[id_]
            # The one request that is never cancelled (basic/utilities/cancellation).
            if call.outcome is None and method != "initialize":
                self.is_doubtful = self.is_doubtful or hearer is not None
                left = {"requestId": id_, "reason": "Nobody waits for it any more."}
                self._process.post(jsonrpc.notification(CANCELLED, left))

    async def lives(self) -> bool:
        """Whether it answers at all, whatever that is, within a moment."""
        self.is_doubtful = False
        try:
            async with asyncio.timeout(SIGN_OF_LIFE):
                await self.exchange("ping", {})
        except (ChildError, TimeoutError) as error:
            return isinstance(error, Answered)
        return True

    def ask_aside(self, method: str, params: dict[str, Any]) -> None:
        """Ask for something whose answer nobody waits for."""
        self._process.post(jsonrpc.request(next(self._ids), method, params))

    def tell(self, method: str) -> None:
        """Send a notification."""
        self._process.post(jsonrpc.notification(method))

    def roots(self) -> dict[str, Any]:
        """What the settings let it know of folders."""
        return {"roots": [{"uri": uri} for uri in self.program.roots]}

    def heed(self, told: Notification) -> None:
        """Take what the child tells beside its calls."""

    async def stop(self) -> None:
        """End the conversation and the process."""
        self._end()
        await self._process.stop()
        await asyncio.wait([self._reading], timeout=READ_PATIENCE)
        self._reading.cancel()
        await asyncio.wait([self._reading])

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"The program {self.program.alias!r}"

    async def _outcome(self, call: Call) -> dict[str, Any]:
        while (said := await call.next()) is not None:
            if isinstance(said, Request):
                await self._answer(said, call)
            elif call.hearer is not None:
                await call.hearer.note(said)
        outcome = call.outcome
        if isinstance(outcome, Response):
            return _result(outcome)
        raise outcome or Gone(f"{self.name} ended; call again.")

    async def _answer(self, asked: Request, call: Call) -> None:
        try:
            answer = await call.answer(asked)
        except ProtocolError as error:
            self._process.post(jsonrpc.error(asked.id, error))
        else:
            if answer is not None:
                self._process.post(jsonrpc.result(asked.id, answer))

    async def _read(self) -> None:
        try:
            async for line in self._process.lines():
                self._take(line)
        except Exception:
            logger.exception("MCP_STDIO[%r] could not be read", self.program.alias)
        finally:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        for call in self._calls.values():
            call.settle(Gone(f"{self.name} ended while it worked for this; call again."))
        when_over, self.when_over = self.when_over, None
        if when_over is not None:
            when_over()

    def _take(self, line: bytes | TooLong) -> None:
        if isinstance(line, TooLong):
            self._drop(line)
            return
        if not line.strip():
            return
        try:
            value = jsonrpc.decode(line)
            batch = value if isinstance(value, list) else [value]
            messages = [jsonrpc.parse(one) for one in batch]
        except ProtocolError:
            self._process.note_noise(line)
            return
        for message in messages:
            self._hear(message)

    def _hear(self, message: jsonrpc.Message) -> None:
        if isinstance(message, Response):
            self._settle(message)
        elif isinstance(message, Request):
            self._be_asked(message)
        else:
            self._be_told(message)

    def _drop(self, line: TooLong) -> None:
        """Fail the one call whose answer is too long, or all where nobody can say which."""
        logger.error("MCP_STDIO[%r] sent a line above the limit", self.program.alias)
        error = Gone(f"{self.name} answered with more than can be taken.")
        if line.id is None:
            for call in self._calls.values():
                call.settle(error)
        elif (one := self._calls.get(line.id)) is not None:
            one.settle(error)

    def _settle(self, message: Response) -> None:
        call = self._calls.get(message.id) if type(message.id) is int else None
        if call is not None:
            call.settle(message)

    def _be_asked(self, asked: Request) -> None:
        if asked.method == "ping":
            self._process.post(jsonrpc.result(asked.id, {}))
        elif asked.method == "roots/list" and self.program.roots:
            self._process.post(jsonrpc.result(asked.id, self.roots()))
        else:
            call = self._one_call()
            if call is None or not call.say(asked):
                problem = MethodNotFound("There is nobody who could be asked now.")
                self._process.post(jsonrpc.error(asked.id, problem))

    def _be_told(self, told: Notification) -> None:
        if told.method == PROGRESS:
            token = told.params.get("progressToken")
            call = self._calls.get(token) if type(token) is int else None
        elif told.method == MESSAGE:
            call = self._one_call()
        elif told.method == CANCELLED:
            for call in self._calls.values():
                call.withdraw(told.params.get("requestId"))
            return
        else:
            self.heed(told)
            return
        if call is not None and call.hearer is not None:
            call.say(told)  # what is too much is left out

    def _one_call(self) -> Call | None:
        """
        The call that the child means, for it does not say so; None where that is not sure.

        Of a child that is one caller's own, it may be the last that began.
        """
        calls = [call for call in self._calls.values() if call.hearer is not None]
        if not calls or (self.program.is_shared and len(calls) > 1):
            return None
        return calls[-1]


async def _asked(hearer: Hearer, asked: Request) -> dict[str, Any]:
    return await hearer.answer(asked)


def _result(answer: Response) -> dict[str, Any]:
    if answer.error is not None:
        code, message = answer.error.get("code"), answer.error.get("message")
        raise Answered(code if isinstance(code, int) else 0, str(message))
    if not isinstance(answer.result, dict):
        raise Answered(0, "The answer is no object.")
    return answer.result
