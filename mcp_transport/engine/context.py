"""What a running function sees of the exchange it serves."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
from collections import deque
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar, Unpack

from mcp_transport.engine import questions
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.progress import ProgressReporter
from mcp_transport.engine.questions import InputRequired
from mcp_transport.engine.request_state import RequestState
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.log_levels import LEVELS, LogLevel, reaches
from mcp_transport.protocol.subscriptions import Change, Kind
from mcp_transport.registry.context import (
    Answer,
    BaseContext,
    Context,
    Question,
    Root,
    Sample,
    SamplingOptions,
    SyncContext,
)

T = TypeVar("T")

logger = logging.getLogger("mcp_transport.context")

CALL_TIMEOUT = 60.0  # seconds a thread waits for the loop to send something
MAX_POSTED = 1000  # messages a transaction may send without waiting


class ExchangeView(BaseContext):
    """The part that needs no waiting."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    @property
    def user(self) -> Any:
        return self.exchange.principal.user

    @property
    def principal(self) -> Any:
        return self.exchange.principal

    @property
    def session(self) -> Any:
        return self.exchange.session

    @property
    def server(self) -> Any:
        return self.exchange.server

    @property
    def headers(self) -> Mapping[str, str]:
        found = self.exchange.incoming.headers
        names = self.exchange.services.context_headers
        return {n.decode(): found[n].decode("latin-1") for n in names if n in found}

    @property
    def request_id(self) -> str | int:
        return self.exchange.request.id

    @property
    def client_capabilities(self) -> Mapping[str, Any]:
        return self.exchange.capabilities

    @property
    def meta(self) -> Mapping[str, Any]:
        return self.exchange.meta

    @property
    def cancelled(self) -> bool:
        return self.exchange.is_abandoned


class RequestContext(ExchangeView, Context):
    """
    The context of an asynchronous function, and what a blocking one stands on.

    Made for every call, used by few: what it holds is made when it is asked for.
    """

    _progress: ProgressReporter | None = None
    questions_asked = 0  # without a key of their own, by whatever runs in this call

    @property
    def state(self) -> RequestState:
        """What the rounds of a question carry."""
        if self.exchange.state is None:
            self.exchange.state = RequestState()
        return self.exchange.state

    def rewind(self) -> None:
        """Begin again: the function is about to run from its first line."""
        self.questions_asked = 0

    async def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        if self._progress is None:
            self._progress = ProgressReporter(self.exchange)
        await self._progress.report(progress, total, message)

    async def chunk(self, index: int, value: Any) -> None:
        """Tell the client of one piece of a result that comes in pieces."""
        if await self.exchange.channel.chunk(index, value):
            return
        await self.progress(index + 1, None, value if isinstance(value, str) else None)

    async def log(self, level: LogLevel, data: Any, *, logger: str | None = None) -> None:
        check_level(level)
        if not reaches(level, self.exchange.log_level):
            return
        params = {"level": level, "data": data} | ({"logger": logger} if logger else {})
        await self.exchange.channel.notify(jsonrpc.notification("notifications/message", params))

    async def elicit(
        self, message: str, schema: Any = None, *, url: str | None = None, key: str | None = None
    ) -> Answer:
        question = _elicitation(message, schema, url)
        return questions.to_answer(await self._ask_one(question, key or self.next_key()))

    async def sample(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        key: str | None = None,
        **options: Unpack[SamplingOptions],
    ) -> Sample:
        question = questions.sampling(messages, options)
        return questions.to_sample(await self._ask_one(question, key or self.next_key()))

    async def list_roots(self, *, key: str | None = None) -> list[Root]:
        raw = await self._ask_one(questions.roots(), key or self.next_key())
        return questions.to_roots(raw)

    async def ask(self, asked: Mapping[str, Question]) -> dict[str, Any]:
        open_questions = self.unanswered(asked)
        if open_questions:
            self.state.answers.update(await self.exchange.channel.ask(open_questions))
        return {key: self.state.answers[key] for key in asked}

    def unanswered(self, asked: Mapping[str, Question]) -> dict[str, Question]:
        """The questions that no answer of this or an earlier round fits."""
        answers = self.state.answers
        return {
            key: questions.checked(question)
            for key, question in asked.items()
            if not questions.is_answer(question, answers.get(key))
        }

    async def resource_updated(self, uri: str) -> None:
        await self._publish(Change("resources", uri))

    async def list_changed(self, kind: Kind) -> None:
        self.exchange.services.directory.forget()
        await self._publish(Change(kind))

    async def close_stream(self) -> None:
        await self.exchange.channel.release()

    def remember(self, key: str, value: Any) -> Any:
        return self.state.memory.setdefault(key, value)

    async def _publish(self, change: Change) -> None:
        await self.exchange.services.hub.publish(change, server_id=self.exchange.server.id)

    async def _ask_one(self, question: Question, key: str) -> Any:
        return (await self.ask({key: question}))[key]

    def next_key(self) -> str:
        """The name of a question that has none: its place among such questions."""
        self.questions_asked += 1
        return f"question_{self.questions_asked}"


