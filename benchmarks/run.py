"""
Measures ours beside bare ASGI and beside other servers.

    python -m benchmarks.run                    everything, about an hour
    python -m benchmarks.run --quick            everything, one short round
    python -m benchmarks.run --only echo/ours   a part of the names, or a pattern; and its unit
    python -m benchmarks.run --ci               fails when ours has become slower
    python -m benchmarks.run --ci --record      writes what --ci compares with
    python -m benchmarks.run --publish          puts table and plot into the documentation

The table, the results and a plot go to var/benchmarks/. Missing environments
of other servers are installed on the first run.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cases import CASES, GATE, Case, chosen
from benchmarks.environments import PROJECT, MissingToolError, forget, releases, require
from benchmarks.figures import Line, lines, slower
from benchmarks.measure import Effort
from benchmarks.plot import plot
from benchmarks.processes import cores
from benchmarks.report import conditions, markdown, results
from benchmarks.rounds import Rounds, say

RECORDED = PROJECT / "benchmarks" / "recorded.json"
OUTPUT = PROJECT / "var" / "benchmarks"
PAGE = PROJECT / "docs" / "topics" / "performance.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"  # what --publish puts its table between
FULL, QUICK, CI = (5, 8.0), (1, 2.0), (5, 2.0)  # rounds and seconds


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument("--quick", action="store_true", help="one round of two seconds")
    how_long.add_argument("--ci", action="store_true", help="compare with benchmarks/recorded.json")
    parser.add_argument("--record", action="store_true", help="write benchmarks/recorded.json")
    parser.add_argument("--publish", action="store_true", help="write docs/topics/performance.*")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="see --list")
    parser.add_argument("--list", action="store_true", help="name every case and stop")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--upgrade", action="store_true", help="install the other servers anew")
    parser.add_argument("--output", type=Path, help="folder, instead of one in var/benchmarks")
    return parser.parse_args(arguments)


def effort_of(wanted: argparse.Namespace, load_core: int) -> Effort:
    """How long each case is measured."""
    rounds, seconds = QUICK if wanted.quick else CI if wanted.ci else FULL
    return Effort(
        rounds=wanted.rounds or rounds,
        seconds=wanted.seconds or seconds,
        warm_up=1,
        load_core=load_core,
    )


def measured(cases: Sequence[Case], effort: Effort, core: int) -> tuple[list[Line], Rounds]:
    """Measure in a scratch folder that is removed afterwards."""
    # mkdtemp closes its folder to others, and the cluster runs as another user.
    with tempfile.TemporaryDirectory(prefix="mcp-benchmarks-") as folder:
        Path(folder).chmod(0o755)
        rounds = Rounds(cases, effort, Path(folder), core)
        rounds.run()
    return lines(cases, rounds.figures), rounds


def write(folder: Path, table: str, told: object, picture: str) -> None:
    """Keep the report."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(table, encoding="utf-8")
    (folder / "results.json").write_text(
        json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (folder / "plot.svg").write_text(picture, encoding="utf-8")
    say(f"written to {folder}")


def publish(page: Path, table: str, picture: str) -> None:
    """Put the table and the plot where the documentation shows them."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
    page.with_suffix(".svg").write_text(picture, encoding="utf-8")


def record(measured_lines: Sequence[Line]) -> None:
    """Keep the ratios that later runs are compared with."""
    ratios = {
        line.case.name: round(line.ratio, 2)
        for line in measured_lines
        if line.ratio is not None and line.case.name != line.case.unit
    }
    RECORDED.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")


def too_slow(measured_lines: Sequence[Line]) -> list[str]:
    """The names of what has become slower than it may; each is told."""
    said = slower(measured_lines, json.loads(RECORDED.read_text(encoding="utf-8")))
    for sentence in said.values():
        say(f"slower: {sentence}")
    return list(said)


def gate(measured_lines: Sequence[Line], again: Callable[[list[str]], Sequence[Line]]) -> int:
    """The exit status. What seems slower is measured once more before it is believed."""
    names = too_slow(measured_lines)
    return 1 if names and too_slow(again(names)) else 0


def main() -> int:
    """Measure, report, judge; the exit status."""
    wanted = parse()
    cases = chosen(wanted.only, GATE if wanted.ci else CASES)
    if wanted.list:
        print("\n".join(case.name for case in cases))
        return 0
    if not cases:
        raise SystemExit(f"No case is named like {' or '.join(wanted.only)}; see --list.")
    try:
        require("wrk", "wrk")
        require("taskset", "util-linux")
    except MissingToolError as error:
        raise SystemExit(str(error)) from None
    if wanted.upgrade:
        forget()
    return run(cases, wanted)


def run(cases: Sequence[Case], wanted: argparse.Namespace) -> int:
    """Measure the cases; the exit status."""
    allow_many_connections()
    server_core, load_core = cores()
    effort = effort_of(wanted, load_core)
    measured_lines, rounds = measured(cases, effort, server_core)
    how = conditions(
        rounds=effort.rounds,
        seconds=effort.seconds,
        has_two_cores=server_core != load_core,
        others=[] if wanted.ci else releases(),
    )
    table = markdown(measured_lines, how, rounds.failures)
    told = results(measured_lines, how, rounds.failures, rounds.figures)
    keep(wanted, measured_lines, table, told)
    if not wanted.ci or wanted.record:
        return 0
    return gate(measured_lines, lambda names: measured(chosen(names, GATE), effort, server_core)[0])


def keep(
    wanted: argparse.Namespace, measured_lines: Sequence[Line], table: str, told: object
) -> None:
    """Print the table, and write all that is to be written."""
    picture = plot(measured_lines)
    write(wanted.output or OUTPUT / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}", table, told, picture)
    print(table)
    if wanted.publish:
        publish(PAGE, table, picture)
    if wanted.record:
        record(measured_lines)


def allow_many_connections() -> None:
    """Raise the limit on open files, for this process and those it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
