"""``mcp sessions``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from mcp_transport.management.subcommands.base import Subcommand, whole_number
from mcp_transport.models import Session

LIMIT = 100


class Sessions(Subcommand):
    """List the sessions that are open, the latest first."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--all", action="store_true", help="closed sessions, too")
        parser.add_argument(
            "--limit", type=whole_number(1, 1_000_000), default=LIMIT, help="at most so many"
        )

    def run(self, options: dict[str, Any]) -> None:
        """Print one line for each."""
        sessions = Session.objects.all() if options["all"] else Session.objects.open()
        self.write_table(
            # Eight characters: the whole id is half of what is needed to take a session over.
            ("SESSION", "SERVER", "OWNER", "CLIENT", "REVISION", "LAST SEEN", "CLOSED"),
            [
                (
                    f"{session.pk[:8]}…",
                    session.server.slug,
                    session.user or session.owner,
                    f"{session.client_name} {session.client_version}".strip(),
                    session.revision,
                    session.last_seen_at,
                    session.close_reason or session.closed_at,
                )
                for session in sessions.select_related("server", "user")[: options["limit"]]
            ],
        )
