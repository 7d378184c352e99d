"""
Requests of the command line to the engine, in the command's own process.

They go the way of every request, so what is called is checked, limited and
recorded as it is for a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
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
from mcp_transport.protocol.errors import MissingClientCapability
from mcp_transport.protocol.revisions import R2026_07_28
from mcp_transport.protocol.routing import (
    CLIENT_CAPABILITIES,
    CLIENT_INFO,
    LOG_LEVEL,
    PROTOCOL_VERSION,
)

REQUEST_ID = 1

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the engine, and what its asker can be asked in turn."""

    method: str
    params: Message
    capabilities: Message

    def body(self) -> Message:
        """The request of a stateless client that wants to hear everything."""
        meta = {
            PROTOCOL_VERSION: R2026_07_28.name,
            CLIENT_CAPABILITIES: self.capabilities,
            CLIENT_INFO: {"name": "manage.py mcp", "version": "1"},
            LOG_LEVEL: "info",
            "progressToken": REQUEST_ID,
        }
        params = {**self.params, "_meta": meta}
        return {"jsonrpc": "2.0", "id": REQUEST_ID, "method": self.method, "params": params}


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
async def working_engine(**how: bool) -> AsyncIterator[Any]:
    """The process's runtime, started and stopped around some requests; see Runtime.start()."""
    process = import_string("mcp_transport.worker.lifespan.runtime")()
    await process.start(**how)
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


@contextmanager
def engine_at_hand() -> Iterator[tuple[asyncio.Runner, Any]]:
    """The same between calls that wait for somebody: a loop to run them on, and the runtime."""
    with asyncio.Runner() as runner:
        working = working_engine()
        process = runner.run(working.__aenter__())
        try:
            yield runner, process
        finally:
            runner.run(working.__aexit__(None, None, None))


def incoming(offer: Offer, principal: Principal, question: Question) -> Incoming:
    """A question as the engine takes it from a transport."""
    return Incoming(
        offer=offer,
        principal=principal,
        transport="command",
        body=question.body(),
        headers={},
        has_routing_headers=False,
    )


async def ask(
    process: Any, incoming: Incoming, on_notification: Callable[[Message], None]
) -> Message:
    """Send one request; its result. Raises CommandError with the message of an error."""
    listener = Listener(on_notification)
    outcome = await process.engine.receive(incoming, listener)
    if isinstance(outcome, Reply):
        listener.take(outcome.body)
    answer = listener.answer or {}
    if "result" not in answer:
        raise CommandError(explained(answer.get("error", {"message": "There was no answer."})))
    result: Message = answer["result"]
    return result


def explained(error: Message) -> str:
    """What an error says, and what the operator can do about it."""
    if error.get("code") == MissingClientCapability.code:
        return f"{error['message']} Run the command in a terminal, or answer with --answer."
    return str(error["message"])
