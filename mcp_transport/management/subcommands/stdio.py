"""``mcp stdio``."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from typing import Any

from django.core.management.base import CommandParser

from mcp_transport.auth.opening import reload
from mcp_transport.auth.principal import Principal
from mcp_transport.conf import settings
from mcp_transport.management.subcommands import asking
from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.transports.stdio import Pipes, StdioServer, claim


class Stdio(Subcommand):
    """Serve a server to the program that has started this command."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("server", help="the server's slug")
        parser.add_argument("--user", help="serve this user instead of the operator")

    def run(self, options: dict[str, Any]) -> None:
        """Serve until standard input ends, or a signal comes."""
        pipes = claim()
        asyncio.run(serve(options["server"], asking.asker(options["user"]), pipes))


class Caller:
    """Who is served: the operator, or a user with the rights of the moment."""

    def __init__(self, principal: Principal, process: Any) -> None:
        self._principal = principal
        self._rows = process.rows
        self._read_at = time.monotonic()

    async def __call__(self) -> Principal:
        """See auth.opening.Who."""
        is_user = self._principal.user.pk is not None
        if is_user and time.monotonic() - self._read_at > settings.MCP_ROW_CACHE_SECONDS:
            self._principal = await self._rows.read(reload, self._principal)
            self._read_at = time.monotonic()
        return self._principal


async def serve(slug: str, principal: Principal, pipes: Pipes) -> None:
    """Serve over pipes. Raises CommandError for a server that is not there for the principal."""
    async with asking.working_engine(is_told_to_stop=True) as process:
        await asking.find_offer(process, slug, principal)
        server = StdioServer(process, slug, Caller(principal, process), pipes)
        stop_on_signals(server)
        await server.serve()


def stop_on_signals(server: StdioServer) -> None:
    """End as at the end of standard input; a client that waits for that may send a signal."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, server.stop)
