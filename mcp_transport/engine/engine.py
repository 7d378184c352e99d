"""The one door that every transport uses."""

from __future__ import annotations

import logging
from typing import Any

from mcp_transport.engine.conversation import Conversation
from mcp_transport.engine.incoming import ACCEPTED, Incoming, Outcome, Reply, Responder
from mcp_transport.engine.services import Services
from mcp_transport.engine.stateless import Stateless
from mcp_transport.protocol import jsonrpc, routing
from mcp_transport.protocol.errors import InternalError, InvalidRequest, ProtocolError, Refused
from mcp_transport.protocol.jsonrpc import Notification, Request, Response

logger = logging.getLogger("mcp_transport.engine")


class Engine:
    """Turns what arrives into what is answered, whatever it arrived over."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._stateless = Stateless(services)
        self._conversation = Conversation(services)

    async def receive(self, incoming: Incoming, responder: Responder) -> Outcome:
        """
        Serve one decoded body.

        Every problem becomes a reply with the status and the code that the
        specification gives it; Refused is raised, for its headers are the
        transport's affair.
        """
        try:
            return await self._dispatch(incoming, responder)
        except Refused:
            raise
        except ProtocolError as error:
            return _problem(incoming, error, error.status)
        except Exception:
            logger.exception("A message to server %r failed", incoming.offer.server.slug)
            return _problem(incoming, InternalError(), 500)

    async def open_stream(self, incoming: Incoming, responder: Responder) -> Outcome:
        """
        Follow a stream of a session (GET).

        Raises ProtocolError.
        """
        _refuse_modern(incoming)
        if incoming.session_id is None and incoming.protocol_version is None:
            raise Refused(405, "This address takes POST.", headers={"Allow": "POST"})
        return await self._conversation.open_stream(incoming, responder)

    async def close_session(self, incoming: Incoming) -> Outcome:
        """
        End a session (DELETE).

        Raises ProtocolError.
        """
        _refuse_modern(incoming)
        return await self._conversation.close(incoming)

    async def drain(self, seconds: float) -> None:
        """End the listening streams gracefully and wait for running work."""
        self.services.hub.end_all()
        await self._conversation.works.drain(seconds)
        self._conversation.inbox.stop()

    async def _dispatch(self, incoming: Incoming, responder: Responder) -> Outcome:
        body = incoming.body
        if type(body) is list:
            return await self._batch(incoming, body)
        message = jsonrpc.parse(body)
        if isinstance(message, Response):
            _refuse_modern_response(incoming)
            return await self._conversation.serve(incoming, message, responder)
        if not routing.is_modern(message, incoming.protocol_version):
            return await self._conversation.serve(incoming, message, responder)
        if isinstance(message, Request):
            return await self._stateless.serve(incoming, message, responder)
        return _accept_notification(message)

    async def _batch(self, incoming: Incoming, batch: list[Any]) -> Outcome:
        if _is_modern_version(incoming) or any(map(_claims_modern, batch)):
            raise InvalidRequest("A body is one JSON object; this revision has no batches.")
        return await self._conversation.serve_batch(incoming, batch)


def _problem(incoming: Incoming, error: ProtocolError, status: int) -> Outcome:
    return Reply(status, jsonrpc.error(jsonrpc.read_id(incoming.body), error))


def _accept_notification(_message: Notification) -> Outcome:
    """Take a notification and do nothing: a stateless revision defines none over HTTP."""
    return ACCEPTED


def _claims_modern(item: Any) -> bool:
    params = item.get("params") if isinstance(item, dict) else None
    meta = params.get("_meta") if isinstance(params, dict) else None
    return isinstance(meta, dict) and routing.PROTOCOL_VERSION in meta


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
