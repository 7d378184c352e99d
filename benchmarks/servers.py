"""Server processes: started on their core, asked for their cost, stopped."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmarks.environments import PROJECT, require
from benchmarks.messages import Address, Request
from benchmarks.processes import cpu_seconds, free_port, memory_kb, pinned
from benchmarks.targets import Launch, Place, Target

START_LIMIT = 60.0
STOP_LIMIT = 15.0
ANSWER_LIMIT = 15.0


class ServerFailedError(Exception):
    """A server that did not start, or answered something else than was asked."""


class Answer(dict[str, str]):
    """The headers of an answer, with its status and body beside them."""

    status: int = 0
    body: bytes = b""


class Server:
    """A running server."""

    def __init__(self, target: Target, place: Place, launch: Launch, core: int) -> None:
        self.target = target
        self.place = place
        self.token = launch.token
        self._counted = launch.counted
        self.log: IO[bytes] = (place.folder / "log").open("w+b")
        self.process = subprocess.Popen(
            pinned(core, launch.command), cwd=launch.folder, stdin=subprocess.DEVNULL,
            stdout=self.log, stderr=self.log, env=os.environ | dict(launch.environment),
            start_new_session=True,
        )  # fmt: skip

    def address(self, path: str | None) -> Address:
        """Where a path of this server is."""
        if path is None:
            raise ValueError(f"{self.target.name} does not serve what is to be measured.")
        return Address(port=self.place.port, path=path, token=self.token)

    def wait_until_ready(self) -> None:
        """Wait until it listens. Raises ServerFailedError with what it said."""
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.place.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise ServerFailedError(f"{self.target.name} did not start:\n{self.said()}")

    def said(self) -> str:
        """The end of its log."""
        self.log.seek(0)
        return self.log.read()[-4000:].decode(errors="replace")

    def ask(self, request: Request) -> Answer:
        """Send one request and read the whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.place.port, timeout=ANSWER_LIMIT)
        try:
            connection.connect()
            connection.sock.sendall(request.encoded())
            response = http.client.HTTPResponse(connection.sock, method=request.method)
            response.begin()
            answer = Answer((name.lower(), value) for name, value in response.getheaders())
            answer.status, answer.body = response.status, response.read()
        finally:
            connection.close()
        return answer

    def cpu(self) -> float:
        """Seconds of CPU its process tree has used."""
        return cpu_seconds(self.process.pid, self._counted)

    def memory(self) -> int:
        """Kilobytes its process tree holds."""
        return memory_kb(self.process.pid, self._counted)

    def stop(self) -> None:
        """End it, in any case."""
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_LIMIT)
        self.log.close()


@contextmanager
def running(
    target: Target, folder: Path, *, core: int, database_url: str = "", redis_url: str = ""
) -> Iterator[Server]:
    """A server that ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Place(
        port=free_port(),
        folder=folder,
        database_url=database_url if target.wants_postgres else "",
        redis_url=redis_url if target.wants_redis else "",
    )
    server = Server(target, place, target.launch(place), core)
    try:
        server.wait_until_ready()
        yield server
    finally:
        server.stop()


@contextmanager
def running_postgres(folder: Path, *, core: int) -> Iterator[str]:
    """The URL of a cluster that ends with the block."""
    script = str(PROJECT / "benchmarks" / "postgres.sh")
    log = (folder.parent / "postgres.log").open("wb")  # the cluster keeps what it inherits
    start = pinned(core, [script, "start", str(folder)])
    started = subprocess.run(start, check=True, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield started.stdout.strip()
    finally:
        subprocess.run([script, "stop", str(folder)], check=False, stderr=log)
        log.close()


@contextmanager
def running_redis(*, core: int) -> Iterator[str]:
    """The URL of a broker that keeps nothing and ends with the block."""
    require("redis-server", "redis-server")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    broker = subprocess.Popen(
        pinned(core, ["redis-server", *options]),
        cwd="/", stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        broker.terminate()
        broker.wait(STOP_LIMIT)
