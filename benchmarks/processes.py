"""CPU time and memory of a process and its descendants, read from /proc."""

from __future__ import annotations

import os
import random
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
PORTS = range(15_000, 32_000)  # below those that outgoing connections are given


class Stat(NamedTuple):
    """What /proc/<pid>/stat says of one process."""

    pid: int
    parent: int
    seconds: float


def parse_stat(text: str) -> Stat:
    """Read the line; the name in parentheses may itself hold any character."""
    fields = text[text.rindex(")") + 2 :].split()
    ticks = int(fields[11]) + int(fields[12])  # utime and stime, every thread
    return Stat(int(text.partition(" ")[0]), int(fields[1]), ticks / TICKS)


def parse_memory(text: str) -> int:
    """The proportional set size of /proc/<pid>/smaps_rollup in kB."""
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise ValueError("No line of smaps_rollup begins with 'Pss:'.")


def family(root: int, stats: list[Stat]) -> list[Stat]:
    """A process and everything that descends from it."""
    members = {root}
    grown = True
    while grown:
        more = {stat.pid for stat in stats if stat.parent in members} - members
        members |= more
        grown = bool(more)
    return [stat for stat in stats if stat.pid in members]


def every_process() -> list[Stat]:
    """All that run now."""
    stats = []
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                stats.append(parse_stat((folder / "stat").read_text(encoding="utf-8")))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
    return stats


def counted(root: int, command: str) -> list[Stat]:
    """A process tree, or those of it that an interpreter runs with this command."""
    members = family(root, every_process())
    return [stat for stat in members if _is_run_by(stat.pid, command)] if command else members


def _is_run_by(pid: int, command: str) -> bool:
    said = (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    return said.partition(" ")[2].startswith(command)


def cpu_seconds(root: int, command: str = "") -> float:
    """User and system time of a process tree, or of those of it with a command."""
    return sum(stat.seconds for stat in counted(root, command))


def memory_kb(root: int, command: str = "") -> int:
    """The same of memory; pages shared with others count in part."""
    members = counted(root, command)
    rollups = (PROC / str(stat.pid) / "smaps_rollup" for stat in members)
    return sum(parse_memory(rollup.read_text(encoding="ascii")) for rollup in rollups)


def free_port() -> int:
    """A port nobody listens on, and that no outgoing connection is given meanwhile."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("There is no free port.")


def cores() -> tuple[int, int]:
    """One core for the server and one for the load; the same if there is but one."""
    available = sorted(os.sched_getaffinity(0))
    return available[-1], available[0]


def pinned(core: int, command: list[str]) -> list[str]:
    """The command, kept on one core."""
    return ["taskset", "--cpu-list", str(core), *command]
