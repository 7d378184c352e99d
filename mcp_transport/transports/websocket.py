"""
WebSocket: both eras on one connection, a JSON object in each text frame.

The specification leaves other transports to the site; what this one does is
written in docs/topics/transports.md.
"""

from __future__ import annotations

from mcp_transport.transports.socket_endpoint import SocketEndpoint

TRANSPORT = "websocket"


class WebSocketConsumer(SocketEndpoint):
    """One connection to a server."""

    transport = TRANSPORT
    subprotocol = "mcp"
