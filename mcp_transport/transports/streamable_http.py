"""Streamable HTTP: one URL for every revision from 2025-03-26 on."""

from __future__ import annotations

from collections.abc import Awaitable

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import Incoming, Outcome
from mcp_transport.protocol.headers import LAST_EVENT_ID, SESSION_ID, read_version
from mcp_transport.transports.endpoint import HttpEndpoint

TRANSPORT = "streamable_http"


class StreamableHttpConsumer(HttpEndpoint):
    """One request to a server's endpoint."""

    transport = TRANSPORT
    methods = ("POST", "GET", "DELETE")

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        headers = self.headers
        return Incoming(
            offer=offer,
            principal=principal,
            transport=TRANSPORT,
            body=self.body,
            headers=headers,
            duplicates=self.duplicates,
            protocol_version=read_version(headers),
            session_id=_text(headers.get(SESSION_ID)),
            revisions=offer.server.revisions,
            last_event_id=_text(headers.get(LAST_EVENT_ID)),
            peer=self.request.get("client"),
            who_now=self.who_now,
        )

    def serve(self, incoming: Incoming) -> Awaitable[Outcome]:
        """See HttpEndpoint.serve()."""
        engine, method = self.runtime.engine, self.request["method"]
        if method == "POST":
            return engine.receive(incoming, self.responder)
        if method == "GET":
            return engine.open_stream(incoming, self.responder)
        return engine.close_session(incoming)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.strip(b" \t").decode("latin-1")
