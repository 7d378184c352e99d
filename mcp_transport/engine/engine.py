"""The one door that every transport uses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Iterator
from typing import Any

from mcp_transport.engine.connection import Admit, Connection, Limits, Write
from mcp_transport.engine.connections import Connections
from mcp_transport.engine.conversation import NO_SESSION, Conversation
from mcp_transport.engine.flight import Flight
from mcp_transport.engine.incoming import ACCEPTED, Incoming, Outcome, Reply, Responder
from mcp_transport.engine.ownership import Ownership
from mcp_transport.engine.services import Services
from mcp_transport.engine.stateless import Stateless
from mcp_transport.engine.task_work import LongCalls
from mcp_transport.protocol import jsonrpc, routing
from mcp_transport.protocol.errors import (
    InternalError,
    InvalidRequest,
    LimitExceeded,
    ProtocolError,
    Refused,
)
from mcp_transport.protocol.jsonrpc import Notification, Request, Response
from mcp_transport.protocol.revisions import oldest_handshake
from mcp_transport.storage.rows import DatabaseAway, is_unavailable

logger = logging.getLogger("mcp_transport.engine")


class Engine:
    """Turns what arrives into what is answered, whatever it arrived over."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.connections = Connections()
        self._conversation = Conversation(services, self.connections)
        self._long_calls = LongCalls(services.tasks, self._conversation.inbox.begin)
        self._stateless = Stateless(services, self._long_calls.serve)
        self.ownership = Ownership(services, self._conversation.end_session)

    async def receive(self, incoming: Incoming, responder: Responder) -> Outcome:
        """
        Serve one decoded body.

        Every problem becomes a reply with the status and the code that the
        specification gives it; Refused is raised, for its headers are the
        transport's affair.
        """
        try:
            if incoming.offer.limits is not None:
                self.services.limiting.admit(incoming)
            return await self._dispatch(incoming, responder)
        except LimitExceeded as error:
            self.services.limiting.note_refusal(incoming, error)
            raise
        except Refused:
            raise
        except ProtocolError as error:
            return _problem(incoming, error, error.status)
        except Exception as error:
            if is_unavailable(error):
                raise DatabaseAway from error
            logger.exception("A message to server %r failed", incoming.offer.server.slug)
            return _problem(incoming, InternalError(), 500)

    def admit(self, incoming: Incoming) -> None:
        """
        Count what does not go through receive() towards the limits of its sender.

        Raises LimitExceeded.
        """
        with self._noting(incoming):
            self.services.limiting.admit(incoming)

    async def open_stream(self, incoming: Incoming, responder: Responder) -> Outcome:
        """
        Follow a stream of a session (GET).

        Raises ProtocolError.
        """
        _refuse_modern(incoming)
        if incoming.session_id is None and incoming.protocol_version is None:
            raise Refused(405, "This address takes POST.", headers={"Allow": "POST"})
        with self._noting(incoming):
            if not incoming.is_bound:
                self.services.limiting.admit(incoming)
            return await self._conversation.open_stream(incoming, responder)

    async def close_session(self, incoming: Incoming) -> Outcome:
        """
        End a session (DELETE).

        Raises ProtocolError.
        """
        _refuse_modern(incoming)
        return await self._conversation.close(incoming)

    def connect(
        self,
        incoming: Incoming,
        admit: Admit,
        write: Write,
        *,
        has_post: bool = False,
        limits: Limits | None = None,
        flight: type[Flight] = Flight,
    ) -> Connection:
        """
        Begin with a connection, on which messages come until it is disconnected.

        ``incoming`` says who opens it, ``has_post`` that its client sends by another
        way, ``flight`` how it words what it sends.

        Raises LimitExceeded for somebody that has as many as it may, or comes too often.
        """
        with self._noting(incoming):
            self.services.limiting.admit(incoming)
            self.services.limiting.hold_stream(incoming.principal)
        connection = Connection(
            self,
            admit,
            write,
            principal=incoming.principal,
            limits=limits or self.services.limits,
            has_post=has_post,
            flight=flight,
        )
        self.connections.add(connection)
        self.services.patrol.add(connection)
        if connection.has_post:
            self._conversation.inbox.begin()
        return connection

    async def disconnect(self, connection: Connection) -> None:
        """End a connection and everything that runs on it."""
        if self.connections.discard(connection):
            self.services.limiting.leave_stream(connection.principal)
        self.services.patrol.discard(connection)
        await connection.close()

    async def open_session(self, connection: Connection, incoming: Incoming) -> str:
        """Open a connection's session before its handshake, where a client names it in that."""
        session = await self._conversation.open_session(
            incoming,
            revision=oldest_handshake(incoming.revisions),
            client_info={},
            capabilities={},
        )
        connection.session_id = session.id
        self.connections.note_session(connection)
        return session.id

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection that has to be told before it is closed."""
        return any(True for _connection in self.connections)

    @property
    def running(self) -> int:
        """How many requests run here that may outlive their connection."""
        return len(self._conversation.works) + len(self._long_calls.works)

    async def deliver(self, incoming: Incoming) -> Outcome:
        """
        Pass a message to the connection of its session, whichever process holds it.

        Raises InvalidRequest without a session, Refused for one that is not the caller's.
        """
        session = await self._conversation.find_session(incoming)
        if self.connections.post(session.id, incoming.body):
            return ACCEPTED
        if await self.services.inboxes.forward(session.worker, session.id, incoming.body):
            return ACCEPTED
        raise Refused(404, NO_SESSION)

    def note_session(self, connection: Connection) -> None:
        """See connection.Door.note_session()."""
        self.connections.note_session(connection)

    async def is_session_open(self, session_id: str) -> bool:
        """Whether a session goes on; it is in use when this is asked."""
        return await self.services.sessions.find(session_id) is not None

    async def end_session(self, session_id: str, reason: str) -> None:
        """End a session and everything that runs in it here."""
        await self._conversation.end_session(session_id, reason)

    def sessions_here(self) -> set[str]:
        """The sessions for which something runs or waits here."""
        return self._conversation.sessions_here()

    def leave_session(self, session_id: str) -> None:
        """End what runs here in a session that has ended."""
        self._conversation.leave_session(session_id)

    def doubt(self) -> None:
        """See at once whether those who hold something open here are still welcome."""
        self.services.patrol.doubt()

    async def look_at_task(self, task_id: str) -> None:
        """Tell the streams of this process what has become of a task."""
        await self.services.tasks.look(task_id)

    def look_into_inbox(self) -> None:
        """Do what another worker process has just left for this one."""
        self._conversation.inbox.look_soon()

    async def drain(self, seconds: float) -> None:
        """End the listening streams gracefully and wait for running work."""
        self.services.hub.end_all()
        await asyncio.gather(
            self._conversation.works.drain(seconds),
            self._long_calls.works.drain(seconds),
            *(connection.drain(seconds) for connection in self.connections),
        )
        self._conversation.inbox.stop()

    @contextlib.contextmanager
    def _noting(self, incoming: Incoming) -> Iterator[None]:
        try:
            yield
        except LimitExceeded as error:
            self.services.limiting.note_refusal(incoming, error)
            raise

    def _dispatch(self, incoming: Incoming, responder: Responder) -> Awaitable[Outcome]:
        """Hand a body to those who serve its era. Raises ProtocolError for one that is of none."""
        body = incoming.body
        if type(body) is list:
            return self._batch(incoming, body)
        message = jsonrpc.parse(body)
        if isinstance(message, Response):
            _refuse_modern_response(incoming)
            return self._conversation.serve(incoming, message, responder)
        if not routing.is_modern(message, incoming.protocol_version):
            return self._conversation.serve(incoming, message, responder)
        if isinstance(message, Request):
            return self._stateless.serve(incoming, message, responder)
        return _accept_notification(message)

    async def _batch(self, incoming: Incoming, batch: list[Any]) -> Outcome:
        if _is_modern_version(incoming) or any(map(routing.claims_modern, batch)):
            raise InvalidRequest("A body is one JSON object; this revision has no batches.")
        return await self._conversation.serve_batch(incoming, batch)


def _problem(incoming: Incoming, error: ProtocolError, status: int) -> Outcome:
    return Reply(status, jsonrpc.error(jsonrpc.read_id(incoming.body), error))


async def _accept_notification(_message: Notification) -> Outcome:
    """Take a notification and do nothing: a stateless revision defines none over HTTP."""
    return ACCEPTED


def _is_modern_version(incoming: Incoming) -> bool:
    version = incoming.protocol_version
    return version is not None and routing.named_revision(version).is_modern


def _refuse_modern(incoming: Incoming) -> None:
    if _is_modern_version(incoming):
        raise Refused(
            405,
            f"Revision {incoming.protocol_version} knows POST only.",
            headers={"Allow": "POST"},
        )


def _refuse_modern_response(incoming: Incoming) -> None:
    if _is_modern_version(incoming) or incoming.session_id is None:
        raise InvalidRequest("A body is a request or notification; nobody waits for a response.")
