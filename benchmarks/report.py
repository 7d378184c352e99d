"""The table and the results file. Pure but for the versions it asks for."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from benchmarks.cases import WHAT, Case
from benchmarks.figures import Line
from benchmarks.targets import TARGETS

HEADINGS = {
    "echo": "A tool call that answers what it was told",
    "cycle": "A session: initialize, initialized, DELETE",
    "idle": "Streams on which nothing happens",
    "fanout": "One change, told to every stream",
}
COLUMNS = {
    "echo": ("server", "call", "connections", "CPU µs", "× unit", "aim", "", "requests/s", "p50 ms",
             "p99 ms"),
    "cycle": ("server", "call", "connections", "CPU µs", "", "aim", "", "sessions/s", "p50 ms",
              "p99 ms"),
    "idle": ("server", "stream", "streams", "kB a stream", "", "aim", ""),
    "fanout": ("server", "stream", "streams", "CPU µs a message", "", "aim", "", "messages/s",
               "last receiver ms", "slowest ms"),
}  # fmt: skip
DOUBT = "The generator was nearly as busy as the server, or there were errors."
OURS = ("channels", "django", "msgspec", "pydantic", "uvicorn", "uvloop", "daphne")
STREAMS = {
    "modern": "subscriptions/listen",
    "legacy": "GET of a session",
    "socket": "subscriptions/listen, WebSocket",
}
NUMBER = re.compile(r"[\d,.]*%?")
ERAS = {"modern": "2026-07-28", "legacy": "2025-11-25", "socket": "2026-07-28, WebSocket"}
Rows = Sequence[Sequence[str]]


def title(case: Case) -> str:
    """What is called, in words."""
    if case.kind in ("idle", "fanout"):
        return STREAMS[case.era]
    if case.target.startswith("bare"):
        return "a fixed answer"
    if case.kind == "cycle":
        return "2025-11-25"
    era = ERAS[case.era]
    tools = {"echo": "async tool", "echo_in_thread": "sync tool", "owner": "sync tool, one query"}
    return f"{era}, {tools[case.tool]}"


def aim_of(line: Line) -> str:
    """The aim in words, with the latency that belongs to it."""
    aim = line.case.aim
    if aim is None:
        return ""
    value = f"≤ {aim.value:g}" + (" ×" if aim.unit else "")
    return value + (f", {aim.milliseconds:g} ms" if aim.milliseconds is not None else "")


def verdict(line: Line) -> str:
    """Whether the aim is met."""
    words = {None: "", True: "met", False: "**missed**"}
    return words[line.is_met] + (" (?)" if line.is_doubtful else "")


def cells(line: Line) -> list[str]:
    """A row of the table."""
    figures = line.figures
    row = [TARGETS[line.case.target].title, title(line.case), str(line.case.count)]
    row += [f"{figures.cost:.1f}", f"{line.ratio:.2f}" if line.ratio is not None else ""]
    row += [aim_of(line), verdict(line)]
    if line.case.kind == "idle":
        return row
    return [*row, f"{figures.rate:,.0f}", f"{figures.p50:.2f}", f"{figures.p99:.2f}"]


def without_empty_columns(rows: Rows) -> list[list[str]]:
    """Leave out what no row says anything in; the first row is the heading."""
    kept = [index for index in range(len(rows[0])) if any(row[index] for row in rows[1:])]
    return [[row[index] for index in kept] for row in rows]


def markdown_table(rows: Rows) -> str:
    """A table whose columns line up; figures stand at the right."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    is_number = [
        all(NUMBER.fullmatch(row[index]) for row in rows[1:]) for index in range(len(widths))
    ]
    rule = [
        "-" * (width - 1) + ":" if number else "-" * width
        for width, number in zip(widths, is_number, strict=True)
    ]
    body = [_pad(row, widths, is_number) for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [body[0], rule, *body[1:]])


def _pad(row: Sequence[str], widths: Sequence[int], is_number: Sequence[bool]) -> list[str]:
    return [
        cell.rjust(width) if number else cell.ljust(width)
        for cell, width, number in zip(row, widths, is_number, strict=True)
    ]


def markdown(lines: Sequence[Line], conditions: str, failures: Mapping[str, str]) -> str:
    """The whole report."""
    parts = [conditions]
    for kind, heading in HEADINGS.items():
        rows = [cells(line) for line in lines if line.case.kind == kind]
        if rows:
            table = markdown_table(without_empty_columns([COLUMNS[kind], *rows]))
            parts += [f"### {heading}", table]
    if any(line.is_doubtful for line in lines):
        parts.append(f"(?) {DOUBT}")
    parts += [f"Left out: {name} ({reason[:300]})" for name, reason in failures.items()]
    return "\n\n".join(parts) + "\n"


def conditions(
    *, rounds: int, seconds: float, has_two_cores: bool, others: Sequence[str] = ()
) -> str:
    """How it was measured, so that somebody else can do it again."""
    cores = "on one core, the load on another" if has_two_cores else "and the load on one core"
    packages = ", ".join([*(f"{name} {version(name)}" for name in OURS), *others])
    return (
        f"Medians of {rounds} interleaved round{'s' * (rounds > 1)} of {seconds:g} s; one server process {cores}."
        " CPU is user and system time of the server's process tree, a database server's left out."
        f" Python {platform.python_version()}, {packages}."
    )


def results(
    lines: Sequence[Line], how: str, failures: Mapping[str, str], rounds: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything, for a machine."""
    costs = {name: [round(item.cost, 3) for item in items] for name, items in rounds.items()}
    return {
        "conditions": how,
        "what": WHAT,
        "lines": [line.as_json() for line in lines],
        "costs_of_rounds": costs,
        "left_out": dict(failures),
    }
