"""
HTTP with SSE, the two endpoints of 2024-11-05 (basic/transports, HTTP with SSE).

A GET opens the stream, whose first event names where to POST; every message to
the client comes on the stream, whichever worker process takes the POST. The
address of the POST is good for the user who opened the stream alone.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from mcp_transport.auth.permissions import may_use_server
from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.engine.connection import Connection, Ending
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.guard import Hold
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome
from mcp_transport.protocol.errors import InvalidRequest, Refused
from mcp_transport.protocol.revisions import LEGACY
from mcp_transport.transports.endpoint import HttpEndpoint

TRANSPORT = "http_sse"
STREAM = "sse"
MESSAGES = "messages"
RETRY_MS = 1000  # when the client of a worker process that stops comes back


class HttpSseConsumer(HttpEndpoint):
    """The stream, or a message for it; ``mcp_door`` of the scope says which."""

    transport = TRANSPORT
    methods = ("POST", "GET")

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        return self._incoming(offer, principal, self.body, self._named_session())

    async def serve(self, incoming: Incoming) -> Outcome:
        """See HttpEndpoint.serve()."""
        is_post = self.request["method"] == "POST"
        if is_post != (self.request["mcp_door"] == MESSAGES):
            raise Refused(
                405,
                "The stream takes GET and the messages POST.",
                headers={"Allow": "GET" if is_post else "POST"},
            )
        if not is_post:
            return await self._open(incoming)
        if not incoming.session_id:
            raise InvalidRequest("The address needs ?session_id=, as the endpoint event names it.")
        return await self.runtime.engine.deliver(incoming)

    def served(self, offer: Offer | None, slug: str) -> Offer:
        """See HttpEndpoint.served()."""
        is_on = settings.MCP_HTTP_SSE and (offer is None or offer.server.is_served_over(TRANSPORT))
        if is_on:
            return super().served(offer, slug)
        if self.request["mcp_door"] == "":  # the endpoint itself, which takes POST
            raise Refused(405, "This address takes POST.", headers={"Allow": "POST"})
        raise Refused(404, "HTTP with SSE is switched off here; use Streamable HTTP.")

    def _named_session(self) -> str | None:
        query = self.request["query_string"].decode("latin-1")
        return dict(parse_qsl(query)).get("session_id")

    def _incoming(
        self, offer: Offer, principal: Principal, body: Any, session_id: str | None
    ) -> Incoming:
        return Incoming(
            offer=offer,
            principal=principal,
            transport=TRANSPORT,
            body=body,
            headers=self.headers,
            has_routing_headers=False,
            session_id=session_id,
            is_bound=True,
            revisions=tuple(name for name in offer.server.revisions if name in LEGACY),
            peer=self.request.get("client"),
            who_now=self.who_now,
        )

    async def _open(self, incoming: Incoming) -> Outcome:
        if not self.responder.accepts_stream:
            raise Refused(406, "A stream needs Accept: text/event-stream.")
        engine = self.runtime.engine
        # First, for whoever is refused a connection opens no session.
        connection = engine.connect(
            incoming, self._admit_message, self.responder.write, has_post=True
        )
        try:
            await self._hold(connection, await engine.open_session(connection, incoming))
        finally:
            await engine.disconnect(connection)
        return ENDED

    async def _hold(self, connection: Connection, session_id: str) -> None:
        """Keep the stream, which begins with the address, until one of the sides ends it."""
        await self.responder.write(self._endpoint(session_id), name=b"endpoint")
        hold = Hold()
        connection.ending.add_done_callback(lambda _ending: hold.release())
        await hold.wait(self.responder.gone())
        if connection.ending.done() and connection.ending.result() is Ending.RESTART:
            await self.responder.retry(RETRY_MS)

    def _endpoint(self, session_id: str) -> bytes:
        """Where to POST, relative to the site, so that it is the same origin."""
        path: str = self.request["path"].rstrip("/")
        if self.request["mcp_door"] == STREAM:
            path = path.removesuffix("/" + STREAM)
        return f"{path}/{MESSAGES}?session_id={session_id}".encode()

    async def _admit_message(self, body: Any, session_id: str | None) -> Incoming:
        """A message of the stream's client, with the rights that it has now."""
        run = self.runtime
        slug = self.request["mcp_server"]
        found = run.directory.find_cached(slug) or await run.directory.find(slug)
        offer = self.served(found, slug)
        principal = await run.authenticators.authenticate(self.headers)
        may_use_server(principal, offer.server)
        return self._incoming(offer, principal, body, session_id)
