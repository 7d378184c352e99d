"""What the engine's parts share: made once for a worker process."""

from __future__ import annotations

from dataclasses import dataclass

from mcp_transport.audit.recorder import Recorder
from mcp_transport.engine.connection import Limits
from mcp_transport.engine.directory import Directory
from mcp_transport.engine.inbox import Inboxes
from mcp_transport.engine.limiting import Limiting
from mcp_transport.engine.observing import Observer
from mcp_transport.engine.patrol import Patrol
from mcp_transport.engine.roll_call import RollCall
from mcp_transport.engine.tasks import Tasks
from mcp_transport.sessions.history import SessionHistory
from mcp_transport.sessions.standalone import StandaloneStreams
from mcp_transport.sessions.store import SessionStore
from mcp_transport.streams.hub import Hub
from mcp_transport.streams.live import LiveStreams
from mcp_transport.threads import ThreadPool


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything an exchange may need beside itself."""

    worker_id: str
    directory: Directory
    sessions: SessionStore
    history: SessionHistory
    standalone: StandaloneStreams
    streams: LiveStreams
    hub: Hub
    recorder: Recorder
    inboxes: Inboxes
    tasks: Tasks
    limiting: Limiting
    patrol: Patrol
    roll_call: RollCall
    functions: ThreadPool  # where synchronous functions run
    page_size: int
    cache_ttl_ms: int
    tool_timeout: float
    answer_timeout: float
    stream_after: float
    context_headers: tuple[bytes, ...]
    limits: Limits  # of one connection
    observer: Observer | None = None  # who looks on while requests are served
