"""
What a site puts in front of its Django application.

    application = mcp_application(get_asgi_application())

Requests below MCP_PATH go to the endpoints without passing Django's handler
and middleware; everything else goes where it went before.
"""

from __future__ import annotations

from typing import Any

from mcp_transport.conf import settings
from mcp_transport.lifespan import runtime
from mcp_transport.transports.streamable_http import StreamableHttpConsumer


class McpApplication:
    """An ASGI application: endpoints first, then the site."""

    def __init__(self, http: Any, websocket: Any = None) -> None:
        self._http = http
        self._websocket = websocket
        self._path = settings.MCP_PATH.rstrip("/")
        self._below = self._path + "/"
        self._endpoint = StreamableHttpConsumer.as_asgi(runtime=runtime)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a connection to whom it belongs."""
        kind = scope["type"]
        if kind == "http":
            path: str = scope["path"]
            if path.startswith(self._below) or path == self._path:
                scope["mcp_server"] = path[len(self._below) :].rstrip("/")
                await self._endpoint(scope, receive, send)
            else:
                await self._http(scope, receive, send)
        elif kind == "lifespan":
            await _lifespan(receive, send)
        else:
            await self._connect(scope, receive, send)

    async def _connect(self, scope: Any, receive: Any, send: Any) -> None:
        if self._websocket is not None:
            await self._websocket(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 4404})


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
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await runtime().stop()
    await send({"type": "lifespan.shutdown.complete"})
