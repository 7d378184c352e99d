"""``manage.py mcp <sub-command>``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mcp_transport.management.subcommands import SUBCOMMANDS


class Command(BaseCommand):
    """Hands over to one of the sub-commands."""

    help = "Serve, inspect and look after the site's MCP servers."

    def add_arguments(self, parser: CommandParser) -> None:
        """Give every sub-command a parser of its own."""
        parsers = parser.add_subparsers(dest="subcommand", required=True, metavar="sub-command")
        for name, subcommand in SUBCOMMANDS.items():
            # Without docstrings, as under -OO, a sub-command has no help and works.
            summary = (subcommand.__doc__ or "").strip().partition("\n")[0]
            subcommand.add_arguments(parsers.add_parser(name, help=summary, description=summary))

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the sub-command that was named."""
        subcommand = SUBCOMMANDS[options["subcommand"]]
        subcommand(self.stdout, self.stderr, self.style).run(options)
