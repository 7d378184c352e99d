"""
Starts two worker processes and an nginx, runs a command against them, stops them.

    python -m tests.fleet.run --bus redis --open conformance COMMAND...

``{endpoint}`` in the command stands for the address. They work on a PostgreSQL
of their own. The exit status is the command's.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.broker import a_broker
from tests.cluster import running_cluster
from tests.fleet.fleet import Fleet
from tests.process import Folder

BUSES = ("database", "redis", "nchan")  # the last: the database's, and nginx holds streams
OPEN = """
from mcp_transport.models import Server
Server.objects.create(slug={label!r}, access="public", offers=[{label!r}])
"""


@contextmanager
def a_fleet(bus: str, label: str) -> Iterator[Fleet]:
    """Two workers that serve one of the project's apps to anybody."""
    with ExitStack() as stack:
        broker = stack.enter_context(a_broker())
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mcp-fleet-")))
        folder = Folder(path, stack.enter_context(running_cluster()).url)
        folder.environment["MCP_EXTRA_APPS"] = f"tools.{label}"
        if bus == "redis":
            asyncio.run(broker.start())
            folder.environment["REDIS_URL"] = broker.url
        folder.manage("migrate", "--verbosity", "0")
        folder.manage("shell", "--verbosity", "0", "-c", OPEN.format(label=label))
        fleet = Fleet(folder, nchans=2 if bus == "nchan" else 0)
        stack.callback(fleet.stop)
        asyncio.run(fleet.start())
        yield fleet


def main() -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(description="Run a command against two worker processes.")
    parser.add_argument("--bus", choices=BUSES, default="database")
    parser.add_argument("--open", metavar="APP", dest="label", required=True)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    wanted = parser.parse_args()
    with a_fleet(wanted.bus, wanted.label) as fleet:
        endpoint = f"http://127.0.0.1:{fleet.port}/mcp/{wanted.label}"
        command = [part.replace("{endpoint}", endpoint) for part in wanted.command]
        return subprocess.run(command).returncode


if __name__ == "__main__":
    sys.exit(main())
