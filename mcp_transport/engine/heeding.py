"""
Does at once what a notice of another worker process hastens.

Everything here happens within a second or two without it: what is kept of rows
grows old, listeners are compared and inboxes looked into.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from mcp_transport.auth.opening import Opening
from mcp_transport.engine.directory import Directory
from mcp_transport.engine.roll_call import RollCall
from mcp_transport.engine.watching import look
from mcp_transport.protocol.subscriptions import Filter
from mcp_transport.sessions.store import SessionStore
from mcp_transport.streams.hub import Hub
from mcp_transport.streams.notices import Changed, Heeded, Mail, Moved, Notice, Seen, Stale, Used

logger = logging.getLogger("mcp_transport.bus")

Errand = Callable[[], Awaitable[None]]


class LocalWork(Protocol):
    """What runs in this process, as far as a notice can end or wake it."""

    def look_into_inbox(self) -> None:
        """Do what another worker process has just left for this one."""

    def sessions_here(self) -> set[str]:
        """The sessions for which something runs or waits here."""

    def leave_session(self, session_id: str) -> None:
        """End what runs here in a session that has ended."""

    def doubt(self) -> None:
        """See at once whether those who hold something open here are still welcome."""

    async def look_at_task(self, task_id: str) -> None:
        """Tell the streams of this process what has become of a task."""


class Heeding:
    """What this process does about notices, its own and those of others."""

    def __init__(
        self,
        hub: Hub,
        directory: Directory,
        sessions: SessionStore,
        opening: Opening,
        *,
        worker_id: str,
        local_work: LocalWork,
        report: Callable[[str], Awaitable[None]],
        count_use: Callable[[Used], None],
        note_client: Callable[[Seen], object],
        roll_call: RollCall,
    ) -> None:
        self._hub = hub
        self._directory = directory
        self._sessions = sessions
        self._opening = opening
        self._worker_id = worker_id
        self._local_work = local_work
        self._report = report
        self._count_use = count_use
        self._note_client = note_client
        self._roll_call = roll_call
        self._due: dict[object, Errand] = {}
        self._running: asyncio.Task[None] | None = None
        hub.heed(self.heed)

    def heed(self, notice: Notice) -> None:
        """Forget or look, as the notice says."""
        if isinstance(notice, Mail):
            if self._worker_id in notice.workers:
                self._local_work.look_into_inbox()
        elif isinstance(notice, Changed):
            if notice.change.uri is None:
                self._directory.forget()
        elif isinstance(notice, Used):
            self._count_use(notice)
        elif isinstance(notice, Seen):
            self._note_client(notice)
        elif isinstance(notice, Heeded):
            self._roll_call.heed(notice)
        elif isinstance(notice, Moved):
            self._do_soon(notice, partial(self._local_work.look_at_task, notice.task))
        else:
            self._forget(notice)
            if notice.asked_by not in ("", self._worker_id):
                self._do_soon(notice, partial(self._roll_call.answer, notice))

    def announce(self, notice: Notice) -> None:
        """Heed a notice here and have the other processes do so."""
        self.heed(notice)
        if isinstance(notice, Changed):
            publish = partial(self._hub.publish, notice.change, server_id=notice.server_id)
            self._do_soon(notice, publish)
        else:
            self._do_soon(notice, partial(self._hub.announce, notice))

    def stop(self) -> None:
        """Do nothing more."""
        if self._running is not None:
            self._running.cancel()

    def _forget(self, notice: Stale) -> None:
        if notice.what == "servers":
            self._directory.forget()
            self._do_soon("look", partial(look, self._directory, self._hub))
            if notice.id:
                self._do_soon(("report", notice.id), partial(self._report, notice.id))
            self._local_work.doubt()
        elif notice.what == "tokens":
            self._opening.forget()
            self._local_work.doubt()
        elif notice.id:
            self._sessions.forget(notice.id)
            if notice.id in self._local_work.sessions_here():
                if listener := self._hub.of_session(notice.id):
                    listener.keep_for_filter()
                self._do_soon(("session", notice.id), partial(self._follow, notice.id))
        else:
            self._sessions.forget_all()
            for session_id in self._local_work.sessions_here():
                self._do_soon(("session", session_id), partial(self._follow, session_id))

    async def _follow(self, session_id: str) -> None:
        """Let what runs in a session end with it, and carry what it subscribed to elsewhere."""
        listener = self._hub.of_session(session_id)
        before = listener.filter if listener else None
        session = await self._sessions.find(session_id)
        if session is None:
            self._local_work.leave_session(session_id)
        elif listener is not None and listener.filter is before:  # else it knows better
            listener.settle(Filter(listener.filter.kinds, frozenset(session.subscriptions)))

    def _do_soon(self, key: object, errand: Errand) -> None:
        """Run an errand; one that waits already is not run twice."""
        # By key: a flood of notices about one thing is one errand.
        self._due[key] = errand
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while self._due:
            key = next(iter(self._due))
            try:
                # Taken out before it runs: what a notice tells meanwhile is heeded after it.
                await self._due.pop(key)()
            except Exception:
                logger.exception("A notice could not be heeded; what it told of is found out later")
