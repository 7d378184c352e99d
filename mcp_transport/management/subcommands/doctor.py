"""``mcp doctor``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from mcp_transport.management.doctor.finding import Finding, Status
from mcp_transport.management.subcommands.base import Subcommand, importing_clients, seconds, shown

NAME_WIDTH = 11
STATUS_WIDTH = 7


class Doctor(Subcommand):
    """Try a running site from outside, step by step, and say what to mend."""

    @classmethod
    def add_arguments(cls, parser: CommandParser) -> None:
        """Declare the arguments."""
        parser.add_argument("url", help="an endpoint, such as https://shop.example/mcp/shop")
        parser.add_argument("--token", help="a bearer token; else the variable MCP_TOKEN")
        parser.add_argument("--origin", default="", help="a page's origin that is to call")
        parser.add_argument(
            "--timeout", type=seconds, default=5.0, help="seconds each answer may take (5)"
        )
        parser.add_argument(
            "--patience",
            type=seconds,
            default=20.0,
            help="seconds to wait for a sign of life on a silent stream (20); 0 leaves that out",
        )
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def run(self, options: dict[str, Any]) -> None:
        """Print each finding when it is made; fail when one of them has."""
        findings = []
        if not options["json"]:
            self.stdout.write(f"{shown(options['url'])}\n\n")
        for finding in examined(options):
            findings.append(finding)
            if not options["json"]:
                self.write(finding)
        if options["json"]:
            self.stdout.write(json.dumps([as_json(finding) for finding in findings], indent=2))
        else:
            self.stdout.write(f"\n{summary(findings)}")
        self.conclude(findings)

    def write(self, finding: Finding) -> None:
        """Print one finding, and below it what to do."""
        status = finding.verdict.status
        mark = self.paint(status, f"{status:<{STATUS_WIDTH}}")
        says = shown(finding.verdict.says)
        self.stdout.write(f"{mark}  {finding.step:<{NAME_WIDTH}}  {says}")
        if finding.verdict.remedy:
            indent = " " * (STATUS_WIDTH + NAME_WIDTH + 4)
            self.stdout.write(f"{indent}→ {finding.verdict.remedy}")
        self.stdout.flush()

    def paint(self, status: Status, text: str) -> str:
        """A status in its colour, where the terminal has any."""
        paints = {
            Status.OK: self.style.SUCCESS,
            Status.WARNING: self.style.WARNING,
            Status.FAILED: self.style.ERROR,
        }
        return paints[status](text) if status in paints else text

    def conclude(self, findings: list[Finding]) -> None:
        """Raises CommandError when something has failed: exit status 1."""
        wrong = [f.step for f in findings if f.verdict.status is Status.FAILED]
        if wrong:
            raise CommandError(f"Failed: {', '.join(wrong)}.")


def examined(options: dict[str, Any]) -> Iterator[Finding]:
    """Every finding, as it is made. Raises CommandError without the client library."""
    examination, visiting = importing_clients("doctor.examination", "doctor.visit")
    visit = visiting.Visit(
        options["url"],
        token=options["token"] or os.environ.get("MCP_TOKEN", ""),
        origin=options["origin"].rstrip("/"),
        timeout=options["timeout"],
        patience=options["patience"],
    )
    try:
        yield from examination.examine(visit)
    finally:
        visit.close()


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding for a machine."""
    return {
        "step": finding.step,
        "status": str(finding.verdict.status),
        "says": finding.verdict.says,
        "remedy": finding.verdict.remedy,
        "seconds": round(finding.seconds, 3),
    }


def summary(findings: list[Finding]) -> str:
    """How many steps ended in which way."""
    counts = {status: sum(f.verdict.status is status for f in findings) for status in Status}
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count)
