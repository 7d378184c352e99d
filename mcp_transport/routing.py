"""
What a site puts in front of its Django application.

    application = mcp_application(get_asgi_application())

Requests below MCP_PATH go to the endpoints without passing Django's handler
and middleware; everything else goes where it went before.
"""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any

from mcp_transport.conf import settings
from mcp_transport.engine.directory import DEFAULT, Offer
from mcp_transport.monitoring import door
from mcp_transport.nchan.offloading import ATTACHED, LEFT
from mcp_transport.protocol.headers import PROTOCOL_VERSION, SESSION_ID
from mcp_transport.serving.stopping import closing, requests
from mcp_transport.storage.rows import DatabaseAway
from mcp_transport.transports import resource_metadata
from mcp_transport.transports.http_sse import TRANSPORT as HTTP_SSE
from mcp_transport.transports.http_sse import HttpSseConsumer
from mcp_transport.transports.page import PageConsumer
from mcp_transport.transports.rest import PAGE, RestConsumer, is_door
from mcp_transport.transports.rest_sessions import DOOR as SESSIONS
from mcp_transport.transports.rest_sessions import SessionsConsumer
from mcp_transport.transports.streamable_http import StreamableHttpConsumer
from mcp_transport.transports.tickets import TicketConsumer
from mcp_transport.transports.tool_calls import TRANSPORT as REST
from mcp_transport.transports.tool_socket import DOOR, ToolSocketConsumer
from mcp_transport.transports.websocket import WebSocketConsumer
from mcp_transport.worker import health
from mcp_transport.worker.lifespan import is_draining, runtime

Probe = Callable[[Any, Any], Awaitable[None]]

AT_ROOT = ("/sse", "/messages")  # of the default server, where old clients look
PLACES_KEPT = 1000  # paths whose server and door are remembered
LONGEST_KEPT = 300  # characters of such a path
YOUNG = 10_000  # objects after which the garbage collector looks through the newest


class McpApplication:
    """An ASGI application: endpoints first, then the site."""

    def __init__(self, http: Any, websocket: Any = None) -> None:
        self._http = http
        self._websocket = websocket
        self._path = settings.MCP_PATH.rstrip("/")
        self._below = self._path + "/"
        self._has_nchan = bool(settings.MCP_NCHAN_PUBLISHERS)
        self._probes = _probes()
        self._socket = _door(WebSocketConsumer)
        self._tool_socket = _door(ToolSocketConsumer)
        self._http_sse = _door(HttpSseConsumer)
        self._page = _door(PageConsumer)
        self._sessions = _door(SessionsConsumer)
        self._rest = _door(RestConsumer)
        tickets = _door(TicketConsumer)
        #: What stands below a server's address, by the rest of the path.
        self._doors = {
            "": _door(StreamableHttpConsumer),
            "sse": self._http_sse,
            "messages": self._http_sse,
            "ws": tickets,
            "ws/ticket": tickets,
        }
        # Of this application: a cache on the method would keep every one that was ever made.
        self._place = lru_cache(PLACES_KEPT)(self._find_place)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a connection to whom it belongs."""
        kind = scope["type"]
        if kind == "http" and is_draining():
            send = closing(send)
        if kind == "http" and scope["path"] in self._probes:
            await self._probes[scope["path"]](scope, send)
        elif kind == "http":
            requests.running += 1
            try:
                application = self._endpoint(scope) or await self._beside(scope)
                if self._has_nchan and application is not self._http:
                    scope, receive, send = _with_nchan(scope, receive, send)
                await application(scope, receive, send)
            finally:
                requests.running -= 1
        elif kind == "lifespan":
            await _lifespan(receive, send)
        else:
            await (await self._connection(scope))(scope, receive, send)

    def _endpoint(self, scope: Any) -> Any:
        """The application of a request below MCP_PATH; the scope is told which server and door."""
        if not self._name(scope):
            return None
        door = scope["mcp_door"]
        if door:
            return self._doors.get(door) or self._plain(scope)
        if scope["method"] == "GET" and not _is_of_session(scope):
            if _asks_for(scope, b"text/event-stream"):
                return self._http_sse if settings.MCP_HTTP_SSE else self._doors[""]
            if _asks_for_page(scope) or settings.MCP_REST:
                return self._plain(scope)
        return self._doors[""]

    async def _beside(self, scope: Any) -> Any:
        """The application of any other request."""
        path: str = scope["path"]
        slug = resource_metadata.slug_asked_for(path)
        if slug is not None:
            scope["mcp_server"] = slug
            return _metadata
        if path in AT_ROOT and settings.MCP_HTTP_SSE and await _has_default(_has_http_sse):
            scope["mcp_server"], scope["mcp_door"] = DEFAULT, path[1:]
            return self._http_sse
        return self._plain(scope) if await self._is_at_root(scope) else self._http

    def _plain(self, scope: Any) -> Any:
        """What serves those who do not speak the protocol: browsers and plain HTTP."""
        door = scope["mcp_door"]
        if door == PAGE or (door == "" and _asks_for_page(scope)):
            return self._page
        return self._sessions if door.partition("/")[0] == SESSIONS else self._rest

    def _name(self, scope: Any) -> bool:
        """Note which server is asked for, and what of it; False for a path that is not ours."""
        path: str = scope["path"]
        if not path.startswith(self._below) and path != self._path:
            return False
        find = self._place if len(path) <= LONGEST_KEPT else self._find_place
        scope["mcp_server"], scope["mcp_door"] = find(path, settings.MCP_REST)
        return True

    def _find_place(self, path: str, has_rest: bool) -> tuple[str, str]:
        """The slug of a path's server, empty for the default one, and the rest of the path."""

        def has(door: str) -> bool:
            return door in self._doors or (has_rest and is_door(door))

        rest = path[len(self._below) :].rstrip("/")
        slug, _, door = rest.partition("/")
        if has(rest):
            return DEFAULT, rest
        return (slug, door) if has(door) else (rest, "")  # else a server that nobody has

    async def _is_at_root(self, scope: Any) -> bool:
        """Whether plain HTTP of the default server is asked for, beside MCP_PATH."""
        root = settings.MCP_REST_ROOT
        if root is None or not settings.MCP_REST:
            return False
        path: str = scope["path"].rstrip("/")
        root = root.rstrip("/")
        door = path[len(root) + 1 :]
        is_door_of_it = path.startswith(f"{root}/") and is_door(door)
        is_root = path == root and (settings.MCP_PAGE or not _asks_for(scope, b"text/html"))
        if not (is_door_of_it or is_root) or not await _has_default(_has_rest):
            return False
        scope["mcp_server"], scope["mcp_door"] = DEFAULT, door
        return True

    async def _connection(self, scope: Any) -> Any:
        """The application of a WebSocket."""
        if self._name(scope):
            return self._tool_socket if scope["mcp_door"].startswith(DOOR) else self._socket
        if await self._is_at_root(scope) and scope["mcp_door"].startswith(DOOR):
            return self._tool_socket
        return self._websocket or _nowhere


