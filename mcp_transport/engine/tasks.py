"""
The tasks that run in this worker process, and who is told of any task here.

What reaches this process and is meant for a task of another is left in that
one's inbox. A stream hears at once of what happens here, by the bus of what
happens elsewhere, and within a second where there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Collection, Iterable, Set
from typing import TYPE_CHECKING, Any

from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.engine.catalog import Catalog
from mcp_transport.engine.inbox import Inboxes
from mcp_transport.protocol.tasks import TaskNews, TaskState
from mcp_transport.streams.hub import Hub, Listener
from mcp_transport.streams.notices import Moved
from mcp_transport.tasks.store import Owner, TaskStore

if TYPE_CHECKING:
    from mcp_transport.engine.exchange import Exchange
    from mcp_transport.engine.task_work import TaskWork

logger = logging.getLogger("mcp_transport.tasks")

TAKEN_LIMIT = 2.0  # seconds for another process to take an answer
TAKEN_INTERVAL = 0.05  # seconds between two looks at whether it has


class Tasks:
    """The tasks of every server, for this worker process."""

    def __init__(self, store: TaskStore, inboxes: Inboxes, hub: Hub, *, worker_id: str) -> None:
        self.store = store
        self.time_limit: float = settings.MCP_TASK_TIMEOUT
        self.lifetime: float = settings.MCP_TASK_LIFETIME
        self.poll_interval: float = settings.MCP_TASK_POLL_INTERVAL
        self.max_bytes: int = settings.MCP_TASK_MAX_BYTES
        self._inboxes = inboxes
        self._hub = hub
        self._worker_id = worker_id
        self._running: dict[str, TaskWork] = {}
        # Each stream by its identity; a task that nobody is told of is not here.
        self._watched: dict[str, tuple[TaskNews, set[Listener]]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether no task runs here."""
        return not self._running

    def __len__(self) -> int:
        return len(self._running)

    def begin(self, work: TaskWork) -> None:
        """Find a task that runs here from now on."""
        self._running[work.id] = work

    def leave(self, work: TaskWork) -> None:
        """It has ended."""
        self._running.pop(work.id, None)

    async def answer(self, state: TaskState, answers: dict[str, Any]) -> None:
        """
        Bring answers to a task, wherever it runs.

        Who asks for the task next finds these questions answered, unless the
        process that runs it takes its time (Task Update Requests).
        """
        if state.worker != self._worker_id:
            await self._inboxes.tell_task(state.worker, state.id, answers)
            await self._taken(state, answers.keys())
        else:
            self.take_answers(state.id, answers)
            await self.store.settle()

    async def cancel(self, state: TaskState) -> None:
        """Have a task end, wherever it runs."""
        if state.worker != self._worker_id:
            await self._inboxes.tell_task(state.worker, state.id, None)
        else:
            self.end(state.id)

    def take_answers(self, task_id: str, answers: dict[str, Any]) -> None:
        """Let a task go on that runs here."""
        work = self._running.get(task_id)
        if work is not None:
            work.questions.answer(answers)

    def end(self, task_id: str) -> None:
        """Cancel a task that runs here."""
        work = self._running.get(task_id)
        if work is not None:
            work.cancel()

    async def _taken(self, before: TaskState, keys: Set[str]) -> None:
        """Return when another process has taken the answers, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKEN_LIMIT):
                while not await self._is_taken(before, keys):  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(TAKEN_INTERVAL)

    async def _is_taken(self, before: TaskState, keys: Set[str]) -> bool:
        changed = await self.store.changed_since({before.id: before})
        return any(keys.isdisjoint(now.questions) for now in changed)

    # --- who is told ----------------------------------------------------------------

    def watch(self, states: Iterable[TaskState], listener: Listener) -> None:
        """Tell a stream of tasks: of each how it is now, then of all that happens to it."""
        for state in states:
            news, listeners = self._watched.setdefault(state.id, (TaskNews(state), set()))
            listeners.add(listener)
            listener.pass_on(news)

    def unwatch(self, task_ids: Collection[str], listener: Listener) -> None:
        """Tell a stream no more."""
        for task_id in task_ids:
            found = self._watched.get(task_id)
            if found is not None:
                found[1].discard(listener)
                if not found[1]:
                    del self._watched[task_id]

    def tell(self, state: TaskState) -> None:
        """Tell the streams of this process how a task is."""
        found = self._watched.get(state.id)
        if found is None:
            return
        news, listeners = found
        if news.state.updated_at >= state.updated_at:  # two ways lead here
            return
        news.state = state
        for listener in tuple(listeners):
            if may_see(state, listener.basis, listener.principal):
                listener.pass_on(news)

    async def announce(self, state: TaskState) -> None:
        """Tell every stream, of whichever process, that a task has another status."""
        self.tell(state)
        await self._hub.announce(Moved(state.id))

    async def look(self, task_id: str | None = None) -> None:
        """Find out what happened elsewhere to one task, or to all that streams are told of."""
        named = self._watched if task_id is None else {task_id} & self._watched.keys()
        known = {key: self._watched[key][0].state for key in named}
        open_ones = {key: state for key, state in known.items() if state.is_open}
        for state in await self.store.changed_since(open_ones):
            self.tell(state)


def may_see(state: TaskState, catalog: Catalog, principal: Principal) -> bool:
    """Whether the one who began a task may still use its tool; what is gone is no secret."""
    entry = catalog.tools.get(state.tool)
    return entry is None or entry.is_visible(principal)


def owner_of(exchange: Exchange) -> Owner:
    """Whom a task of a request belongs to."""
    principal = exchange.principal
    return Owner(principal.key, exchange.server.id, principal.user_id)
