"""A Redis server of a test's own, which it may stop, pause and flush."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.process import free_port, until

LIMIT = 30.0  # seconds


class Broker:
    """Keeps nothing on disk; an ordinary user runs it."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        assert program, "missing: redis-server (Debian package redis-server; see scripts/deps.sh)"
        self._program = program
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is reached, also after it was started again."""
        return f"redis://127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Start, or start again, and wait until it answers."""
        self._spawn()
        await until(self._answers)

    def _spawn(self) -> None:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        is_root = os.getuid() == 0
        self._process = subprocess.Popen(
            [self._program, *options, "--appendonly", "no"],
            cwd="/",
            stdout=subprocess.DEVNULL,
            user="nobody" if is_root else None,
            group="nogroup" if is_root else None,
            extra_groups=[] if is_root else None,
        )

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT)

    def pause(self) -> None:
        """Let it hang, with its connections open."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def flush(self) -> None:
        """Empty it."""
        assert self._ask(b"FLUSHALL\r\n") == b"+OK\r\n"

    def _send(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            return self._ask(b"PING\r\n") == b"+PONG\r\n"
        except OSError:
            return False

    def _ask(self, command: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._port), LIMIT) as connection:
            connection.sendall(command)
            return connection.recv(100)


@contextmanager
def a_broker() -> Iterator[Broker]:
    """A server that is to be started, and ends with the block."""
    broker = Broker()
    try:
        yield broker
    finally:
        broker.stop()
