"""
Runs the official conformance suite against a running server.

    run_conformance.sh http://127.0.0.1:8000/mcp/conformance 2025-11-25

Every scenario of the revision is run, or those that are named after it. The
first line of output is "N passed, N failed", counting checks; then each
failing check, each warning, and how many of the scenarios that the revision
requires passed. The exit status is 0 when nothing failed, 1 when a check or a
required scenario did, 2 when the suite could not run.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import node
from suite import Check, Suite

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
COULD_NOT_RUN = 2


def cache() -> Path:
    """Where Node and the suite are kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    project = Path(__file__).resolve().parents[2]
    return (Path(root) if root else project / "var" / "cache") / "mcp-conformance"


def parse(arguments: list[str]) -> argparse.Namespace:
    """What is to be run."""
    parser = argparse.ArgumentParser(prog="run_conformance.sh")
    parser.add_argument("url")
    parser.add_argument("revision", choices=REVISIONS)
    parser.add_argument("scenario", nargs="*", help="only these scenarios")
    return parser.parse_args(arguments)


def is_answering(url: str) -> bool:
    """Whether something listens at the URL's host and port."""
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=5):
            return True
    except OSError:
        return False


def of_status(checks: list[Check], status: str) -> list[Check]:
    """The checks with a status."""
    return [check for check in checks if check.status == status]


def print_report(checks: list[Check]) -> None:
    """The count, then what did not pass."""
    failed, warnings = of_status(checks, "FAILURE"), of_status(checks, "WARNING")
    print(f"{len(of_status(checks, 'SUCCESS'))} passed, {len(failed)} failed")
    for check in failed:
        print(f"FAIL  {check.scenario}: {check.name}: {check.message}")
    for check in warnings:
        print(f"WARN  {check.scenario}: {check.name}: {check.message}")


def count_required(required: list[str], checks: list[Check]) -> bool:
    """Print how many required scenarios passed; whether all did."""
    failed = {check.scenario for check in of_status(checks, "FAILURE")}
    # A scenario in which nothing was checked has shown nothing.
    shown = {check.scenario for check in of_status(checks, "SUCCESS")}
    missing = [name for name in required if name in failed or name not in shown]
    if required:
        print(f"required scenarios: {len(required) - len(missing)} of {len(required)}")
    if missing:
        print(f"not passed: {' '.join(missing)}")
    return not missing


def main(arguments: list[str]) -> int:
    """Run the suite; the exit status."""
    wanted = parse(arguments)
    if not is_answering(wanted.url):
        print(f"nothing answers at {wanted.url}", file=sys.stderr)
        return COULD_NOT_RUN
    try:
        suite = Suite.install(node.find(cache()), cache())
        scenarios = wanted.scenario or suite.scenarios(wanted.revision)
    except subprocess.CalledProcessError as error:
        print(f"the suite could not be installed: {error}", file=sys.stderr)
        return COULD_NOT_RUN
    checks = suite.run(wanted.url, wanted.revision, scenarios)
    print_report(checks)
    required = [] if wanted.scenario else suite.required(wanted.revision)
    is_complete = count_required(required, checks)
    return 0 if is_complete and not of_status(checks, "FAILURE") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
