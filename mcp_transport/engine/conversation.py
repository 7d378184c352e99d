"""
Messages of clients with sessions, which open with a handshake (up to 2025-11-25).

Where only a section is cited below it is one of 2025-11-25, basic/transports.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from mcp_transport.engine.back_channel import CLOSED, BackChannel, Pending
from mcp_transport.engine.connection import Ending
from mcp_transport.engine.connection_channel import ConnectionChannel
from mcp_transport.engine.connections import Connections
from mcp_transport.engine.exchange import Exchange
from mcp_transport.engine.handlers import HANDLERS
from mcp_transport.engine.inbox_reader import InboxReader
from mcp_transport.engine.incoming import ACCEPTED, ENDED, Incoming, Outcome, Reply, Responder
from mcp_transport.engine.lifecycle import Handshake
from mcp_transport.engine.listening import follow_session
from mcp_transport.engine.services import Services
from mcp_transport.engine.session_channel import SessionChannel
from mcp_transport.engine.work import Work, Works
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import (
    InvalidRequest,
    LimitExceeded,
    MethodNotFound,
    ProtocolError,
    Refused,
)
from mcp_transport.protocol.jsonrpc import MAX_BATCH, Message, Notification, Request, Response
from mcp_transport.protocol.methods import LEGACY, Method, offered_method
from mcp_transport.protocol.revisions import Revision
from mcp_transport.sessions.store import SessionRecord
from mcp_transport.storage.rows import DatabaseAway
from mcp_transport.streams.live import LiveStream
from mcp_transport.streams.log import Logged, event_id, parse_event_id
from mcp_transport.streams.notices import Stale

RETRY_MS = 500  # when a client that was let go comes back
# Before a session names one, which is left to the server (2025-11-25, schema,
# LoggingMessageNotification).
DEFAULT_LEVEL = "info"

NO_SESSION_ID = "The Mcp-Session-Id header is missing; open with initialize."
NOT_BOUND = "This connection has no session yet; open one with initialize."
NO_SESSION = "There is no such session; open one with initialize."


class Conversation:
    """Serves revisions that open with a handshake."""

    def __init__(self, services: Services, connections: Connections) -> None:
        self._services = services
        self.pending = Pending()
        self.works = Works()
        self.connections = connections
        self.inbox = InboxReader(
            services.inboxes, self.pending, self.works, connections, services.tasks,
            leave=self.leave_session,
        )  # fmt: skip

    async def initialize(self, incoming: Incoming, request: Request) -> Outcome:
        """Open a session, whose id goes back; a connection may have one already."""
        handshake = Handshake(request, incoming.revisions)
        sessions = self._services.sessions
        # HTTP with SSE names the session in its endpoint, before the handshake.
        if incoming.is_bound and incoming.session_id:
            session = await self.find_session(incoming)
            await sessions.shake_hands(session, **handshake.agreed)
        else:
            session = await self.open_session(incoming, **handshake.agreed)
        body = jsonrpc.result(request.id, handshake.result(incoming))
        return Reply(200, body, session_id=session.id)

    async def open_session(
        self,
        incoming: Incoming,
        *,
        revision: Revision,
        client_info: dict[str, Any],
        capabilities: dict[str, Any],
    ) -> SessionRecord:
        """Keep a new session of the caller's, and end what the caller has too many of."""
        sessions, server_id = self._services.sessions, incoming.offer.server.id
        session = await sessions.open(
            incoming.principal,
            server_id=server_id,
            revision=revision,
            client_info=client_info,
            capabilities=capabilities,
            transport=incoming.transport,
            worker=self._services.worker_id if incoming.is_bound else "",
        )
        for session_id in await sessions.surplus(incoming.principal, server_id):
            await self.end_session(session_id, "too many sessions")
        return session

    async def find_session(self, incoming: Incoming) -> SessionRecord:
        """
        The session a request belongs to.

        Raises InvalidRequest without an id and Refused, with 404, for one that
        has ended (Session Management). One that is somebody else's is answered
        like one that never was.
        """
        if not incoming.session_id:
            raise InvalidRequest(NOT_BOUND if incoming.is_bound else NO_SESSION_ID)
        sessions, session_id = self._services.sessions, incoming.session_id
        session = sessions.find_cached(session_id) or await sessions.find(session_id)
        # All of these are answered alike: who guesses ids learns nothing of which there are.
        if (
            session is None
            or session.owner != incoming.principal.key
            or session.server_id != incoming.offer.server.id
            or session.is_bound != incoming.is_bound
            or session.revision.name not in incoming.revisions
        ):
            raise Refused(404, NO_SESSION)
        return session

    async def serve(self, incoming: Incoming, message: Message, responder: Responder) -> Outcome:
        """Answer or accept one message. Raises ProtocolError for one that cannot be served."""
        if isinstance(message, Request) and message.method == "initialize":
            return await self.initialize(incoming, message)
        session = await self.find_session(incoming)
        if not isinstance(message, Request):
            await self._accept(session, message)
            return ACCEPTED  # 202 and no body (Sending Messages to the Server, 4)
        try:
            method = offered_method(LEGACY, message.method, incoming.offer.catalog.features)
        except MethodNotFound as error:
            return Reply(200, jsonrpc.error(message.id, error))
        return await self._answer(incoming, session, message, method, responder)

    async def serve_batch(self, incoming: Incoming, batch: list[Any]) -> Outcome:
        """Answer an array of messages (2025-03-26, basic/index, Batching)."""
        if not 0 < len(batch) <= MAX_BATCH:
            raise InvalidRequest(f"A batch has 1 to {MAX_BATCH} messages.")
        session = await self.find_session(incoming)
        if not session.revision.has_batches:
            raise InvalidRequest(f"Revision {session.revision} has no batches; send one message.")
        messages = [jsonrpc.parse(item) for item in batch]
        requests = [message for message in messages if isinstance(message, Request)]
        _check_batch(requests)
        for message in messages:
            if not isinstance(message, Request):
                await self._accept(session, message)
        if not requests:
            return ACCEPTED
        answers = await asyncio.gather(
            *(self._answer_in_batch(incoming, session, request) for request in requests)
        )
        return Reply(200, b"[" + b",".join(answers) + b"]")

    async def open_stream(self, incoming: Incoming, responder: Responder) -> Outcome:
        """
        Follow a session's standalone stream, or read on where a stream broke off.

        Only what that stream has carried is sent again (Resumability and
        Redelivery, 2).
        """
        if not responder.accepts_stream:
            raise Refused(406, "A stream needs Accept: text/event-stream.")
        session = await self.find_session(incoming)
        if incoming.last_event_id is None:
            return await follow_session(self._services, incoming, session, responder)
        position = parse_event_id(incoming.last_event_id)
        progress = await self._services.streams.log.progress(position[0]) if position else None
        if position is None or progress is None or progress.session_id != session.id:
            raise InvalidRequest("Last-Event-ID names no event of this session.")
        stream_id, after = position
        limiting = self._services.limiting
        limiting.hold_stream(incoming.principal)
        try:
            await responder.open()
            await _relay(self._services.streams.follow(stream_id, after), stream_id, responder)
        finally:
            limiting.leave_stream(incoming.principal)
        return ENDED

    async def close(self, incoming: Incoming) -> Outcome:
        """End the caller's session and everything that runs in it (Session Management, 5)."""
        session = await self.find_session(incoming)
        await self.end_session(session.id, "client")
        # Its next request may reach another process at once.
        await self._services.roll_call.over(Stale("sessions", session.id))
        return Reply(204)

    async def end_session(self, session_id: str, reason: str) -> None:
        """End a session and everything that runs in it."""
        await asyncio.gather(  # one transaction
            self._services.sessions.close(session_id, reason),
            self._services.inboxes.close(session_id),
        )
        self.leave_session(session_id)

    def leave_session(self, session_id: str) -> None:
        """End what runs here in a session that has ended."""
        self.works.cancel_session(session_id)
        for source in self._services.directory.sources:
            source.leave_session(session_id)
        connection = self.connections.of_session(session_id)
        if connection is not None:
            connection.end(Ending.CLOSED)
        listener = self._services.hub.of_session(session_id)
        if listener is not None:
            listener.end()

    def sessions_here(self) -> set[str]:
        """The sessions for which something runs or waits here."""
        open_here = (connection.session_id for connection in self.connections)
        listening = (listener.session_id for listener in self._services.hub.listeners())
        held = (item for source in self._services.directory.sources for item in source.sessions())
        return {item for item in (*open_here, *listening, *held, *self.works.sessions()) if item}

    async def _accept(self, session: SessionRecord, message: Notification | Response) -> None:
        """Take an answer or a notification; of others than these a server has to do nothing."""
        if isinstance(message, Response):
            if not self.pending.settle(session.id, message):
                await self._services.inboxes.answer(session.id, message)
        elif message.method == "notifications/initialized" and not session.is_initialized:
            await self._services.sessions.note_initialized(session)
        elif message.method == "notifications/cancelled":
            await self._cancel(session, message.params.get("requestId"))

    async def _cancel(self, session: SessionRecord, request_id: Any) -> None:
        if jsonrpc.is_id(request_id) and not self.works.cancel(session.id, request_id):
            await self._services.inboxes.cancel(session.id, request_id)

    async def _answer(
        self,
        incoming: Incoming,
        session: SessionRecord,
        request: Request,
        method: Method,
        responder: Responder,
    ) -> Outcome:
        exchange = self._exchange(incoming, session, request, method)
        self._services.limiting.begin(exchange)
        # What may not ask says nothing before its result either, so it needs no task that
        # outlives its connection.
        if not method.may_ask:
            return Reply(200, await _respond(exchange))
        gone = responder.gone if incoming.is_bound else None
        work = Work(exchange, gone=gone, opens_first=responder.opens_first)
        exchange.channel = self._channel(work, session, responder)
        self.works.start(work)
        self.inbox.begin()
        await work.settled
        return await self._send(work, responder)

    def _channel(self, work: Work, session: SessionRecord, responder: Responder) -> BackChannel:
        timeout = self._services.answer_timeout
        if session.is_bound:
            return ConnectionChannel(responder, self.pending, session, answer_timeout=timeout)
        if not responder.accepts_stream:
            return CLOSED
        return SessionChannel(
            self._services.streams,
            self.pending,
            session,
            describe=work.describe,
            opened=work.follow,
            answer_timeout=timeout,
        )

    async def _send(self, work: Work, responder: Responder) -> Outcome:
        if work.stream is not None:
            return await _follow(work.stream, work.exchange, responder)
        if work.refusal is not None:
            raise work.refusal
        if work.body is not None:
            return Reply(200, work.body)
        # Cancelled: no response is sent (2025-11-25, basic/utilities/cancellation, Behavior
        # Requirements), but HTTP has to answer something.
        if responder.accepts_stream:
            await responder.open()
            return ENDED
        return Reply(200, _cancelled(work))

    async def _answer_in_batch(
        self, incoming: Incoming, session: SessionRecord, request: Request
    ) -> bytes:
        try:
            method = offered_method(LEGACY, request.method, incoming.offer.catalog.features)
        except MethodNotFound as error:
            return jsonrpc.error(request.id, error)
        exchange = self._exchange(incoming, session, request, method)
        try:
            self._services.limiting.begin(exchange)
            if not method.may_ask:
                return await _respond(exchange)
        except LimitExceeded as error:
            return self._refuse_in_batch(exchange, error)
        work = Work(exchange)
        self.works.start(work)
        self.inbox.begin()
        await work.settled
        if isinstance(work.refusal, LimitExceeded):
            return self._refuse_in_batch(exchange, work.refusal)
        if work.refusal is not None:
            raise work.refusal
        return work.body or _cancelled(work)

    def _refuse_in_batch(self, exchange: Exchange, error: LimitExceeded) -> bytes:
        """The others of a batch are answered, whatever one of them has to wait for."""
        self._services.limiting.end(exchange)
        self._services.limiting.note_refusal(exchange.incoming, error)
        return jsonrpc.error(exchange.request.id, error)

    def _exchange(
        self, incoming: Incoming, session: SessionRecord, request: Request, method: Method
    ) -> Exchange:
        return Exchange(
            self._services,
            incoming,
            request,
            method,
            revision=session.revision,
            capabilities=session.client_capabilities,
            client_info=session.client_info,
            log_level=session.log_level or DEFAULT_LEVEL,
            session=session,
            channel=CLOSED,
        )


