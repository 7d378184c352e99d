"""``mcp serve``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser

from mcp_transport.conf import settings
from mcp_transport.management.subcommands.base import LARGEST_PORT, Subcommand, whole_number
from mcp_transport.serving import servers


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
        """Serve until told to stop. Raises CommandError for what is not there to serve with."""
        server = options["server"]
        try:
            servers.application_path()
            import_module(server)
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        except ImportError as error:
            extra = "server" if server == "uvicorn" else server
            raise CommandError(
                f"{error.name} is missing: install django-mcp-transport with the extra {extra!r}."
            ) from None
        # Said here: a site's LOGGING seldom lets through what the server says of itself.
        if options["port"]:
            host = f"[{options['host']}]" if ":" in options["host"] else options["host"]
            address = f"http://{host}:{options['port']}{settings.MCP_PATH}"
            self.remark(f"Serving on {address}/<server>; `mcp servers` lists them. Ctrl-C ends it.")
        servers.serve(options["host"], options["port"], server, options["workers"])
