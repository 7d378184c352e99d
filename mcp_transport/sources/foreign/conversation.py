"""
A conversation with a server of others: who asked what, and what comes back.

Ids are this side's own, so that no two callers can be taken for one another,
whatever ids their clients use. What the other side says while it works for a
call waits, in order, for the task of that call, so that one slow client holds
up nobody else.
"""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import MethodNotFound, ProtocolError
from mcp_transport.protocol.jsonrpc import Notification, Request, Response
from mcp_transport.sources.foreign.errors import Answered, ForeignError, Gone, Unsent
from mcp_transport.sources.foreign.origin import Origin

MAX_SAID = 256  # messages that may wait for one call
SIGN_OF_LIFE = 5.0  # seconds for an answer of one that was left in the middle of a call

PROGRESS = "notifications/progress"
CANCELLED = "notifications/cancelled"
MESSAGE = "notifications/message"


class Hearer(Protocol):
    """Who hears what is said while a call is worked for."""

    async def note(self, said: Notification) -> None:
        """Take note of progress or a log message."""

    async def answer(self, asked: Request) -> dict[str, Any]:
        """Answer a question. Raises ProtocolError where nobody can."""


class Call:
    """A request, and what is said until it is answered."""

    def __init__(self, hearer: Hearer | None) -> None:
        self.hearer = hearer
        self.outcome: Response | ForeignError | None = None
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

    def settle(self, outcome: Response | ForeignError) -> None:
        """Bring the call to its end."""
        if self.outcome is None:
            self.outcome = outcome
            self._wake()
            if self._asking is not None:
                self._asking.cancel()

    def withdraw(self, id_: Any) -> None:
        """Forget a question that is not asked any more."""
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


class Conversation(ABC):
    """Requests to the other side and its own, from the beginning to the end."""

    #: The one request that is never cancelled (basic/utilities/cancellation).
    NEVER_CANCELLED = "initialize"

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.is_over = False
        self.is_doubtful = False  # whether it was left before it answered a call
        self.when_over: Callable[[], None] | None = None
        self._ids = itertools.count(1)
        self._calls: dict[int, Call] = {}

    @property
    def name(self) -> str:
        """What messages call the other side."""
        return self.origin.name

    @property
    def last_words(self) -> str:
        """What it last said beside its messages, for the log."""
        return ""

    @abstractmethod
    def _begin(self, id_: int, method: str, params: dict[str, Any], call: Call) -> None:
        """Send a request. Raises ForeignError where that cannot be."""

    @abstractmethod
    def _leave(self, id_: int, *, is_cancelled: bool) -> None:
        """Let go of a request, which the other side works for unless it is answered."""

    @abstractmethod
    def _post(self, message: bytes) -> None:
        """Send a message that is not answered."""

    @abstractmethod
    async def stop(self) -> None:
        """End the conversation, and what was begun for it."""

    async def exchange(
        self, method: str, params: dict[str, Any], hearer: Hearer | None = None
    ) -> dict[str, Any]:
        """
        Ask for something; what is said meanwhile is the hearer's.

        Raises ForeignError. Whoever leaves before the answer cancels it.
        """
        id_ = next(self._ids)
        if hearer is not None:
            params = {**params, "_meta": {**params.get("_meta", {}), "progressToken": id_}}
        if self.is_over:
            raise Unsent(f"{self.name} has ended; call again.")
        call = Call(hearer)
        self._begin(id_, method, params, call)
        self._calls[id_] = call
        try:
            return await self._outcome(call)
        finally:
            del self._calls[id_]
            is_left = call.outcome is None and method != self.NEVER_CANCELLED
            self.is_doubtful = self.is_doubtful or (is_left and hearer is not None)
            self._leave(id_, is_cancelled=is_left)

    async def lives(self) -> bool:
        """Whether it answers at all, whatever that is, within a moment."""
        self.is_doubtful = False
        try:
            async with asyncio.timeout(SIGN_OF_LIFE):
                await self.exchange("ping", {})
        except (ForeignError, TimeoutError) as error:
            return isinstance(error, Answered)
        return True

    def roots(self) -> dict[str, Any]:
        """What the settings let it know of folders."""
        return {"roots": [{"uri": uri} for uri in self.origin.roots]}

    @abstractmethod
    def heed(self, told: Notification) -> None:
        """Take what it tells beside its calls."""

    def end(self) -> None:
        """Bring what is asked to its end, for no answer will come any more."""
        for call in self._calls.values():
            call.settle(Gone(f"{self.name} ended while it worked for this; call again."))
        self.retire()

    def retire(self) -> None:
        """Take no new requests."""
        self.is_over = True
        when_over, self.when_over = self.when_over, None
        if when_over is not None:
            when_over()

    def take(self, value: Any, of: Call | None = None) -> None:
        """
        Take what was said, a message or a batch of them.

        ``of`` is the call for which it was said, where that is known. Raises
        ProtocolError for what is no message.
        """
        batch = value if isinstance(value, list) else [value]
        for message in [jsonrpc.parse(one) for one in batch]:
            if isinstance(message, Response):
                self._settle(message, of)
            elif isinstance(message, Request):
                self._be_asked(message, of)
            else:
                self._be_told(message, of)

    def tell(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Send a notification."""
        self._post(jsonrpc.notification(method, params))

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
            self._post(jsonrpc.error(asked.id, error))
        else:
            if answer is not None:
                self._post(jsonrpc.result(asked.id, answer))

    def _settle(self, message: Response, of: Call | None) -> None:
        call = self._calls.get(message.id) if type(message.id) is int else None
        if call is not None and of in (None, call):
            call.settle(message)

    def _be_asked(self, asked: Request, of: Call | None) -> None:
        if asked.method == "ping":
            self._post(jsonrpc.result(asked.id, {}))
        elif asked.method == "roots/list" and self.origin.roots:
            self._post(jsonrpc.result(asked.id, self.roots()))
        else:
            call = of or self._one_call()
            if call is None or not call.say(asked):
                problem = MethodNotFound("There is nobody who could be asked now.")
                self._post(jsonrpc.error(asked.id, problem))

    def _be_told(self, told: Notification, of: Call | None) -> None:
        if told.method == PROGRESS:
            token = told.params.get("progressToken")
            call = self._calls.get(token) if type(token) is int else None
            call = call if of in (None, call) else None
        elif told.method == MESSAGE:
            call = of or self._one_call()
        elif told.method == CANCELLED:
            for call in self._calls.values() if of is None else (of,):
                call.withdraw(told.params.get("requestId"))
            return
        else:
            self.heed(told)
            return
        if call is not None and call.hearer is not None:
            call.say(told)  # what is too much is left out

    def _one_call(self) -> Call | None:
        """
        The call that is meant, for it is not said; None where that is not sure.

        Of one that is a caller's own, it may be the last that began.
        """
        calls = [call for call in self._calls.values() if call.hearer is not None]
        if not calls or (self.origin.is_shared and len(calls) > 1):
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
