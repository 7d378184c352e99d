"""
Requests of the command line to the engine, in the command's own process.

They go the way of every request, so what is called is checked, limited and
recorded as it is for a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser
from django.utils.module_loading import import_string

from mcp_transport.auth.errors import AuthenticationError
from mcp_transport.auth.permissions import may_use_server
from mcp_transport.auth.principal import OPERATOR, Principal, principal_of
from mcp_transport.engine.directory import Offer
from mcp_transport.engine.incoming import Incoming, Reply, Responder
from mcp_transport.management.subcommands.tokens import user_named
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
)

REQUEST_ID = 1
META = {
    PROTOCOL_VERSION: R2026_07_28.name,
    CLIENT_CAPABILITIES: {},  # nobody is there to be asked
    CLIENT_INFO: {"name": "manage.py mcp", "version": "1"},
    LOG_LEVEL: "info",
    "progressToken": REQUEST_ID,
}

Message = dict[str, Any]


class Listener(Responder):
    """Hands on what comes before the result, and keeps the result."""

    accepts_stream = True
    accepts_json = True

    def __init__(self, on_notification: Callable[[Message], None]) -> None:
        self.is_open = False
        self.answer: Message | None = None
        self._on_notification = on_notification

    async def open(self) -> None:
        """Commit to a stream, which costs nothing here."""
        self.is_open = True

    async def write(self, message: bytes, event_id: str | None = None) -> None:
        """Take one message."""
        self.is_open = True
        self.take(message)

    async def retry(self, milliseconds: int) -> None:
        """Nobody connects again."""

    async def gone(self) -> None:
        """Wait for ever: the client is this process."""
        await asyncio.get_running_loop().create_future()

    def take(self, message: bytes) -> None:
        """Tell the answer from what comes before it."""
        value: Message = msgspec.json.decode(message)
        if "method" in value:
            self._on_notification(value)
        else:
            self.answer = value


def add_user_argument(parser: CommandParser) -> None:
    """Let the operator ask as somebody else."""
    parser.add_argument("--user", help="ask as this user instead of as the operator")


def asker(username: str | None) -> Principal:
    """Who asks: the operator, who may do everything, or a user."""
    return principal_of(user_named(username)) if username else OPERATOR


@asynccontextmanager
async def working_engine() -> AsyncIterator[Any]:
    """The process's runtime, started and stopped around some requests."""
    process = import_string("mcp_transport.lifespan.runtime")()
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def find_offer(process: Any, slug: str, principal: Principal) -> Offer:
    """A server and what it offers. Raises CommandError when there is none for the principal."""
    offer: Offer | None = await process.engine.services.directory.find(slug)
    if offer is None:
        raise CommandError(f"There is no enabled server {slug!r}; `mcp servers` lists them.")
    try:
        may_use_server(principal, offer.server)
    except AuthenticationError as exc:
        raise CommandError(exc.message) from None
    return offer


async def ask(
    process: Any,
    incoming: Callable[..., Incoming],
    method: str,
    params: Message,
    on_notification: Callable[[Message], None],
) -> Message:
    """Send one request; its result. Raises CommandError with the message of an error."""
    listener = Listener(on_notification)
    body = {
        "jsonrpc": "2.0",
        "id": REQUEST_ID,
        "method": method,
        "params": {**params, "_meta": META},
    }
    outcome = await process.engine.receive(incoming(body=body), listener)
    if isinstance(outcome, Reply):
        listener.take(outcome.body)
    answer = listener.answer or {}
    if "result" not in answer:
        raise CommandError(answer.get("error", {}).get("message", "There was no answer."))
    result: Message = answer["result"]
    return result


async def always_welcome() -> bool:
    """Whoever runs the command may go on."""
    return True
