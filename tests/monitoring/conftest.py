"""A running site whose requests are looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from mcp_transport.models import Server
from mcp_transport.routing import mcp_application
from mcp_transport.testing.asgi import Http
from mcp_transport.worker.lifespan import current
from tests.client import LegacyClient, ModernClient

OPEN = "/mcp/open"
Fetch = Callable[..., Awaitable[tuple[int, str, dict[bytes, bytes]]]]


class Watched:
    """The site, and clients of it."""

    def __init__(self) -> None:
        self.application = mcp_application(nowhere)
        self.http = Http(self.application)

    def modern(self) -> ModernClient:
        """A client without a session."""
        return ModernClient(self.http, OPEN)

    async def legacy(self) -> LegacyClient:
        """A client with one."""
        return await LegacyClient(self.http, OPEN, "2025-11-25").connect()

    async def get(
        self,
        path: str,
        *headers: tuple[bytes, bytes],
        client: Any = ("127.0.0.1", 1),
        method: str = "GET",
    ) -> tuple[int, str, dict[bytes, bytes]]:
        """What is answered at a path."""
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "path": path, "method": method, "client": client}
        await self.application({**scope, "headers": list(headers)}, None, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], body.decode(), dict(sent[0]["headers"])


async def nowhere(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError(scope["path"])


@pytest.fixture
async def site(
    transactional_db: None, settings: Any
) -> AsyncIterator[Callable[..., Awaitable[Watched]]]:
    """Start the site with some settings."""

    async def start(**values: Any) -> Watched:
        for name, value in values.items():
            setattr(settings, name, value)
        await sync_to_async(Server.objects.create)(slug="open", access="public", offers=["good"])
        return Watched()

    yield start
    if (run := current()) is not None:
        await run.stop()
