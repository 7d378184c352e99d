"""
What a worker process owns: started in order, stopped in order.

A server that speaks the ASGI lifespan protocol starts and stops it; with one
that does not, the first request starts it and the signal to stop stops it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import threading
import time
from functools import partial

from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string

from mcp_transport.audit.recorder import Recorder
from mcp_transport.auth.authenticators import AuthenticatorChain
from mcp_transport.auth.opening import Opening
from mcp_transport.bus.base import Bus
from mcp_transport.conf import settings
from mcp_transport.engine.announcing import report
from mcp_transport.engine.connection import Limits
from mcp_transport.engine.directory import Directory
from mcp_transport.engine.engine import Engine
from mcp_transport.engine.heeding import Heeding
from mcp_transport.engine.inbox import Inboxes
from mcp_transport.engine.limiting import Limiting
from mcp_transport.engine.patrol import Patrol
from mcp_transport.engine.reconciling import Reconciling
from mcp_transport.engine.roll_call import RollCall
from mcp_transport.engine.services import Services
from mcp_transport.engine.source import Source
from mcp_transport.engine.tasks import Tasks
from mcp_transport.limits.limiter import Limiter
from mcp_transport.monitoring.monitor import Monitor
from mcp_transport.nchan.channels import Announce, Channels
from mcp_transport.nchan.offloading import Offloading
from mcp_transport.nchan.publisher import Publisher
from mcp_transport.protocol.subscriptions import Change
from mcp_transport.serving.stopping import StopSignal, requests
from mcp_transport.sessions.history import SessionHistory
from mcp_transport.sessions.standalone import StandaloneStreams
from mcp_transport.sessions.store import SessionStore
from mcp_transport.storage.rows import RowPool
from mcp_transport.storage.writer import Stage, Writer
from mcp_transport.streams.hub import Hub
from mcp_transport.streams.live import LiveStreams
from mcp_transport.streams.log import EventLog
from mcp_transport.streams.notices import Notice, Seen, Stale
from mcp_transport.tasks.store import TaskStore
from mcp_transport.threads import ThreadPool
from mcp_transport.transports.pulse import Pulse
from mcp_transport.transports.security import Gate
from mcp_transport.worker.chores import Chores
from mcp_transport.worker.presence import Arrival, Departure
from mcp_transport.worker.sources import Sources

ROW_THREADS = 4  # for the rows that requests and streams need
ROW_QUEUE = 10_000  # of those that wait for such a thread
ROLL_CALL_LIMIT = 3.0  # seconds that whoever ends a session waits for the other processes
FAREWELL = 0.2  # seconds in which the last answers leave a server that cuts connections
UNREAD_LIMIT = 8 * 1024 * 1024  # bytes that wait for the client of one connection


class Runtime:
    """The parts of one worker process."""

    is_started = False
    is_draining = False
    _loop: asyncio.AbstractEventLoop | None = None
    _starting: asyncio.Future[None] | None = None
    _stop_signal: StopSignal | None = None
    _draining: asyncio.Task[None] | None = None
    _end_at = 0.0  # monotonic seconds, when the process has been told to stop

    def __init__(self) -> None:
        # Never the same twice: it names a chain of the record, and process ids come again.
        self.worker_id = f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}"
        self.max_body_bytes = settings.MCP_MAX_BODY_BYTES
        # What reads and writes, and where synchronous functions run.
        patience = settings.MCP_DATABASE_PATIENCE
        self.writer = Writer(queue_limit=settings.MCP_CALL_QUEUE, patience=patience)
        self.rows = RowPool(ROW_THREADS, ROW_QUEUE, "mcp-rows", patience=patience)
        self.functions = ThreadPool(settings.MCP_THREADS, settings.MCP_THREAD_QUEUE, "mcp-tool")
        self.recorder = Recorder(self.writer, settings.MCP_CALL_RECORDING, self.worker_id)
        # What other worker processes hear, and what is counted together with them.
        bus = _bus()
        self.hub = Hub(bus)
        self.reconciling = Reconciling(
            self.hub.announce,
            worker_id=self.worker_id,
            is_shared=bus.reaches_other_processes,
        )
        self.limiting = _limiting(self.reconciling.limiter, self.recorder)
        # Who asks, in which conversation, for what.
        self.authenticators = AuthenticatorChain.from_settings()
        self.opening = Opening(self.authenticators, self.rows)
        self.gate = Gate.from_settings()
        self.sessions = SessionStore(self.writer, self.rows, self._session_changed)
        self.sources = Sources(_sources())
        self.directory = Directory(self.sources.all, self.rows)
        # What serves them, and what keeps that going.
        self.monitor = Monitor.from_settings()
        self.engine = Engine(self._services())
        self.heeding = self._heeding()
        self.pulse = Pulse(settings.MCP_KEEP_ALIVE_INTERVAL)
        self.channels = _channels(self._tell_of_client)
        self.offloading = None if self.channels is None else Offloading(self.channels)
        self.count_response = self.monitor.count_response
        self.chores = Chores(
            self.engine.services, writer=self.writer, rows=self.rows, measure=self._measure
        )

    def _services(self) -> Services:
        log = EventLog(self.writer, self.rows, worker_id=self.worker_id)
        inboxes = Inboxes(self.writer, self.rows, worker_id=self.worker_id, hub=self.hub)
        task_rows = TaskStore(self.writer, self.rows, worker_id=self.worker_id)
        return Services(
            worker_id=self.worker_id,
            directory=self.directory,
            sessions=self.sessions,
            history=SessionHistory(self.rows),
            standalone=StandaloneStreams(self.writer, self.rows, self.worker_id),
            streams=LiveStreams(log, keep=settings.MCP_STREAM_QUEUE),
            hub=self.hub,
            recorder=self.recorder,
            inboxes=inboxes,
            tasks=Tasks(task_rows, inboxes, self.hub, worker_id=self.worker_id),
            limiting=self.limiting,
            patrol=Patrol(),
            roll_call=RollCall(
                self.hub,
                self.rows,
                worker_id=self.worker_id,
                patience=min(settings.MCP_ROW_CACHE_SECONDS, ROLL_CALL_LIMIT),
            ),
            functions=self.functions,
            page_size=settings.MCP_PAGE_SIZE,
            cache_ttl_ms=settings.MCP_CACHE_TTL_MS,
            tool_timeout=settings.MCP_TOOL_TIMEOUT,
            answer_timeout=settings.MCP_ANSWER_TIMEOUT,
            stream_after=settings.MCP_STREAM_AFTER,
            context_headers=tuple(n.lower().encode() for n in settings.MCP_CONTEXT_HEADERS),
            observer=self.monitor.observer,
            limits=_connection_limits(),
        )

    def _heeding(self) -> Heeding:
        return Heeding(
            self.hub,
            self.directory,
            self.sessions,
            self.opening,
            worker_id=self.worker_id,
            local_work=self.engine,
            report=partial(report, rows=self.rows, hub=self.hub, worker_id=self.worker_id),
            count_use=self.reconciling.heed,
            note_client=self._note_client,
            roll_call=self.engine.services.roll_call,
        )

    async def start(self, *, is_told_to_stop: bool = False) -> None:
        """
        Begin to serve; whoever comes second waits for the first.

        A server that will call stop() by itself says so. A start that fails
        is tried again by the next request.
        """
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start(is_told_to_stop))
        starting = self._starting
        try:
            await asyncio.shield(starting)
        finally:
            if starting.done() and not self.is_started:
                self._starting = None

    async def _start(self, is_told_to_stop: bool) -> None:
        # The row of a start that failed may have come in after all.
        with contextlib.suppress(IntegrityError):
            await self.writer.write(Arrival(""), (self.worker_id,))
        self._loop = asyncio.get_running_loop()
        await self.hub.start()
        await self.sources.start(self._tell)
        self.chores.start()
        prepare = self.drain if is_told_to_stop else self._depart
        # A server that would wait for the end of requests cuts WebSockets at once.
        self._stop_signal = StopSignal(
            prepare,
            warn=self._warn,
            comes_first=lambda: not is_told_to_stop or self.engine.is_connected,
        )
        self._stop_signal.catch()
        self.is_started = True

    async def stop(self) -> None:
        """Finish what runs, write what waits, let go of everything."""
        if not self.is_started:
            return
        await self.drain()
        self.is_started = False
        if self._stop_signal is not None:
            self._stop_signal.release()
        await self.chores.stop()
        await self.sources.stop()
        self.heeding.stop()
        self.reconciling.stop()
        self.engine.services.patrol.stop()
        self.limiting.summarize(are_all=True)
        if self.channels is not None:
            await self.channels.close()
        await self.hub.stop()
        self.monitor.close()
        await self.authenticators.close()
        self.recorder.checkpoint()
        self.writer.post(Departure(""), (self.worker_id,), stage=Stage.DONE)
        # After everything that posts rows; what was posted is down before the process ends.
        await self.writer.stop(max(FAREWELL, self._end_at - time.monotonic()))
        await self.rows.stop(1.0)
        await self.functions.stop(1.0)
        _forget(self)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that it serves on, once it was started."""
        return self._loop

    def announce(self, notice: Notice) -> None:
        """Heed a notice in this process and all others; from any thread."""
        if self.is_started and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self.heeding.announce, notice)

    async def _tell(self, uri: str) -> None:
        await self.hub.publish(Change("resources", uri))

    async def _session_changed(self, session_id: str) -> None:
        await self.hub.announce(Stale("sessions", session_id))

    async def _tell_of_client(self, channel: str, is_there: bool) -> None:
        await self.hub.announce(Seen(channel, is_there))

    def _note_client(self, seen: Seen) -> None:
        if self.channels is not None:
            self.channels.heed(seen.channel, is_there=seen.is_there)

    async def _warn(self) -> None:
        """Ask for no more requests, and serve for a moment those that still come."""
        self._retire()
        await asyncio.sleep(settings.MCP_DRAIN_DELAY)

    def _retire(self) -> None:
        if not self.is_draining:
            self.is_draining = True
            self._end_at = time.monotonic() + settings.MCP_DRAIN_TIMEOUT

    async def drain(self) -> None:
        """End the listening streams with their result and wait for running work, once."""
        if self._draining is None:
            self._retire()
            left = max(0.0, self._end_at - time.monotonic())
            self._draining = asyncio.create_task(self.engine.drain(left))
        await asyncio.shield(self._draining)

    async def _depart(self) -> None:
        """Stop while the server still holds its connections."""
        await self.drain()
        await requests.over(self._end_at)
        await asyncio.sleep(FAREWELL)
        await self.stop()

    def _measure(self) -> None:
        if self.monitor.is_measuring:
            self.monitor.measure(self.figures())

    def figures(self) -> dict[str, float]:
        """How the process is now, for those who watch over it."""
        return {
            "mcp_workers": 1,
            "mcp_workers_draining": self.is_draining,
            "mcp_running_requests": self.engine.running,
            "mcp_running_tasks": len(self.engine.services.tasks),
            "mcp_open_streams": len(self.hub.listeners()),
            "mcp_open_connections": len(self.engine.connections),
            "mcp_writer_queue_rows": self.writer.depth,
            "mcp_writer_away": self.writer.is_away,
            "mcp_bus_away": self.hub.is_deaf,
            "mcp_origins_away": self.sources.away,
            "mcp_held_streams": len(self.channels) if self.channels else 0,
            "mcp_nchan_away": self.channels.away if self.channels else 0,
            "mcp_refused_by_limits": self.limiting.refusals,
            "mcp_tool_threads": self.functions.size,
            "mcp_tool_threads_asked": self.functions.unfinished,
        }


