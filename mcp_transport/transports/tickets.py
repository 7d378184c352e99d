"""Where a client with credentials gets a ticket for a WebSocket that cannot send them."""

from __future__ import annotations

from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import Incoming, Outcome, Reply
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import Refused
from mcp_transport.transports.endpoint import HttpEndpoint
from mcp_transport.transports.tool_calls import TRANSPORT as REST

UPGRADE = "This address takes a WebSocket; for a ticket, POST to …/ws/ticket."
SOCKET = "ws"
NOT_KEPT = ((b"cache-control", b"no-store"),)


class TicketConsumer(HttpEndpoint):
    """``POST /mcp/<server>/ws/ticket``: a ticket, and for how many seconds it is good."""

    transport = "websocket"
    methods = ("POST", "GET")
    has_body = False

    def served(self, offer: Offer | None, slug: str) -> Offer:
        """See HttpEndpoint.served(); a ticket opens the WebSocket of plain calls, too."""
        if settings.MCP_REST and offer is not None and offer.server.is_served_over(REST):
            return offer
        return super().served(offer, slug)

    def describe(self, offer: Offer, principal: Principal) -> Incoming:
        """See HttpEndpoint.describe()."""
        return Incoming(
            offer=offer,
            principal=principal,
            transport="",
            headers=self.headers,
            peer=self.request.get("client"),
            who_now=self.who_now,
        )

    async def serve(self, incoming: Incoming) -> Outcome:
        """See HttpEndpoint.serve()."""
        if self.request["mcp_door"] == SOCKET:
            raise Refused(426, UPGRADE, headers={"Upgrade": "websocket", "Connection": "Upgrade"})
        if self.request["method"] != "POST":
            raise Refused(405, "A ticket is made by a POST.", headers={"Allow": "POST"})
        self.runtime.engine.admit(incoming)
        ticket = await self.runtime.opening.issue_ticket(
            incoming.principal, self.headers, incoming.offer.server.id
        )
        answer = {"ticket": ticket, "expires_in": settings.MCP_TICKET_LIFETIME}
        return Reply(200, jsonrpc.encode(answer), NOT_KEPT)