class BlockingContext(ExchangeView, SyncContext):
    """
    The context of a synchronous function, in its thread.

    Inside a transaction it does not wait for what it sends: on SQLite the
    event log waits for the end of that very transaction. What is too much to
    hold until then is left out.
    """

    def __init__(
        self,
        context: RequestContext,
        loop: asyncio.AbstractEventLoop,
        *,
        is_posting: bool = False,
    ) -> None:
        super().__init__(context.exchange)
        self._context = context
        self._loop = loop
        self._is_posting = is_posting
        self._posted: deque[concurrent.futures.Future[None]] = deque()

    async def settle(self) -> None:
        """Return when everything that was posted has been sent, or has failed."""
        posted = [asyncio.wrap_future(future) for future in self._posted]
        for outcome in await asyncio.gather(*posted, return_exceptions=True):
            if isinstance(outcome, Exception):
                logger.error("What a function reported could not be sent", exc_info=outcome)

    def progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        self._send(self._context.progress(progress, total, message))

    def chunk(self, index: int, value: Any) -> None:
        """See RequestContext.chunk()."""
        self._send(self._context.chunk(index, value))

    def log(self, level: LogLevel, data: Any, *, logger: str | None = None) -> None:
        check_level(level)
        self._send(self._context.log(level, data, logger=logger))

    def elicit(
        self, message: str, schema: Any = None, *, url: str | None = None, key: str | None = None
    ) -> Answer:
        question = _elicitation(message, schema, url)
        return questions.to_answer(self._ask_one(question, key))

    def sample(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        key: str | None = None,
        **options: Unpack[SamplingOptions],
    ) -> Sample:
        question = questions.sampling(messages, options)
        return questions.to_sample(self._ask_one(question, key))

    def list_roots(self, *, key: str | None = None) -> list[Root]:
        return questions.to_roots(self._ask_one(questions.roots(), key))

    def ask(self, asked: Mapping[str, Question]) -> dict[str, Any]:
        # A thread is not held while a person thinks: the function is left here
        # and runs again, in either era, when the answers are there.
        open_questions = self._context.unanswered(asked)
        if open_questions:
            raise InputRequired(open_questions)
        return {key: self._context.state.answers[key] for key in asked}

    def resource_updated(self, uri: str) -> None:
        self._wait(self._context.resource_updated(uri))

    def list_changed(self, kind: Kind) -> None:
        self._wait(self._context.list_changed(kind))

    def remember(self, key: str, value: Any) -> Any:
        return self._context.remember(key, value)

    def _ask_one(self, question: Question, key: str | None) -> Any:
        key = key or self._context.next_key()
        return self.ask({key: question})[key]

    def _send(self, coroutine: Coroutine[Any, Any, None]) -> None:
        if not self._is_posting:
            return self._wait(coroutine)
        while self._posted and self._posted[0].done():
            self._posted.popleft()
        if len(self._posted) < MAX_POSTED:
            self._posted.append(asyncio.run_coroutine_threadsafe(coroutine, self._loop))
        else:
            # Else Python warns that nobody has awaited it.
            coroutine.close()
        return None

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(CALL_TIMEOUT)
        finally:
            future.cancel()  # what nobody waits for any more is not sent later


def check_level(level: str) -> None:
    """Raises ValueError for what is no log level."""
    if level not in LEVELS:
        raise ValueError(f"{level!r} is no log level; use one of {', '.join(LEVELS)}.")


def _elicitation(message: str, schema: Any, url: str | None) -> Question:
    if (schema is None) == (url is None):
        raise TypeError("elicit() takes either a schema for a form or a url to visit.")
    return questions.link(message, url) if url is not None else questions.form(message, schema)
