"""``mcp rollup``."""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import CommandError

from mcp_transport.audit import rollups
from mcp_transport.management.subcommands.base import Subcommand


class Rollup(Subcommand):
    """Bring the sums over the record of calls up to date, which worker processes do, too."""

    def run(self, options: dict[str, Any]) -> None:
        """Print how many minutes and hours were summed up; safe at any time."""
        count = rollups.catch_up(f"command-{os.getpid()}")
        if count is None:
            raise CommandError("A worker process is at it; the sums are up to date in a moment.")
        self.stdout.write(f"{count} minutes and hours summed up")
