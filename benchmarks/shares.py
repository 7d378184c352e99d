"""
Where the time of a case goes, by layer: ``python -m benchmarks.shares``.

    python -m benchmarks.shares echo/ours/modern/32 --seconds 10

Samples of py-spy (``pip install py-spy``) while wrk runs; each counts for the
innermost frame that belongs to a layer. Only threads that hold the interpreter
are sampled, so the shares are of CPU time and not of waiting.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks import wrk
from benchmarks.cases import CASES, Case
from benchmarks.measure import requests_of, settle
from benchmarks.processes import cores
from benchmarks.report import markdown_table
from benchmarks.servers import Server, running
from benchmarks.targets import TARGETS

RATE = 400  # samples a second
FILE = re.compile(r"\(([^()]*):\d+\)$")
PROJECT_LAYER = re.compile(r"^mcp_transport/(\w+)")
OTHERS = {
    "uvicorn": "uvicorn", "daphne": "Daphne", "twisted": "Daphne", "asgiref": "asgiref",
    "channels": "channels", "django/db": "Django ORM", "benchmarks": "the tool", "asyncio": "asyncio",
}  # fmt: skip


def layer_of_frame(frame: str) -> str | None:
    """The layer that a frame of a stack belongs to, if to any."""
    found = FILE.search(frame)
    path = found.group(1) if found else ""
    ours = PROJECT_LAYER.match(path)
    if ours:
        return f"mcp_transport.{ours.group(1)}"
    return next((name for part, name in OTHERS.items() if path.startswith(f"{part}/")), None)


def layer_of_stack(frames: Iterable[str]) -> str:
    """The layer of the innermost frame that has one."""
    layers = (layer_of_frame(frame) for frame in reversed(list(frames)))
    return next((layer for layer in layers if layer), "other")


def count(raw: str) -> Counter[str]:
    """The samples of each layer in what ``py-spy record --format raw`` writes."""
    samples: Counter[str] = Counter()
    for line in raw.splitlines():
        stack, _, number = line.rpartition(" ")
        samples[layer_of_stack(stack.split(";"))] += int(number)
    return samples


def table(samples: Counter[str], cost: float) -> str:
    """Shares, and what they are of a request's CPU time."""
    total = samples.total()
    rows = [
        [layer, f"{number / total:.1%}", f"{cost * number / total:.1f}"]
        for layer, number in samples.most_common()
    ]
    return markdown_table([["layer", "share", "µs a request"], *rows])


def sampled(case: Case, server: Server, folder: Path, *, seconds: float, core: int) -> str:
    """The table of one case. The cost is measured first: sampling slows the server."""
    script, raw = folder / "echo.lua", folder / "raw"
    script.write_text(wrk.script(requests_of(case, server)), encoding="ascii")
    port = server.place.port
    wrk.run(script, port=port, connections=case.count, seconds=1, core=core)
    before = settle(server)
    load = wrk.run(script, port=port, connections=case.count, seconds=seconds, core=core)
    cost = (settle(server) - before) / load.requests * 1e6
    spy = subprocess.Popen(
        [py_spy(), "record", "--gil", "--pid", str(server.process.pid), "--rate", str(RATE),
         "--duration", str(round(seconds)), "--format", "raw", "--output", str(raw)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wrk.run(script, port=port, connections=case.count, seconds=seconds + 1, core=core)
    spy.wait(seconds)
    return table(count(raw.read_text(encoding="utf-8")), cost)


def py_spy() -> str:
    """The sampler, beside the interpreter or on the path."""
    beside = shutil.which("py-spy", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("py-spy")
    if found is None:
        raise SystemExit("py-spy is not installed: pip install py-spy")
    return found


def main() -> None:
    """Sample one case and print its table."""
    names = [case.name for case in CASES if case.kind == "echo"]
    parser = argparse.ArgumentParser(prog="benchmarks.shares")
    parser.add_argument("case", nargs="?", default="echo/ours/modern/32", choices=names)
    parser.add_argument("--seconds", type=float, default=10.0)
    wanted = parser.parse_args()
    case = next(case for case in CASES if case.name == wanted.case)
    server_core, load_core = cores()
    with tempfile.TemporaryDirectory(prefix="mcp-benchmarks-") as name:
        folder = Path(name)
        with running(TARGETS[case.target], folder / "server", core=server_core) as server:
            print(sampled(case, server, folder, seconds=wanted.seconds, core=load_core))


if __name__ == "__main__":
    main()
