"""Closed-loop load by wrk: the script it runs and the figures it prints."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.messages import FIRST_ID, Request
from benchmarks.processes import pinned

LIMIT = 60  # seconds beyond the asked time after which wrk is given up

SCRIPT = """\
local before = {{ {before} }}
local after = {{ {after} }}
local count, id = #before, {first}

request = function()
  id = id + 1
  local turn = id % count + 1
  return before[turn] .. id .. after[turn]
end

done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{{"requests": %d, "microseconds": %d, "errors": %d,',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
  io.write(string.format(' "p50": %f, "p99": %f}}\\n',
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


class Load(NamedTuple):
    """What a run of a generator came to; latencies in milliseconds."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float
    busy: float  # the generator's own share of its core


def script(requests: Sequence[Request]) -> str:
    """A Lua script that sends the requests in turn, each time with another id."""
    parts = [request.parts() for request in requests]
    return SCRIPT.format(
        before=", ".join(json.dumps(before) for before, _ in parts),
        after=", ".join(json.dumps(after) for _, after in parts),
        first=FIRST_ID,
    )


def parse(output: str) -> Load:
    """The line that the script's ``done`` wrote; ``busy`` is filled in later."""
    line = next(line for line in output.splitlines() if line.startswith("{"))
    said = json.loads(line)
    seconds = said["microseconds"] / 1e6
    return Load(said["requests"], seconds, said["errors"], said["p50"], said["p99"], 0.0)


def run(path: Path, *, port: int, connections: int, seconds: float, core: int) -> Load:
    """Run the script from one thread on one core."""
    wanted = max(1, round(seconds))
    command = [
        "wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{wanted}s",
        "--timeout", "10s", "--latency", "--script", str(path), f"http://127.0.0.1:{port}",
    ]  # fmt: skip
    before = _children_seconds()
    done = subprocess.run(
        pinned(core, command), capture_output=True, text=True, check=True, timeout=wanted + LIMIT
    )
    load = parse(done.stdout)
    return load._replace(busy=(_children_seconds() - before) / load.seconds)


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
