"""``mcp tools``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from django.core.management.base import CommandError, CommandParser

from mcp_transport.auth.principal import Principal
from mcp_transport.engine.catalog import Offered
from mcp_transport.management.subcommands import asking
from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.models import Server


class Tools(Subcommand):
    """List the tools of a server, or of every server that is enabled."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("server", nargs="?", help="the server's slug")
        parser.add_argument("tool", nargs="?", help="show this tool and its arguments")
        parser.add_argument("--json", action="store_true", help="print them as JSON")
        asking.add_user_argument(parser)

    def run(self, options: dict[str, Any]) -> None:
        """Print one line for each, or one tool by itself."""
        enabled = Server.objects.filter(is_enabled=True).values_list("slug", flat=True)
        slugs = [options["server"]] if options["server"] else list(enabled)
        found = asyncio.run(visible_tools(slugs, asking.asker(options["user"])))
        if options["tool"]:
            found = [(slug, tool) for slug, tool in found if tool.name == options["tool"]]
            if not found:
                raise CommandError(
                    f"There is no tool {options['tool']!r}; `mcp tools {slugs[0]}` lists them."
                )
        if options["json"]:
            self.stdout.write(json.dumps([as_json(slug, tool) for slug, tool in found], indent=2))
        elif options["tool"]:
            self.write_tool(found[0][1])
        else:
            self.write_tools(found)

    def write_tools(self, found: Sequence[tuple[str, Offered]]) -> None:
        """Print one line for each tool."""
        self.write_table(
            ("SERVER", "TOOL", "READ-ONLY", "PERMISSION", "DESCRIPTION"),
            [
                (
                    slug,
                    tool.name,
                    tool.is_read_only,
                    tool.permission,
                    first_line(tool.wire.get("description", "")),
                )
                for slug, tool in found
            ],
        )

    def write_tool(self, tool: Offered) -> None:
        """Print what a tool says of itself, and its arguments."""
        title = tool.wire.get("title")
        self.stdout.write(
            self.style.MIGRATE_HEADING(f"{tool.name}: {title}" if title else tool.name)
        )
        if description := tool.wire.get("description"):
            self.stdout.write(f"\n{description}\n")
        arguments = list(argument_rows(wire_of(tool).get("inputSchema", {})))
        if arguments:
            self.stdout.write("")
            self.write_table(("ARGUMENT", "TYPE", "REQUIRED", "DESCRIPTION"), arguments)


async def visible_tools(slugs: Sequence[str], principal: Principal) -> list[tuple[str, Offered]]:
    """The servers' tools that the principal may use, each with its server."""
    async with asking.working_engine() as process:
        offers = [await asking.find_offer(process, slug, principal) for slug in slugs]
    return [
        (offer.server.slug, tool)
        for offer in offers
        for tool in offer.catalog.visible("tool", principal)
    ]


def first_line(text: str) -> str:
    """The first line of a description."""
    return text.partition("\n")[0]


def wire_of(tool: Offered) -> dict[str, Any]:
    """A tool as clients see it, in plain values."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(tool.wire))
    return plain


def as_json(slug: str, tool: Offered) -> dict[str, Any]:
    """A tool for a machine: what clients see, and what only the site knows."""
    return {
        "server": slug,
        "name": tool.name,
        "readOnly": tool.is_read_only,
        "permission": tool.permission,
        "tool": wire_of(tool),
    }


def argument_rows(schema: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    """What the table of arguments shows."""
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        yield name, kind_of(field), name in required, first_line(field.get("description", ""))


def kind_of(field: dict[str, Any]) -> str:
    """The type of an argument, in a few words."""
    if "enum" in field:
        return " | ".join(json.dumps(value) for value in field["enum"])
    if "anyOf" in field:
        return " | ".join(kind_of(option) for option in field["anyOf"])
    kind = str(field.get("type") or field.get("$ref", "any").rpartition("/")[2])
    default = f" = {json.dumps(field['default'])}" if "default" in field else ""
    return f"{kind_of(field['items'])}[]{default}" if "items" in field else f"{kind}{default}"
