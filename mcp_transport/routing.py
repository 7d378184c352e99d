"""
What a site puts in front of its Django application.

    application = mcp_application(get_asgi_application())

Requests below MCP_PATH go to the endpoints without passing Django's handler
and middleware; everything else goes where it went before.
"""

from __future__ import annotations

import gc
from typing import Any

from mcp_transport import health
from mcp_transport.conf import settings
from mcp_transport.engine.directory import DEFAULT
from mcp_transport.lifespan import runtime
from mcp_transport.protocol.headers import PROTOCOL_VERSION, SESSION_ID
from mcp_transport.rows import DatabaseAway
from mcp_transport.transports.http_sse import TRANSPORT as HTTP_SSE
from mcp_transport.transports.http_sse import HttpSseConsumer
from mcp_transport.transports.rest import ADDRESSES, RestConsumer
from mcp_transport.transports.streamable_http import StreamableHttpConsumer
from mcp_transport.transports.tickets import TicketConsumer
from mcp_transport.transports.websocket import WebSocketConsumer

AT_ROOT = ("/sse", "/messages")  # of the default server, where old clients look


class McpApplication:
    """An ASGI application: endpoints first, then the site."""

    def __init__(self, http: Any, websocket: Any = None) -> None:
        self._http = http
        self._websocket = websocket
        self._path = settings.MCP_PATH.rstrip("/")
        self._below = self._path + "/"
        probes = {settings.MCP_HEALTH_PATH: health.live, settings.MCP_READY_PATH: health.ready}
        self._probes = {path: probe for path, probe in probes.items() if path is not None}
        self._socket = WebSocketConsumer.as_asgi(runtime=runtime)
        self._http_sse = HttpSseConsumer.as_asgi(runtime=runtime)
        self._rest = RestConsumer.as_asgi(runtime=runtime)
        tickets = TicketConsumer.as_asgi(runtime=runtime)
        #: What stands below a server's address, by the rest of the path.
        self._doors = {
            "": StreamableHttpConsumer.as_asgi(runtime=runtime),
            "sse": self._http_sse,
            "messages": self._http_sse,
            "ws": tickets,
            "ws/ticket": tickets,
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a connection to whom it belongs."""
        kind = scope["type"]
        if kind == "http" and scope["path"] in self._probes:
            await self._probes[scope["path"]](send)
        elif kind == "http":
            await (await self._find(scope))(scope, receive, send)
        elif kind == "lifespan":
            await _lifespan(receive, send)
        else:
            await self._connect(scope, receive, send)

    async def _find(self, scope: Any) -> Any:
        """The application of an HTTP request; the scope is told which server and door."""
        path: str = scope["path"]
        if self._is_ours(path):
            self._name(scope, path[len(self._below) :].rstrip("/"))
            is_old = scope["mcp_door"] == "" and _is_client_of_2024_11_05(scope)
            return self._http_sse if is_old else self._doors.get(scope["mcp_door"], self._rest)
        if path in AT_ROOT and await _serves_old_clients_at_root():
            self._name(scope, path[1:])
            return self._http_sse
        return self._http

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._below) or path == self._path

    def _name(self, scope: Any, rest: str) -> None:
        """Note a server's slug, empty for the default one, and what of it is asked for."""
        slug, _, door = rest.partition("/")
        if self._has(rest):
            slug, door = "", rest
        elif not self._has(door):
            slug, door = rest, ""  # a server that nobody has
        scope["mcp_server"], scope["mcp_door"] = slug, door

    def _has(self, door: str) -> bool:
        is_rest = settings.MCP_REST and door.partition("/")[0] in ADDRESSES
        return door in self._doors or is_rest

    async def _connect(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        if self._is_ours(path):
            self._name(scope, path[len(self._below) :].rstrip("/"))
            await self._socket(scope, receive, send)
        elif self._websocket is not None:
            await self._websocket(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 4404})


def _is_client_of_2024_11_05(scope: Any) -> bool:
    """
    Whether a GET of the endpoint looks for the first event of HTTP with SSE.

    Later clients name their session (2025-11-25, basic/transports, Backwards
    Compatibility), and a browser that reads the page does not ask for a stream.
    """
    if scope["method"] != "GET" or not settings.MCP_HTTP_SSE:
        return False
    headers = dict(scope["headers"])
    is_later = SESSION_ID in headers or PROTOCOL_VERSION in headers
    return not is_later and b"text/event-stream" in headers.get(b"accept", b"").lower()


async def _serves_old_clients_at_root() -> bool:
    if not settings.MCP_HTTP_SSE:
        return False
    try:
        offer = await runtime().directory.find(DEFAULT)
    except DatabaseAway:
        return True  # which the door answers as any other
    return offer is not None and offer.server.is_served_over(HTTP_SSE)


def mcp_application(http: Any, websocket: Any = None) -> McpApplication:
    """
    The site's ASGI application with its MCP endpoints in front.

    ``http`` is what ``get_asgi_application()`` returns; ``websocket`` serves the
    site's own WebSocket connections, if it has any.
    """
    return McpApplication(http, websocket)


async def _lifespan(receive: Any, send: Any) -> None:
    """Start and stop with the server (ASGI, Lifespan Protocol)."""
    await receive()
    try:
        await runtime().start(is_told_to_stop=True)
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    # What was loaded until now is never garbage: looking through it again and
    # again would hold up the slowest hundredth of all calls.
    gc.collect()
    gc.freeze()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await runtime().stop()
    await send({"type": "lifespan.shutdown.complete"})
