"""
Injects every fault in full and writes down what was seen.

    python -m tests.faults.report [--jobs 2]

Exits with 1 if something was not as expected.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import django

from tests.cluster import running_cluster
from tests.faults.finding import Finding
from tests.process import PROJECT

PAGE = PROJECT / "docs" / "topics" / "faults.md"
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->"
#: The module, whether it works on PostgreSQL, and its full count.
FULL: tuple[tuple[str, bool, dict[str, Any]], ...] = (
    ("ending", False, {}),
    ("rolling", False, {"calls": 10_000}),
    ("leaving", False, {"cycles": 10_000, "kinds": ["HTTP"]}),
    ("leaving", False, {"cycles": 10_000, "kinds": ["HTTP with SSE"]}),
    ("leaving", False, {"cycles": 10_000, "kinds": ["WebSocket"]}),
    ("stalling", False, {"stall": 30}),
    ("broker_away", True, {"seconds": 60}),
    ("many", True, {}),
)


def inject(module: str, is_on_postgresql: bool, counts: dict[str, Any]) -> list[Finding]:
    """One module in full, in a folder of its own."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    run: Callable[..., Any] = import_module(f"tests.faults.{module}").run
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mcp-faults-")))
        where = [stack.enter_context(running_cluster()).url] if is_on_postgresql else []
        try:
            found: list[Finding] = asyncio.run(run(folder / "site", *where, **counts))
        except Exception as error:  # noqa: BLE001 - the others are to be seen all the same
            found = [_broken(module, error)]
        print(table(found), flush=True)  # noqa: T201 - for who waits for the rest
        return found


def _broken(module: str, error: Exception) -> Finding:
    return Finding(
        fault=module, count="-", expected="a finding", seen=f"{error!r:.200}", is_good=False
    )


def table(found: list[Finding]) -> str:
    """The findings as the page shows them."""
    lines = ["| fault | count | expected | seen |", "|---|---|---|---|"]
    for one in found:
        seen = one.seen if one.is_good else f"**not as expected:** {one.seen}"
        lines.append(f"| {one.fault} | {one.count} | {one.expected} | {seen} |")
    return "\n".join(lines) + "\n"


def write(found: list[Finding]) -> None:
    """Put the table into its page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}{table(found)}{END}{after}", encoding="utf-8")


def main() -> int:
    """Run, print and write; the exit status."""
    parser = argparse.ArgumentParser(description="Inject every fault and write the report.")
    parser.add_argument("--jobs", type=int, default=1, help="modules at the same time")
    jobs = parser.parse_args().jobs
    with ProcessPoolExecutor(jobs) as pool:
        running = [pool.submit(inject, *job) for job in FULL]
        found = [finding for future in running for finding in future.result()]
    write(found)
    print(table(found))  # noqa: T201 - what the command is for
    return 0 if all(finding.is_good for finding in found) else 1


if __name__ == "__main__":
    sys.exit(main())
