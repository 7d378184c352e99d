"""What is measured, and what is aimed at. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Kind = Literal["echo", "cycle", "idle", "fanout"]
Era = Literal["modern", "legacy", "socket"]  # of a call, or what a stream is opened by
STREAMS_BY_ERA: dict[Era, str] = {"modern": "listen", "legacy": "get", "socket": "websocket"}

UNIT = "echo/bare/32"  # what every ratio is a multiple of
UNIT_OF_DAPHNE = "echo/bare-daphne/32"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The most a case may cost: in units of another case, or in its own."""

    value: float
    unit: str = ""  # the case it is a multiple of; blank when it is absolute
    milliseconds: float | None = None  # the median latency, or the last receiver's


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table."""

    name: str
    kind: Kind
    target: str
    era: Era = "modern"
    tool: str = "echo"
    count: int = 32  # connections, or streams
    aim: Aim | None = None

    @property
    def unit(self) -> str:
        """The case its ratio is told in."""
        return self.aim.unit if self.aim and self.aim.unit else UNIT


def _echo(
    target: str, count: int = 32, *, era: Era = "modern", tool: str = "echo", aim: Aim | None = None
) -> Case:
    way = "websocket" if era == "socket" else era
    parts = ["echo", target, *([] if target.startswith("bare") else [way])]
    parts += [*([] if tool == "echo" else [tool]), str(count)]
    return Case(
        name="/".join(parts), kind="echo", target=target, era=era, tool=tool, count=count, aim=aim
    )


def _ratio(value: float, milliseconds: float | None = None, unit: str = UNIT) -> Aim:
    return Aim(value=value, unit=unit, milliseconds=milliseconds)


def _streams(kind: Kind, target: str, era: Era, count: int, aim: Aim | None = None) -> Case:
    name = f"{kind}/{target}/{STREAMS_BY_ERA[era]}/{count}"
    return Case(name=name, kind=kind, target=target, era=era, count=count, aim=aim)


def _cycle(target: str, aim: Aim | None = None) -> Case:
    name = f"cycle/{target}"
    return Case(name=name, kind="cycle", target=target, era="legacy", count=8, aim=aim)


ECHO = (
    _echo("bare"),
    _echo("ours", aim=_ratio(2.25)),
    _echo("ours", era="legacy", aim=_ratio(2.5)),
    _echo("ours", era="socket", aim=_ratio(1, unit="echo/ours/modern/32")),
    _echo("ours", tool="echo_in_thread", aim=_ratio(3)),
    _echo("ours", tool="owner"),
    _echo("ours-batched", aim=_ratio(1.75)),
    _echo("ours-unrecorded"),
    _echo("ours-unrecorded", era="legacy"),
    _echo("ours-postgres"),
    _echo("ours-postgres", era="legacy"),
    _echo("ours-postgres", tool="owner"),
    _echo("bare-daphne"),
    _echo("ours-daphne", aim=_ratio(1.5, unit=UNIT_OF_DAPHNE)),
    _echo("ours-daphne", era="legacy", aim=_ratio(1.5, unit=UNIT_OF_DAPHNE)),
    _echo("python-sdk"),
    _echo("python-sdk", era="legacy"),
    _echo("fastmcp"),
    _echo("fastmcp", era="legacy"),
    _echo("mcpz-gunicorn"),
    _echo("mcpz-uvicorn"),
    _echo("typescript-sdk"),
    _echo("typescript-sdk", era="legacy"),
)
FEWER = (
    _echo("bare", 8),
    _echo("ours", 8, aim=_ratio(3.5)),
    _echo("ours", 8, era="legacy", aim=_ratio(3.5)),
    _echo("bare", 1),
    _echo("ours", 1, aim=_ratio(5, milliseconds=0.5)),
    _echo("ours", 1, era="legacy", aim=_ratio(5, milliseconds=0.5)),
    _echo("ours-postgres", 1),
    _echo("python-sdk", 1),
)
CYCLES = (
    _cycle("ours", Aim(value=400)),
    _cycle("ours-postgres"),
    _cycle("python-sdk"),
    _cycle("fastmcp"),
    _cycle("typescript-sdk"),
)
FAN_OUT = Aim(value=12, milliseconds=50)
STREAMS = (
    *(_streams("idle", "bare", "modern", count) for count in (500, 2000)),
    _streams("idle", "ours", "modern", 500),
    _streams("idle", "ours", "modern", 2000, Aim(value=15)),
    *(_streams("idle", t, "modern", 2000) for t in ("ours-beside-nchan", "ours-nchan")),
    _streams("idle", "ours", "legacy", 500),
    _streams("idle", "ours", "legacy", 2000, Aim(value=15)),
    *(_streams("idle", target, "socket", 2000) for target in ("bare", "ours")),
    _streams("idle", "python-sdk", "modern", 1000),  # it takes no more
    _streams("idle", "python-sdk", "legacy", 2000),
    *(_streams("idle", "typescript-sdk", era, 2000) for era in ("modern", "legacy")),
    _streams("fanout", "bare", "modern", 1000),
    _streams("fanout", "ours", "modern", 1000, FAN_OUT),
    _streams("fanout", "ours", "legacy", 1000, FAN_OUT),
    _streams("fanout", "ours-memory", "modern", 1000, FAN_OUT),
    _streams("fanout", "ours-redis", "modern", 1000, FAN_OUT),
    _streams("fanout", "ours-postgres", "modern", 1000, FAN_OUT),
    *(_streams("fanout", t, "modern", 1000) for t in ("ours-beside-nchan", "ours-nchan")),
    *(_streams("fanout", target, "socket", 1000) for target in ("bare", "ours")),
    _streams("fanout", "python-sdk", "modern", 1000),
    _streams("fanout", "typescript-sdk", "modern", 1000),
)
CASES = (*ECHO, *FEWER, *CYCLES, *STREAMS)
GATE = tuple(
    case
    for case in ECHO
    if case.target in ("bare", "ours") and case.tool != "owner" and case.era != "socket"
)
WHAT: dict[str, str] = {
    "echo": "CPU µs a request", "cycle": "CPU µs a session",
    "idle": "kB a stream", "fanout": "CPU µs a message",
}  # fmt: skip


def chosen(patterns: Iterable[str], cases: tuple[Case, ...] = CASES) -> tuple[Case, ...]:
    """The cases that a pattern names, and those their ratios are told in."""
    patterns = list(patterns)
    wanted = {case.name for case in cases if not patterns or _matches(case.name, patterns)}
    needed = wanted | set(_units(case for case in cases if case.name in wanted))
    return tuple(case for case in cases if case.name in needed)


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(name, pattern) or f"/{pattern}/" in f"/{name}/" for pattern in patterns)


def _units(cases: Iterable[Case]) -> Iterator[str]:
    return (case.unit for case in cases if case.kind == "echo")
