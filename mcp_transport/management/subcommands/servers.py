"""``mcp servers``."""

from __future__ import annotations

from typing import Any

from mcp_transport.conf import settings
from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.models import Server


class Servers(Subcommand):
    """List the servers, where they are and who may use them."""

    def run(self, options: dict[str, Any]) -> None:
        """Print one line for each."""
        self.write_table(
            ("PATH", "TITLE", "ACCESS", "ENABLED", "DEFAULT", "OFFERS"),
            [
                (
                    f"{settings.MCP_PATH}/{server.slug}",
                    server.title,
                    server.permission if server.access == "permission" else server.access,
                    server.is_enabled,
                    server.is_default,
                    ", ".join(server.offers),
                )
                for server in Server.objects.all()
            ],
        )
