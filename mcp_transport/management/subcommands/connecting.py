"""``mcp connect``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser

from mcp_transport.management.subcommands.base import Subcommand, importing_clients
from mcp_transport.transports.stdio import Pipes, claim


class Connect(Subcommand):
    """Bring a remote server to the program that has started this command."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("url", help="an endpoint, such as https://shop.example/mcp/shop")
        parser.add_argument("--token", help="a bearer token; else the variable MCP_TOKEN")

    def run(self, options: dict[str, Any]) -> None:
        """Relay until standard input ends, or a signal comes."""
        url, token = options["url"], options["token"] or os.environ.get("MCP_TOKEN", "")
        if not is_endpoint(url):
            raise CommandError(
                f"{url!r} is no endpoint; write it as https://shop.example/mcp/shop."
            )
        relaying, visiting = importing_clients("relay", "doctor.visit")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        client = relaying.httpx.AsyncClient(
            headers=headers,
            verify=visiting.tls_context(),
            limits=relaying.httpx.Limits(max_connections=None),
        )
        asyncio.run(relay(relaying.Relay, client, url, claim()))


def is_endpoint(url: str) -> bool:
    """Whether an address can be that of a server."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False


async def relay(make: Any, client: Any, url: str, pipes: Pipes) -> None:
    """Pass every line on, until there are no more or a signal comes."""
    async with client:
        conversation = make(client, url, pipes.write)
        reading = asyncio.ensure_future(read(pipes, conversation))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, reading.cancel)
        with contextlib.suppress(asyncio.CancelledError, BrokenPipeError):
            await reading
        await conversation.close()


async def read(pipes: Pipes, conversation: Any) -> None:
    """Hand each line over."""
    async for line in pipes.lines():
        if line is None or line.strip():
            await conversation.take(line)
