"""``mcp serve``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils.module_loading import import_string

from mcp_transport.management.subcommands.base import Subcommand


class Serve(Subcommand):
    """Serve the site's ASGI application."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--server", choices=("uvicorn", "daphne"), default="uvicorn")
        parser.add_argument("--workers", type=int, help="processes (uvicorn); else MCP_WORKERS")

    def run(self, options: dict[str, Any]) -> None:
        """Serve until told to stop."""
        serve = import_string("mcp_transport.serving.serve")
        serve(options["host"], options["port"], options["server"], options["workers"])
