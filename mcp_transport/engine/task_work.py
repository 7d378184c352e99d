"""
Work for clients that know tasks: a call that takes long goes on as one.

It begins like any call of a stateless client, whose connection waits for it. It
becomes a task where the call of a client with a session becomes a stream: when
it is slow, or lets its client go; and before its function begins, where the tool
asks for that. From then on what it says and asks is kept in its row, it goes on
when its client leaves, and what ends it is its time limit, tasks/cancel and the
end of its worker process.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mcp_transport.audit.record import as_columns
from mcp_transport.engine import recording, rounds, stateless, tools
from mcp_transport.engine.back_channel import CLOSED, StatelessChannel, check_capabilities
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.incoming import ENDED, Outcome, Reply, Responder
from mcp_transport.engine.questions import InputRequired
from mcp_transport.engine.task_questions import TaskQuestions
from mcp_transport.engine.tasks import Tasks, owner_of
from mcp_transport.engine.work import Work, Works
from mcp_transport.models.task import new_task_id
from mcp_transport.protocol import tasks
from mcp_transport.protocol.content import Text
from mcp_transport.protocol.errors import LimitExceeded, ProtocolError
from mcp_transport.protocol.tasks import CANCELLED, COMPLETED, FAILED, INPUT_REQUIRED, WORKING
from mcp_transport.registry.context import Question
from mcp_transport.registry.records import TaskTerms
from mcp_transport.registry.results import ToolResult
from mcp_transport.storage.rows import is_unavailable
from mcp_transport.storage.writer import WriterFull
from mcp_transport.tasks.store import Kept

PROGRESS_INTERVAL = 1.0  # seconds between two times that it is kept how far a task is


class TaskChannel(StatelessChannel):
    """A stateless client, until its call becomes a task: then nobody is there to be told."""

    def __init__(self, responder: Responder, declared: Mapping[str, Any], work: TaskWork) -> None:
        super().__init__(responder, declared)
        self._work = work
        self.time_limit = work.longest

    @property
    def keeps_progress(self) -> bool:  # type: ignore[override]  # the others never do
        """See BackChannel.keeps_progress."""
        return self._work.is_task

    async def open(self) -> None:
        """Become a task; a stream for one that has too many."""
        try:
            if await self._work.become():
                return
        except LimitExceeded:
            pass
        except Exception as error:
            if not is_unavailable(error):
                raise
        await super().open()

    async def release(self) -> None:
        """Become a task; see BackChannel.release()."""
        await self.open()

    async def outlast(self) -> None:
        """Become a task before anything is done. Raises LimitExceeded."""
        await self._work.become()

    async def notify(self, message: bytes) -> None:
        """See BackChannel.notify(); tasks have none (Task Status Notifications)."""
        if not self._work.is_task:
            await super().notify(message)

    async def chunk(self, index: int, value: Any) -> bool:
        """See BackChannel.chunk()."""
        return False if self._work.is_task else await super().chunk(index, value)

    def keep_progress(self, progress: float, total: float | None, message: str | None) -> None:
        """See BackChannel.keep_progress()."""
        self._work.note_progress(progress, total, message)

    async def ask(self, questions: Mapping[str, Question]) -> dict[str, Any]:
        """Ask by the task's row, or by the result of a call that is none."""
        check_capabilities(questions, self._declared)
        if not await self._work.is_settled_as_task():
            raise InputRequired(questions)
        return await self._work.questions.ask(questions)


