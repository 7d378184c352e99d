"""
Injects every fault in full and writes down what was seen.

    python -m tests.faults.report [--jobs 2] [rolling many ...]

With modules named, only those run, and the other lines of the table stay. Exits
with 1 if something was not as expected.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

import django

from tests.cluster import running_cluster
from tests.faults.finding import Finding
from tests.process import PROJECT

PAGE = PROJECT / "docs" / "topics" / "faults.md"
HEAD = ("| fault | count | expected | seen |", "|---|---|---|---|")
BEGIN, END = "<!-- the table begins -->\n", "<!-- the table ends -->"
PART_LIMIT = 2400.0  # seconds that a module may take
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
            injected = run(folder / "site", *where, **counts)
            found: list[Finding] = asyncio.run(asyncio.wait_for(injected, PART_LIMIT))
        except Exception as error:  # noqa: BLE001 - the others are to be seen all the same
            found = [_broken(module, error)]
        print(table(found), flush=True)  # noqa: T201 - for who waits for the rest
        return found


def _broken(module: str, error: Exception) -> Finding:
    return Finding(
        fault=module, count="-", expected="a finding", seen=f"{error!r:.200}", is_good=False
    )


def table(found: list[Finding], before: str = "") -> str:
    """The findings as the page shows them, in the lines that it had before."""
    rows = {line.split(" | ")[0]: line for line in before.splitlines()[2:]}
    for one in found:
        seen = one.seen if one.is_good else f"**not as expected:** {one.seen}"
        rows[f"| {one.fault}"] = f"| {one.fault} | {one.count} | {one.expected} | {seen} |"
    return "\n".join([*HEAD, *rows.values()]) + "\n"


def write(found: list[Finding], *, is_whole: bool) -> None:
    """Put the table, or what has changed in it, into its page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    new = table(found, "" if is_whole else old)
    PAGE.write_text(f"{before}{BEGIN}{new}{END}{after}", encoding="utf-8")


def collect(module: str, running: Future[list[Finding]]) -> list[Finding]:
    """What a module found; a line in its place if its process died."""
    try:
        return running.result()
    except Exception as error:  # noqa: BLE001 - the others are to be seen all the same
        return [_broken(module, error)]


def main() -> int:
    """Run, print and write; the exit status."""
    parser = argparse.ArgumentParser(description="Inject every fault and write the report.")
    parser.add_argument("--jobs", type=int, default=1, help="modules at the same time")
    names = sorted({module for module, *_rest in FULL})
    parser.add_argument("modules", nargs="*", metavar="module", help=", ".join(names))
    wanted = parser.parse_args()
    if unknown := set(wanted.modules) - set(names):
        parser.error(f"{', '.join(unknown)}: there are {', '.join(names)}")
    parts = [job for job in FULL if not wanted.modules or job[0] in wanted.modules]
    with ProcessPoolExecutor(wanted.jobs) as pool:
        running = [(job[0], pool.submit(inject, *job)) for job in parts]
        found = [one for module, future in running for one in collect(module, future)]
    write(found, is_whole=not wanted.modules)
    print(table(found))  # noqa: T201 - what the command is for
    return 0 if all(finding.is_good for finding in found) else 1


if __name__ == "__main__":
    sys.exit(main())
