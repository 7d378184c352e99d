"""
Runs real clients against a running site: Python's of each generation, those on Node.

    MCP_TOKEN=... python3 scripts/clients/run.py http://127.0.0.1:8000/mcp/demo

Each release lives in an environment of its own, kept between runs. The last
line is "N passed, N failed"; the exit status is 0 when nothing failed, 1 when
something did, 2 when a client could not be installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import on_node

HERE = Path(__file__).resolve().parent
EXERCISE = HERE / "exercise.py"
SIGN_IN = HERE / "sign_in.py"
RUN_LIMIT = 300  # seconds for one client


class Release(NamedTuple):
    """One release of the client and how it is asked to speak."""

    requirements: tuple[str, ...]
    mode: str
    revision: str  # what it is expected to negotiate
    transport: str = "http"  # or "sse", "ws", "stdio"

    @property
    def folder(self) -> str:
        """A file name for the environment."""
        return "".join(c if c.isalnum() or c == "." else "-" for c in self.name)

    @property
    def name(self) -> str:
        """What pip is asked for."""
        return " ".join(self.requirements)


RELEASES = (
    # 1.9 reaches into parts of pydantic that 2.12 took away.
    Release(("mcp>=1.9,<1.10", "pydantic<2.12"), "legacy", "2025-03-26"),
    Release(("mcp>=1.26,<1.27",), "legacy", "2025-11-25"),
    Release(("mcp>=2,<3",), "legacy", "2025-11-25"),
    Release(("mcp>=2,<3",), "auto", "2026-07-28"),
    Release(("mcp>=1.26,<1.27",), "legacy", "2025-11-25", "sse"),
    Release(("mcp>=2,<3",), "auto", "2025-11-25", "sse"),  # its probe is told to shake hands
    Release(("mcp[ws]>=1.26,<1.27",), "legacy", "2025-11-25", "ws"),
    Release(("mcp>=1.26,<1.27",), "legacy", "2025-11-25", "stdio"),
    Release(("mcp>=2,<3",), "auto", "2026-07-28", "stdio"),
)
# Those that can log in as OAuth 2.1 has it.
SIGNING_IN = (RELEASES[1], RELEASES[2])


def cache() -> Path:
    """Where the environments are kept."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else HERE.parents[1] / "var" / "cache") / "mcp-clients"


def interpreter(release: Release) -> Path:
    """The Python of a release's environment, which is made on first use."""
    folder = cache() / release.folder
    python, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.exists():
        print(f"installing {release.name}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *release.requirements], check=True)
        stamp.touch()
    return python


def run(release: Release, url: str) -> list[str]:
    """The lines of one release's checks."""
    command = [interpreter(release), EXERCISE, url, release.mode, release.revision]
    return lines_of([*command, release.transport])


def lines_of(command: list[Any]) -> list[str]:
    """The lines of one client's checks, which say so when it did not come to its end."""
    environment = os.environ | {"MCP_PYTHON": sys.executable}  # which has the project
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, timeout=RUN_LIMIT, env=environment
        )
    except subprocess.TimeoutExpired:
        return [f"  FAIL  finished_within_{RUN_LIMIT}_seconds"]
    lines = done.stdout.splitlines()
    has_failure = any(line.startswith("  FAIL") for line in lines)
    return lines if done.returncode == 0 or has_failure else [*lines, "  FAIL  ran_to_its_end"]


def run_on_python(url: str) -> Iterator[str]:
    """The lines of every release, each under its heading."""
    for release in RELEASES:
        way = f"{release.mode}, {release.transport}"
        yield f"{release.name} ({way}), revision {release.revision}"
        yield from run(release, url)
    for release in SIGNING_IN if os.environ.get("MCP_LOGIN") else ():
        yield f"{release.name}, signing in"
        yield from lines_of([interpreter(release), SIGN_IN, url])


def run_on_node(url: str) -> Iterator[str]:
    """The lines of every client on Node, each under its heading."""
    installed = on_node.Installed.find(cache())
    for way in on_node.WAYS:
        yield f"TypeScript {way.client} ({way.transport}), revision {way.revision}"
        yield from lines_of(installed.exercise(way, url))
    yield "Inspector"
    yield from installed.inspect(url)


def main(url: str) -> int:
    """Run every client; the exit status."""
    lines: list[str] = []
    try:
        for line in chain(run_on_python(url), run_on_node(url)):
            print(line, flush=True)
            lines.append(line)
    except subprocess.CalledProcessError as error:
        print(f"could not install a client: exit status {error.returncode}")
        return 2
    failed = sum(line.startswith("  FAIL") for line in lines)
    print(f"{sum(line.startswith('  ok') for line in lines)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2 or "MCP_TOKEN" not in os.environ:
        sys.exit("usage: MCP_TOKEN=... run.py URL")
    sys.exit(main(sys.argv[1]))