class TaskWork(Work):
    """One call that may become a task."""

    def __init__(
        self, exchange: Exchange, responder: Responder, terms: TaskTerms, every: Tasks
    ) -> None:
        super().__init__(exchange, gone=self._left)
        self.id = new_task_id()
        self.key = (self.id, str, self.id)
        self.created: bytes | None = None  # what its client was told when it became a task
        self.problem: ProtocolError | None = None  # why it has no result
        self.questions = TaskQuestions(self._keep_questions, self._note)
        self._terms = terms
        self._tasks = every
        self._client_gone = responder.gone
        self._state: tasks.TaskState | None = None
        self._result: dict[str, Any] | None = None
        self._becoming: asyncio.Task[None] | None = None
        self._is_closed = False
        self._noted_at = 0.0  # monotonic seconds
        self._noting: asyncio.TimerHandle | None = None

    @property
    def is_task(self) -> bool:
        """Whether it goes on without its client."""
        return self._state is not None

    @property
    def longest(self) -> float:
        """The seconds it may take, unless its tool names a limit."""
        return min(self._tasks.time_limit, self._lifetime)

    @property
    def _lifetime(self) -> float:
        lifetime = self._terms.lifetime
        return self._tasks.lifetime if lifetime is None else lifetime

    async def become(self) -> bool:
        """
        Go on as a task, and answer so; False when it is too late for that.

        Raises LimitExceeded, or what the database says.
        """
        if self._becoming is None and not self._is_closed:
            # A task of its own: a row that is on its way is not taken back.
            self._becoming = asyncio.create_task(self._become())
        if self._becoming is not None:
            await asyncio.shield(self._becoming)
        return self.is_task

    async def is_settled_as_task(self) -> bool:
        """Whether it is a task, and if not, see to it that it will be none."""
        self._is_closed = True
        if self._becoming is not None:
            await asyncio.wait([self._becoming])
            if not self._becoming.cancelled():
                self._becoming.exception()  # whoever waited for it has met it
        return self.is_task

    def cancel(self, error: ProtocolError | None = None) -> None:
        """See Work.cancel()."""
        if not (self._is_cancelled or self._is_decided):
            self.problem = error
        super().cancel(error)

    def note_progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Keep how far it is, once a second at most; only upwards."""
        state = self._state
        if state is None or (state.progress is not None and progress <= state.progress):
            return
        said = tasks.describe(progress, total, message)[: recording.SHORT]
        self._change(progress=progress, total=total, message=said)
        if self._noting is None:
            wait = max(0.0, self._noted_at + PROGRESS_INTERVAL - time.monotonic())
            self._noting = asyncio.get_running_loop().call_later(wait, self._note)

    async def _become(self) -> None:
        exchange, now = self.exchange, datetime.datetime.now(datetime.UTC)
        interval = self._terms.poll_interval
        lifetime = max(self._lifetime, tools.time_limit(exchange))
        call = recording.describe(exchange, "interrupted", None, 0, 0)
        state = tasks.TaskState(
            id=self.id,
            created_at=now,
            updated_at=now,
            lifetime_ms=round(lifetime * 1000),
            poll_interval_ms=round(1000 * (interval or self._tasks.poll_interval)) or 1,
            tool=call.entry,
        )
        kept = Kept(arguments=call.arguments, call=as_columns(call))
        await self._tasks.store.open(state, owner_of(exchange), kept)
        self._state = state
        self._tasks.begin(self)
        self.created = stateless.complete(exchange, state.as_created())
        self.settle()

    async def _left(self) -> None:
        """Return when the client has left, and this is no task."""
        await self._client_gone()
        if self._becoming is not None:
            await asyncio.wait([self._becoming])
        if self.is_task:
            await asyncio.get_running_loop().create_future()  # it goes on

    async def _perform(self) -> dict[str, Any]:
        exchange = self.exchange
        try:
            result = await super()._perform()
        except InputRequired as asked:
            result = rounds.leave(exchange, asked)
        finally:
            is_task = await self.is_settled_as_task()
            exchange.channel = CLOSED  # what a thread left behind reports is dropped
        if is_task and len(msgspec.json.encode(result)) > self._tasks.max_bytes:
            result = self._too_large()
        return result

    def _too_large(self) -> dict[str, Any]:
        text = f"The result is larger than {self._tasks.max_bytes} bytes, the most a task may keep."
        refusal = ToolResult(content=(Text(text),), is_error=True)
        return tools.shape(refusal, self.exchange, is_wrapped=False)

    def _encoded(self, result: dict[str, Any]) -> bytes:
        self._result = result
        return stateless.complete(self.exchange, result)

    def _error(self, error: ProtocolError) -> bytes:
        self.problem, self._result = error, None
        return super()._error(error)

    async def _finish(self) -> None:
        """Keep how the task has ended."""
        if self._noting is not None:
            self._noting.cancel()
        if self._state is None:
            return
        try:
            state = self._change(questions={}, **self._ending())
            await self._tasks.store.end(state)
        finally:
            self._tasks.leave(self)
        await self._tasks.announce(state)

    def _ending(self) -> dict[str, Any]:
        if self.problem is not None:
            error = msgspec.json.encode(self.problem.as_error())
            said = self.problem.message[: recording.SHORT]
            return {"status": FAILED, "message": said, "error": error}
        if self._result is None:
            return {"status": CANCELLED, "message": ""}
        result = msgspec.json.encode(self._result)
        return {"status": COMPLETED, "message": "", "result": result}

    def _change(self, **changes: Any) -> tasks.TaskState:
        if self._state is None:
            raise RuntimeError("The call is no task.")
        now = datetime.datetime.now(datetime.UTC)
        self._state = msgspec.structs.replace(self._state, updated_at=now, **changes)
        return self._state

    def _with_questions(self) -> tasks.TaskState:
        asked = self.questions.as_params()
        return self._change(status=INPUT_REQUIRED if asked else WORKING, questions=asked)

    async def _keep_questions(self) -> None:
        state = self._with_questions()
        await self._tasks.store.change(state)
        await self._tasks.announce(state)

    def _note(self) -> None:
        """Keep how it is, soon."""
        self._noting, self._noted_at = None, time.monotonic()
        state = self._with_questions()
        with contextlib.suppress(WriterFull):  # the next time, or its end, will say it
            self._tasks.store.note(state)
        self._tasks.tell(state)


class LongCalls:
    """
    Serves the calls that may become tasks.

    ``expect_mail`` is called when one begins: from then on what reaches other
    processes can be meant for it.
    """

    def __init__(self, every: Tasks, expect_mail: Callable[[], None]) -> None:
        self.works = Works()
        self._tasks = every
        self._expect_mail = expect_mail

    async def serve(self, exchange: Exchange, terms: TaskTerms, responder: Responder) -> Outcome:
        """The result of a call, or the task that it has become. Raises ProtocolError."""
        exchange.services.limiting.begin(exchange)
        work = TaskWork(exchange, responder, terms, self._tasks)
        exchange.channel = TaskChannel(responder, exchange.capabilities, work)
        self.works.start(work)
        self._expect_mail()
        try:
            await work.settled
        except asyncio.CancelledError:
            work.cancel()  # nobody has heard of it
            raise
        if work.created is not None:
            return Reply(200, work.created)
        if work.problem is not None:
            raise work.problem
        return ENDED if work.body is None else Reply(200, work.body, outcome=exchange.outcome)
