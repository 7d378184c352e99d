"""A command that speaks over its standard input and output, as a desktop client starts it."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from tests.process import LIMIT, PROJECT, START_LIMIT

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
LONGEST = 32 * 1024 * 1024  # bytes of a line that a test reads


class Child:
    """``manage.py mcp ...``, and the messages that go in and come out."""

    def __init__(self, *arguments: str, environment: Mapping[str, str]) -> None:
        self._command = [sys.executable, "manage.py", "mcp", *arguments]
        self._environment = dict(environment)
        self._process: Any = None
        self.unheard: list[Any] = []  # what came while something else was waited for

    async def __aenter__(self) -> Child:
        pipe = asyncio.subprocess.PIPE
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=PROJECT,
            env=self._environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            limit=LONGEST,
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def write(self, line: bytes) -> None:
        """Send a line as it is."""
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def send(self, method: str, params: Any = None, id_: Any = None) -> None:
        """Send a request, or without an id a notification."""
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        await self.write(json.dumps(message | ({} if id_ is None else {"id": id_})).encode())

    async def send_modern(self, method: str, params: Any, id_: Any, **meta: Any) -> None:
        """Send a request that needs no session."""
        await self.send(method, {**params, "_meta": {**META, **meta}}, id_)

    async def next(self, within: float = START_LIMIT) -> Any:
        """The next message; None at the end."""
        async with asyncio.timeout(within):
            line = await self._process.stdout.readline()
        return json.loads(line) if line else None

    async def answer(self, id_: Any) -> Any:
        """The answer to a request."""
        while (message := await self.next()) is not None:
            if message.get("id") == id_ and "method" not in message:
                return message
            self.unheard.append(message)
        raise AssertionError(f"The command ended without an answer to {id_!r}.")

    async def ask(self, method: str, params: Any, id_: Any) -> Any:
        """Send a request of the session and wait for its answer."""
        await self.send(method, params, id_)
        return await self.answer(id_)

    async def shake_hands(self, **capabilities: Any) -> Any:
        """Open a session."""
        info = {"name": "tests", "version": "1"}
        params = {
            "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": info,
        }  # fmt: skip
        answer = await self.ask("initialize", params, "hello")
        await self.send("notifications/initialized")
        return answer

    def end_input(self) -> None:
        """Say that nothing more comes."""
        self._process.stdin.close()

    def terminate(self) -> None:
        """Send the signal that asks for the end."""
        self._process.send_signal(signal.SIGTERM)

    async def ended(self) -> tuple[list[Any], str, int]:
        """What else it says, what it says on standard error, and its exit status."""
        async with asyncio.timeout(LIMIT * 2):
            out, err = await self._process.communicate()
        return (
            [json.loads(line) for line in out.splitlines()],
            err.decode(),
            self._process.returncode,
        )