async def _metadata(scope: Any, _receive: Any, send: Any) -> None:
    await resource_metadata.show(scope, send, runtime)


def _with_nchan(scope: Any, receive: Any, send: Any) -> tuple[Any, Any, Any]:
    """A request as an application is given it whose stream nginx may hold."""
    offloading = runtime().offloading
    if offloading is None:
        return scope, receive, send
    return offloading.wrap(scope, receive, send)


async def _nowhere(_scope: Any, receive: Any, send: Any) -> None:
    """What a WebSocket finds at an address that takes none."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


def _is_of_session(scope: Any) -> bool:
    """
    Whether a GET of the endpoint comes from a client of 2025-03-26 or later.

    Those name their session (2025-11-25, basic/transports, Backwards Compatibility).
    Without one, a GET for a stream looks for the first event of HTTP with SSE.
    """
    headers = dict(scope["headers"])
    return SESSION_ID in headers or PROTOCOL_VERSION in headers


def _asks_for(scope: Any, kind: bytes) -> bool:
    accepted = (value for name, value in scope["headers"] if name == b"accept")
    return any(kind in value.lower() for value in accepted)


def _asks_for_page(scope: Any) -> bool:
    return settings.MCP_PAGE and scope["method"] == "GET" and _asks_for(scope, b"text/html")


def _has_http_sse(offer: Offer) -> bool:
    return offer.server.is_served_over(HTTP_SSE)


def _has_rest(offer: Offer) -> bool:
    return offer.server.is_served_over(REST)


async def _has_default(suits: Callable[[Offer], bool]) -> bool:
    """Whether there is a default server that suits."""
    try:
        offer = await runtime().directory.find(DEFAULT)
    except DatabaseAway:
        return True  # which the door answers as any other
    return offer is not None and suits(offer)


def _probes() -> dict[str, Probe]:
    """What answers whoever looks after the worker process, by path."""

    async def live(_scope: Any, send: Any) -> None:
        await health.live(send)

    async def ready(_scope: Any, send: Any) -> None:
        await health.ready(send)

    async def metrics(scope: Any, send: Any) -> None:
        await door.show(scope, send, runtime())

    async def hear(scope: Any, send: Any) -> None:
        await runtime().start()
        if (offloading := runtime().offloading) is not None:
            await offloading.hear(scope, send)

    probes = {
        settings.MCP_HEALTH_PATH: live,
        settings.MCP_READY_PATH: ready,
        settings.MCP_METRICS_PATH: metrics,
    }
    if settings.MCP_NCHAN_PUBLISHERS:
        below = settings.MCP_PATH.rstrip("/") + "/_nchan/"
        probes |= {below + ATTACHED: hear, below + LEFT: hear}
    return {path: probe for path, probe in probes.items() if path is not None}


def _door(consumer: Callable[..., Any]) -> Any:
    """
    An application that serves each request with a consumer of its own.

    The consumer's as_asgi() would stand in every open stream as one frame more.
    """

    def serve(scope: Any, receive: Any, send: Any) -> Any:
        return consumer(runtime=runtime)(scope, receive, send)

    return serve


def mcp_application(http: Any, websocket: Any = None) -> McpApplication:
    """
    The site's ASGI application with its MCP endpoints in front.

    ``http`` is what ``get_asgi_application()`` returns; ``websocket`` serves the
    site's own WebSocket connections, if it has any.
    """
    return McpApplication(http, websocket)


def spare_collector() -> None:
    """
    Keep the garbage collector from what is none.

    Looking again and again through what was loaded until now would hold up the
    slowest hundredth of all calls; and calls that wait for their rows together
    are more objects than it waits for by itself. A site that asks it to wait
    longer still, or not to collect, is left as it is.
    """
    gc.collect()
    gc.freeze()
    young, *older = gc.get_threshold()
    if 0 < young < YOUNG:
        gc.set_threshold(YOUNG, *older)


async def _lifespan(receive: Any, send: Any) -> None:
    """Start and stop with the server (ASGI, Lifespan Protocol)."""
    await receive()
    try:
        await runtime().start(is_told_to_stop=True)
    except Exception as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        raise
    spare_collector()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await runtime().stop()
    await send({"type": "lifespan.shutdown.complete"})
