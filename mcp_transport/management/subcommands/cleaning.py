"""``mcp clean``."""

from __future__ import annotations

from typing import Any

from mcp_transport.management.subcommands.base import Subcommand
from mcp_transport.worker import cleanup


class Clean(Subcommand):
    """Expire idle sessions and delete what nobody can ask for any more."""

    def run(self, options: dict[str, Any]) -> None:
        """Print how much of each; meant for a daily cron job, safe at any time."""
        for deed, count in cleanup.clean().items():
            self.stdout.write(f"{count} {deed}")
