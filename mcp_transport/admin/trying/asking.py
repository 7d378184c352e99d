"""
Requests of the admin to the engine, as a client of 2025-11-25 sends them.

The client leaves as soon as it knows the stream of its answer. The request
goes on, as it does for every client with a session, and all that comes of it
is in the event log: for the page, whichever worker process shows it.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import msgspec

from mcp_transport.auth.permissions import may_use_server
from mcp_transport.auth.principal import Principal
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.engine import Engine
from mcp_transport.engine.incoming import Incoming, Reply, Responder
from mcp_transport.models import Session
from mcp_transport.protocol.errors import ProtocolError, Refused
from mcp_transport.protocol.revisions import R2025_11_25
from mcp_transport.streams.log import parse_event_id
from mcp_transport.version import __version__

TRANSPORT = "admin"
REVISION = R2025_11_25
CAPABILITIES: dict[str, Any] = {
    "elicitation": {"form": {}, "url": {}},
    "roots": {},
    "sampling": {"tools": {}},
}
CLIENT = {"name": "Django admin", "version": __version__}
PATIENCE = 15.0  # seconds until a request has begun
# The code of an error that says that a person said no (2025-11-25, client/sampling,
# Error Handling).
REJECTED = -1

Message = dict[str, Any]


class NotStarted(Exception):
    """The request was refused before it began; the message says why."""


class Leaving(Responder):
    """A client that leaves as soon as it knows where its answer will be."""

    accepts_stream = True
    accepts_json = True
    opens_first = True

    def __init__(self) -> None:
        self.stream_id = ""
        self._knows = asyncio.Event()

    async def open(self) -> None:
        """Commit to a stream, which costs nothing here."""
        self.is_open = True

    async def write(self, message: bytes, event_id: str | None = None) -> None:
        """Learn from the first event which stream it is on."""
        position = parse_event_id(event_id or "")
        if position is not None:
            self.stream_id = position[0]
            self._knows.set()

    async def retry(self, milliseconds: int) -> None:
        """Nobody connects again."""

    async def gone(self) -> None:
        """Leave when everything is known that has to be."""
        await self._knows.wait()


async def begin(process: Any, slug: str, principal: Principal, method: str, params: Message) -> str:
    """
    Start a request; the id of the stream that tells of it.

    Raises NotStarted for one that is refused: the server is off, its access
    policy or a limit is in the way.
    """
    try:
        offer = await _offer(process, slug)
        may_use_server(principal, offer.server)
        return await _begin_in_session(process, offer, principal, method, params)
    except ProtocolError as error:
        raise NotStarted(error.message) from None


async def respond(
    process: Any, slug: str, principal: Principal, session_id: str, question: str, answer: Message
) -> None:
    """Answer a question: ``answer`` has a result or an error."""
    body = {"jsonrpc": "2.0", "id": question, **answer}
    await _tell(process, slug, principal, session_id, body)


async def cancel(
    process: Any, slug: str, principal: Principal, session_id: str, request_id: Any
) -> None:
    """Cancel a request, wherever it runs."""
    params = {"requestId": request_id, "reason": "cancelled in the admin"}
    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    await _tell(process, slug, principal, session_id, body)


async def _offer(process: Any, slug: str) -> Offer:
    offer: Offer | None = await process.directory.find(slug)
    if offer is None:
        raise NotStarted(f"There is no server {slug!r}, or it is turned off.")
    return offer


async def _tell(
    process: Any, slug: str, principal: Principal, session_id: str, body: Message
) -> None:
    offer = await _offer(process, slug)
    try:
        await process.engine.receive(_incoming(offer, principal, body, session_id), Leaving())
    except ProtocolError as error:
        raise NotStarted(error.message) from None


async def _session(process: Any, offer: Offer, principal: Principal) -> str:
    """The session of the caller with the server; a new one if there is none."""
    found: str | None = await process.rows.run(_open_session, principal.key, offer.server.id)
    if found is not None:
        return found
    params = {
        "protocolVersion": REVISION.name,
        "capabilities": CAPABILITIES,
        "clientInfo": CLIENT,
    }
    body = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}
    engine: Engine = process.engine
    outcome = await engine.receive(_incoming(offer, principal, body, None), Leaving())
    if not isinstance(outcome, Reply) or outcome.session_id is None:
        raise NotStarted("The server opened no session.")
    return outcome.session_id


def _open_session(owner: str, server_id: int) -> str | None:
    rows = Session.objects.open().filter(owner=owner, server_id=server_id, transport=TRANSPORT)
    return rows.values_list("pk", flat=True).first()


async def _begin_in_session(
    process: Any, offer: Offer, principal: Principal, method: str, params: Message
) -> str:
    """Begin in the caller's session, or in a new one when that one has expired."""
    session_id = await _session(process, offer, principal)
    try:
        return await _begin(process, offer, principal, session_id, method, params)
    except Refused as error:
        if error.status != 404:
            raise
    await process.engine.end_session(session_id, "expired")
    session_id = await _session(process, offer, principal)
    return await _begin(process, offer, principal, session_id, method, params)


async def _begin(
    process: Any,
    offer: Offer,
    principal: Principal,
    session_id: str,
    method: str,
    params: Message,
) -> str:
    request_id = secrets.token_hex(8)
    meta = {"progressToken": request_id}
    body = {
        "jsonrpc": "2.0",
        "id": request_id,
        "method": method,
        "params": {**params, "_meta": meta},
    }
    client = Leaving()
    incoming = _incoming(offer, principal, body, session_id)
    outcome = await process.engine.receive(incoming, client)
    if client.stream_id:
        return client.stream_id
    raise NotStarted(_reason(outcome))


def _reason(outcome: Any) -> str:
    if isinstance(outcome, Reply) and outcome.body:
        error = msgspec.json.decode(outcome.body).get("error", {})
        return str(error.get("message", "The request did not begin."))
    return "The request did not begin."


def _incoming(
    offer: Offer, principal: Principal, body: Message, session_id: str | None
) -> Incoming:
    return Incoming(
        offer=offer,
        principal=principal,
        transport=TRANSPORT,
        body=body,
        headers={},
        has_routing_headers=False,
        protocol_version=REVISION.name,
        session_id=session_id,
    )