async def _respond(exchange: Exchange) -> bytes:
    """The response to a request that nothing is said before; errors ride on 200."""
    observer = exchange.services.observer
    try:
        if observer is None:
            result = await HANDLERS[exchange.method.name](exchange)
        else:
            with observer.observe(exchange):
                result = await HANDLERS[exchange.method.name](exchange)
    except Refused:
        raise
    except ProtocolError as error:
        return jsonrpc.error(exchange.request.id, error)
    finally:
        exchange.services.limiting.end(exchange)
    return jsonrpc.result(exchange.request.id, result)


async def _follow(stream: LiveStream, exchange: Exchange, responder: Responder) -> Outcome:
    await responder.open()  # the first event may be a long time coming
    is_here = await _relay(stream.follow(0), stream.id, responder)
    # Let go before the end: it is told when to come back (Sending Messages to the Server, 6).
    if is_here and not stream.is_closed and exchange.revision.has_priming_events:
        await responder.retry(RETRY_MS)
    return ENDED


async def _relay(events: AsyncIterator[Logged], stream_id: str, responder: Responder) -> bool:
    """Send a stream's events; False when the client left before their end."""
    sending = asyncio.create_task(_send_all(events, stream_id, responder))
    leaving = asyncio.create_task(responder.gone())
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        return sending.done()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.wait({sending, leaving})


async def _send_all(events: AsyncIterator[Logged], stream_id: str, responder: Responder) -> None:
    # An error would answer the request, which goes on: who is sent no more comes back for it
    # (Resumability and Redelivery, 1).
    with contextlib.suppress(DatabaseAway):
        async for event in events:
            await responder.write(event.data, event_id(stream_id, event.sequence))


def _cancelled(work: Work) -> bytes:
    error = InvalidRequest("The request was cancelled by its client.")
    return jsonrpc.error(work.exchange.request.id, error)


def _check_batch(requests: list[Request]) -> None:
    # 2025-03-26, basic/lifecycle, Initialization.
    if any(request.method == "initialize" for request in requests):
        raise InvalidRequest("initialize stands alone, never in a batch.")
    ids = {(type(request.id), request.id) for request in requests}
    if len(ids) != len(requests):
        raise InvalidRequest("The requests of a batch have different ids.")
