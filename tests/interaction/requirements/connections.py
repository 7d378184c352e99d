"""HTTP with SSE, and WebSocket, which the specification leaves to the site."""

from __future__ import annotations

from tests.interaction.requirements.record import ALL, LEGACY, MODERN, page, requirement

OLD = page("2024-11-05/basic/transports", "HTTP with SSE")
KEPT = page("2026-07-28/basic/transports/streamable-http", "HTTP+SSE")
DEPRECATED = page("2026-07-28/deprecated")
CUSTOM = page("2026-07-28/basic/transports/index", "Custom Transports")
METADATA = page("2026-07-28/basic/transports/index", "Request Metadata")
STDIO = page("2026-07-28/basic/transports/stdio")
STATELESS = page("2026-07-28/basic/index", "Statelessness")
CANCELLATION = page("2026-07-28/basic/patterns/cancellation")
AUTHORIZATION = page("2026-07-28/basic/authorization/index")
GATE = page("2026-07-28/basic/transports/streamable-http", "Security & Endpoint")
ERRORS = page("2026-07-28/basic/index", "Error Codes")

ROWS = (
    # --- HTTP with SSE
    requirement("OLD-1", OLD, "A", "One address is the stream, another takes the messages."),
    requirement("OLD-2", OLD, "A", "The stream begins with where to POST, on the same origin."),
    requirement("OLD-3", OLD, "A", "Whatever is said to the client comes on the stream."),
    requirement(
        "OLD-4", OLD, "A",
        "A POST is accepted with 202; without a session it is 400, for an unknown one 404.",
    ),
    requirement("OLD-5", OLD, "A", "Pages from elsewhere reach neither address."),
    requirement("OLD-6", KEPT, "A", "Both addresses stand beside the endpoint, which finds them too."),
    requirement("OLD-7", DEPRECATED, "A", "The transport can be switched off, by site and by server."),
    requirement(
        "OLD-8", OLD, LEGACY, "It speaks revisions with handshakes, to who opened the stream."
    ),
    # --- WebSocket
    requirement("WS-1", CUSTOM, ALL, "A WebSocket carries the protocol, too."),
    requirement("WS-2", CUSTOM, LEGACY, "It keeps messages and lifecycle as they are."),
    requirement("WS-3", CUSTOM, MODERN, "It keeps the patterns, and metadata in the body."),
    requirement("WS-4", CUSTOM, ALL, "How it connects, frames and cancels is written down."),
    requirement("WS-5", CUSTOM, MODERN, "One text frame is one message."),
    requirement("WS-6", METADATA, MODERN, "Nothing of a message stands in a header."),
    requirement(
        "WS-7", STDIO, MODERN,
        "A notification cancels, and subscriptions are told apart by their id.",
    ),
    requirement("WS-8", STATELESS, ALL, "A connection is no session, and a session is of one."),
    requirement("WS-9", AUTHORIZATION, "BCDE", "No token stands in an address."),
    requirement("WS-10", ERRORS, MODERN, "The errors are those of HTTP without their status."),
    requirement("WS-11", GATE, ALL, "A page from elsewhere cannot connect."),
    requirement("WSH-1", CUSTOM, ALL, "The subprotocol is mcp, or none is offered."),
    requirement(
        "WSH-2", AUTHORIZATION, ALL,
        "Who connects is known before, by header, ticket or cookie, and has to stay welcome.",
    ),
    requirement("WSH-3", CUSTOM, ALL, "What is no text, no JSON or too large is told apart."),
    requirement("WSH-4", CUSTOM, ALL, "Each message says its era, and both share a connection."),
    requirement("WSH-5", CUSTOM, ALL, "No two requests in flight have one id."),
    requirement("WSH-6", CUSTOM, ALL, "What runs ends with its connection."),
    requirement(
        "WSH-7", CANCELLATION, MODERN,
        "A subscription that the server ends has a result, and then a cancellation.",
    ),
    requirement("WSH-8", CUSTOM, ALL, "Who asks for too much or reads too little is let go."),
    requirement("WSH-9", CUSTOM, ALL, "A restart finishes what runs and says that it is one."),
)  # fmt: skip
