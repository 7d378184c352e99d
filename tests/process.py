"""
A real server process.

The process serves the project's own site with the tests' apps beside it; its
database is an SQLite file of its own, whatever database the other tests use,
unless a test names another.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
START_LIMIT = 90.0  # seconds until a process listens
LIMIT = 30.0  # seconds any other wait may take
PORTS = range(15_000, 32_000)  # below those that outgoing connections are given
SHARES = 8  # of the ports: processes that run tests side by side take none of each other's
TRIES = 5  # of which one has to be quick enough
INTERVAL = 0.02  # seconds between two looks at another process

SERVERS = """
from mcp_transport.models import Server
Server.objects.create(slug="open", access="public", offers=["good", "slow"])
Server.objects.create(slug="long", access="public", offers=["long"])
"""


class Folder:
    """The files that the processes of one site share."""

    def __init__(self, path: Path, database_url: str = "") -> None:
        self.path = path
        self._database_url = database_url
        self.environment = os.environ | {
            "VAR_DIR": str(path),
            "MCP_EXTRA_APPS": "tests.apps.good,tests.apps.long,tests.apps.slow",
            "DJANGO_SETTINGS_MODULE": "mcpsite.settings",
            "DATABASE_URL": database_url,
            "MCP_DRAIN_TIMEOUT": "8",
        }

    def manage(self, *arguments: str, within: float = START_LIMIT) -> str:
        """Run a management command to its end; what it prints."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=self.environment, capture_output=True, timeout=within
        )
        assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
        return done.stdout.decode()

    def prepare(self) -> Folder:
        """Make the database and a server that is open to anybody."""
        if self._database_url:
            self._migrate()
        else:
            shutil.copyfile(prepared(), self.database)
        return self

    def _migrate(self) -> None:
        self.manage("migrate", "--verbosity", "0")
        self.manage("shell", "--verbosity", "0", "-c", SERVERS)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database holds at this moment."""
        if self._database_url:
            psycopg = import_module("psycopg")
            with psycopg.connect(self._database_url) as connection:
                return list(connection.execute(query, values).fetchall())
        with closing(sqlite3.connect(self.database, timeout=LIMIT)) as connection:
            return connection.execute(query, values).fetchall()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "db.sqlite3"


@cache
def prepared() -> Path:
    """An SQLite file with what prepare() makes; copied, for it takes seconds to make."""
    path = Path(tempfile.mkdtemp(prefix="mcp-prepared-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    folder = Folder(path)
    folder._migrate()
    return folder.database


class Process:
    """``manage.py mcp serve`` on a port of its own."""

    def __init__(self, folder: Folder, server: str = "uvicorn", *, workers: int = 1) -> None:
        self.folder = folder
        self.server = server
        self._workers = workers
        self.port = free_port()
        self._log = (folder.path / f"log-{self.port}").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> Process:
        """Start, or start again on the same port, and wait until it listens."""
        self._process = self._spawn()
        await until(lambda: is_listening(self.port), within=START_LIMIT)
        return self

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it, and the workers that it started, as a power cut would."""
        os.killpg(self.pid, signal.SIGKILL)
        self._wait()

    def kill_alone(self) -> None:
        """End it, but not the workers that it started."""
        self.send(signal.SIGKILL)
        self._wait()

    def kill_rest(self) -> None:
        """End the workers that kill_alone() has left, if there still are any."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send(signal.SIGTERM)

    async def ended(self, *, within: float) -> float:
        """Wait for its end; the seconds that it took."""
        begun = time.monotonic()
        assert self._process is not None
        await until(lambda: self._process is None or self._process.poll() is not None, within)
        return time.monotonic() - begun

    def close(self) -> None:
        """End it if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._log.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = ["mcp", "serve", "--port", str(self.port), "--server", self.server]
        command += ["--workers", str(self._workers)]
        return subprocess.Popen(
            [sys.executable, "manage.py", *command],
            cwd=PROJECT,
            env=self.folder.environment,
            stdout=self._log,
            stderr=self._log,
            process_group=0,
        )

    def send(self, number: int) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def _wait(self) -> None:
        assert self._process is not None
        self._process.wait(LIMIT)


async def takes_at_most(limit: float, once: Callable[[], Awaitable[float]]) -> bool:
    """
    Whether something is done within that many seconds, by the quickest of some tries.

    What the code itself waits for is in every one of them; what a busy machine
    adds to one is not.
    """
    for _ in range(TRIES):
        if await once() < limit:
            return True
    return False


async def until(condition: Callable[[], object], within: float = LIMIT) -> None:
    """Wait for what another process does."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(INTERVAL)


def free_port() -> int:
    """
    A port nobody listens on, and that is given neither to an outgoing connection
    nor to another test before somebody does.
    """
    ports = own_ports()
    for port in random.sample(ports, len(ports)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port
    raise AssertionError("There is no free port.")


_given: set[int] = set()  # by this process: who has one may stop and start on it again


def own_ports() -> range:
    """The share of one that runs tests beside others, as pytest-xdist numbers them."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    return PORTS[int(worker.removeprefix("gw")) % SHARES :: SHARES] if worker else PORTS


def is_listening(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
