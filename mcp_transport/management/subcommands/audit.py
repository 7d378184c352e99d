"""``mcp audit verify``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mcp_transport.audit.verification import ChainReport, verify, verify_all
from mcp_transport.management.subcommands.base import Subcommand


class Audit(Subcommand):
    """Find out whether the record of calls is whole."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="action")
        verifying = actions.add_parser("verify", help="follow every chain; fails if one is broken")
        verifying.add_argument("worker", nargs="*", help="of these worker processes alone")
        verifying.add_argument("--json", action="store_true", help="print the reports as JSON")

    def run(self, options: dict[str, Any]) -> None:
        """Print one line, or one object, for each worker process."""
        workers = options["worker"]
        reports = [verify(worker) for worker in workers] if workers else list(verify_all())
        for report in reports:
            if not (report.rows or report.checkpoints or report.broken):
                raise CommandError(
                    f"Nothing is recorded of {report.worker!r}; "
                    "`mcp audit verify` alone lists every chain."
                )
        if options["json"]:
            self.stdout.write(json.dumps([asdict(report) for report in reports], indent=2))
        else:
            self.write_table(
                ("WORKER", "ROWS", "FIRST", "LAST", "CHECKPOINTS", "VOUCHED FOR", "BROKEN"),
                map(cells, reports),
            )
        broken = sum(report.broken is not None for report in reports)
        if broken:
            raise CommandError(f"{broken} of {len(reports)} chains are broken.")


def cells(report: ChainReport) -> tuple[object, ...]:
    """What the table says of a chain."""
    found = report.broken
    return (
        report.worker,
        report.rows,
        report.first,
        report.last,
        report.checkpoints,
        f"up to {report.vouched_for}",
        f"at {found.sequence}: {found.reason}" if found else None,
    )
