"""An application behind the protocols that the site gives to uvicorn."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from mcp_transport.serving.uvicorn_protocols import LimitedHttp, LimitedSocket


@asynccontextmanager
async def serving(
    application: Any, state: ServerState, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve on a free port, which is given, until the block ends."""
    config = Config(
        application,
        access_log=False,
        log_config=None,
        ws=LimitedSocket,
        ws_per_message_deflate=True,
    )
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: LimitedHttp(config, state, {}), "127.0.0.1", 0, ssl=tls
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the transports close their sockets