_current: Runtime | None = None
_making = threading.Lock()  # under WSGI the first who ask may be several threads


def runtime() -> Runtime:
    """The runtime of this worker process; a new one when the last has been stopped."""
    return _current or _made()


def _made() -> Runtime:
    global _current
    with _making:
        made = _current = _current or Runtime()
    return made


def current() -> Runtime | None:
    """The runtime of this process, if it has one."""
    return _current


def announce_on_commit(notice: Notice, *, using: str | None = None) -> None:
    """
    Tell every worker process of a change when it can be seen there.

    What is rolled back is never told, nor is anything by a process that does
    not serve.
    """
    transaction.on_commit(partial(_announce, notice), using=using, robust=True)


def _announce(notice: Notice) -> None:
    if _current is not None:
        _current.announce(notice)


def is_draining() -> bool:
    """Whether this process was told to stop."""
    return _current is not None and _current.is_draining


def _forget(stopped: Runtime) -> None:
    global _current
    if _current is stopped:
        _current = None


def _bus() -> Bus:
    configured = settings.MCP_BUS["default"]
    bus: Bus = import_string(configured["BACKEND"])(**configured.get("OPTIONS", {}))
    return bus


def _sources() -> list[Source]:
    return [import_string(path)() for path in settings.MCP_SOURCES]


def _channels(announce: Announce) -> Channels | None:
    configured = settings.MCP_NCHAN_PUBLISHERS
    if not configured or not settings.MCP_NCHAN_SECRET:  # without it anybody could hand over
        return None
    return Channels({name: Publisher(at) for name, at in configured.items()}, announce)


def _limiting(limiter: Limiter, recorder: Recorder) -> Limiting:
    return Limiting(
        limiter,
        recorder,
        max_streams=settings.MCP_MAX_STREAMS,
        max_anonymous_streams=settings.MCP_MAX_ANONYMOUS_STREAMS,
    )


def _connection_limits() -> Limits:
    return Limits(
        requests=settings.MCP_CONNECTION_REQUESTS,
        messages=settings.MCP_STREAM_QUEUE,
        bytes=UNREAD_LIMIT,
        stalled_after=settings.MCP_STALL_TIMEOUT,
        idle_after=settings.MCP_SESSION_IDLE_TIMEOUT,
    )
