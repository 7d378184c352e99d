"""``mcp tools`` and ``mcp call``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.incoming import Incoming
from mcp_transport.management.subcommands import asking
from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.models import Server


class Tools(Subcommand):
    """List the tools of a server, or of every server that is enabled."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("server", nargs="?", help="the server's slug")
        asking.add_user_argument(parser)

    def run(self, options: dict[str, Any]) -> None:
        """Print one line for each."""
        enabled = Server.objects.filter(is_enabled=True).values_list("slug", flat=True)
        slugs = [options["server"]] if options["server"] else list(enabled)
        rows = asyncio.run(tool_rows(slugs, asking.asker(options["user"])))
        self.write_table(("SERVER", "TOOL", "READ-ONLY", "PERMISSION", "DESCRIPTION"), rows)


async def tool_rows(slugs: Sequence[str], principal: Principal) -> list[Sequence[object]]:
    """What the table of tools shows."""
    async with asking.working_engine() as process:
        offers = [await asking.find_offer(process, slug, principal) for slug in slugs]
    return [
        (
            offer.server.slug,
            tool.name,
            tool.is_read_only,
            tool.permission,
            first_line(tool.wire.get("description", "")),
        )
        for offer in offers
        for tool in offer.catalog.visible("tool", principal)
    ]


def first_line(text: str) -> str:
    """The first line of a description."""
    return text.partition("\n")[0]


class Call(Subcommand):
    """Call a tool and print its result."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("server", help="the server's slug")
        parser.add_argument("tool", help="the tool's name")
        parser.add_argument(
            "arguments",
            nargs="*",
            metavar="key=value",
            help="an argument as text, or as JSON: key:=json; options go before the server",
        )
        parser.add_argument(
            "--args", dest="json_arguments", metavar="JSON", default="{}", help="all of them"
        )
        parser.add_argument("--json", action="store_true", help="print the whole result as JSON")
        asking.add_user_argument(parser)

    def run(self, options: dict[str, Any]) -> None:
        """Call the tool; what it says before its result goes to standard error."""
        params = {"name": options["tool"], "arguments": read_arguments(options)}
        result = asyncio.run(self.call(options["server"], params, asking.asker(options["user"])))
        text = json.dumps(result, indent=2) if options["json"] else "\n".join(readable(result))
        if result.get("isError"):
            raise CommandError(text)
        self.stdout.write(text)

    async def call(self, slug: str, params: dict[str, Any], principal: Principal) -> dict[str, Any]:
        """Send the request through the engine."""
        async with asking.working_engine() as process:
            incoming = partial(
                Incoming,
                offer=await asking.find_offer(process, slug, principal),
                principal=principal,
                transport="command",
                headers={},
                has_routing_headers=False,
                is_still_welcome=asking.always_welcome,
            )
            return await asking.ask(process, incoming, "tools/call", params, self.on_notification)

    def on_notification(self, message: dict[str, Any]) -> None:
        """Show progress and log messages as they come."""
        params = message.get("params", {})
        if message["method"] == "notifications/progress":
            total = f"/{params['total']}" if "total" in params else ""
            self.remark(f"{params['progress']}{total} {params.get('message', '')}".rstrip())
        elif message["method"] == "notifications/message":
            self.remark(f"{params['level']}: {params['data']}")


def read_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The call's arguments: those of --args, then each given by itself."""
    arguments = read_json(options["json_arguments"], "--args")
    if not isinstance(arguments, dict):
        raise CommandError('--args is a JSON object: \'{"text": "hello"}\'.')
    return {**arguments, **dict(map(read_argument, options["arguments"]))}


def read_argument(word: str) -> tuple[str, Any]:
    """``key=text`` or ``key:=json``."""
    name, equals, value = word.partition("=")
    if not equals or not name.strip(":"):
        raise CommandError(f"{word!r} is not an argument; write key=value, or key:=json.")
    if name.endswith(":"):
        return name[:-1], read_json(value, name[:-1])
    return name, value


def read_json(text: str, name: str) -> Any:
    """Decode what the operator typed. Raises CommandError."""
    try:
        return json.loads(text)
    except ValueError as exc:
        raise CommandError(f"{name} is not JSON: {exc}.") from None


def readable(result: dict[str, Any]) -> Iterator[str]:
    """The texts of a result as they are, and everything else as JSON."""
    for block in result.get("content", ()):
        yield block["text"] if block["type"] == "text" else json.dumps(block)
