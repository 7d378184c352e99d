"""``mcp serve``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.module_loading import import_string

from mcp_transport.management.subcommands.base import LARGEST_PORT, Subcommand, whole_number


class Serve(Subcommand):
    """Serve the site's ASGI application."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument(
            "--port",
            type=whole_number(0, LARGEST_PORT),
            default=8000,
            help="port to listen on; 0: any",
        )
        parser.add_argument("--server", choices=("uvicorn", "daphne"), default="uvicorn")
        parser.add_argument(
            "--workers", type=whole_number(1, 1024), help="processes (uvicorn); else MCP_WORKERS"
        )

    def run(self, options: dict[str, Any]) -> None:
        """Serve until told to stop."""
        serve = import_string("mcp_transport.serving.servers.serve")
        serve(options["host"], options["port"], options["server"], options["workers"])
