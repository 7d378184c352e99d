"""
CPU time of whole calls without the server in front of them.

    python -m benchmarks.path                   every kind of call
    python -m benchmarks.path modern durable 1  those with these words in their names
    python -m benchmarks.path cycle             a session from initialize to DELETE

The measured site's application is called on uvloop with a request that is
there already, by so many tasks at once as the last word of a name says: what is left of a call when the parsing and
the sending of HTTP are taken away. Give it ``MCP_TEST_DATABASE_URL`` to
measure against PostgreSQL. Figures are process CPU (user and system, all
threads) in microseconds, the best of some rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import messages
from benchmarks.components import TASKS, cpu_each, report
from benchmarks.messages import Address, Request

MODES = frozenset(("off", "batched", "durable"))  # of MCP_CALL_RECORDING
COUNT = 10_000
CYCLES = 1_000
HOST = "127.0.0.1"
PATH = "/mcp/benchmark"
KINDS = (
    ("modern", "echo", TASKS),
    ("modern", "echo_in_thread", TASKS),
    ("modern", "echo", 1),
    ("legacy", "echo", TASKS),
    ("legacy", "echo_in_thread", TASKS),
    ("legacy", "echo", 1),
)
Application = Callable[[Any, Any, Any], Awaitable[None]]


class Client:
    """Sends one request over and over, each time with a scope such as uvicorn makes."""

    def __init__(self, application: Application, request: Request) -> None:
        self._application = application
        head, _, self._body = request.encoded().partition(b"\r\n\r\n")
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
        self._headers = [(name.lower(), value) for name, value in lines]
        self._method, self._path = request.method, request.path

    async def __call__(self) -> Answer:
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1", "server": (HOST, 80), "client": (HOST, 50_000),
            "scheme": "http", "root_path": "", "headers": self._headers.copy(), "state": {},
            "method": self._method, "path": self._path, "raw_path": self._path.encode(),
            "query_string": b"",
        }  # fmt: skip
        answer = Answer(self._body)
        await self._application(scope, answer.receive, answer.send)
        return answer


class Answer:
    """One request on its way, and what is sent for it."""

    status = 0
    headers: Sequence[tuple[bytes, bytes]] = ()
    body = b""

    def __init__(self, sent: bytes) -> None:
        self._unread: bytes | None = sent

    async def receive(self) -> dict[str, Any]:
        """The whole body, and then nothing: the client stays."""
        body, self._unread = self._unread, None
        if body is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        """Keep it."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
        else:
            self.body = message["body"]


async def open_session(application: Application, address: Address) -> str:
    """The handshake of a session; its id."""
    answer = await Client(application, messages.initialize(address))()
    session = dict(answer.headers)[b"mcp-session-id"].decode()
    await Client(application, messages.initialized(address, session))()
    return session


async def cycle(application: Application, address: Address) -> None:
    """A session from its beginning to its end."""
    session = await open_session(application, address)
    await Client(application, messages.delete(address, session))()


async def caller(application: Application, address: Address, era: str, tool: str) -> Client:
    """A client whose calls are known to be answered with what was said."""
    if era == "modern":
        request = messages.modern_call(address, tool)
    else:
        session = await open_session(application, address)
        request = messages.legacy_call(address, tool, session)
    client = Client(application, request)
    answer = await client()
    if answer.status != 200 or b"hello" not in answer.body:
        raise SystemExit(f"The application answers {answer.status}: {answer.body!r}")
    return client


async def measure(words: list[str], recording: str, token: str) -> None:
    """Every kind of call that is wanted."""
    from benchmarks.bare import application as bare
    from mcp_transport.worker.lifespan import runtime
    from mcpsite.asgi import application

    address = Address(port=80, path=PATH, token=token)
    await runtime().start()
    client = Client(bare, messages.modern_call(address, "echo"))
    report(f"bare ASGI, beside {recording}", await cpu_each(client, tasks=TASKS, count=COUNT))
    for era, tool, tasks in KINDS:
        name = f"{era} {tool} {recording} {tasks}"
        if set(words) <= set(name.split()):
            client = await caller(application, address, era, tool)
            report(name, await cpu_each(client, tasks=tasks, count=COUNT))
    if set(words) <= {"cycle", recording}:
        step = partial(cycle, application, address)
        report(f"cycle {recording} 8", await cpu_each(step, tasks=8, count=CYCLES))
    await runtime().stop()


def main() -> None:
    """Prepare the measured site in a scratch folder, and measure."""
    parser = argparse.ArgumentParser(prog="benchmarks.path", description=__doc__)
    parser.add_argument("words", nargs="*")
    words = parser.parse_args().words
    with tempfile.TemporaryDirectory(prefix="mcp-benchmarks-") as folder:
        os.environ["VAR_DIR"] = str(Path(folder))
        os.environ["DATABASE_URL"] = os.environ.get("MCP_TEST_DATABASE_URL", "")
        os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.served.settings"
        os.environ["LOG_LEVEL"] = "warning"
        import django

        django.setup()
        from django.test import override_settings

        from benchmarks.served.prepare import prepare

        token = prepare()
        for recording in sorted(MODES.intersection(words) or MODES):
            with override_settings(MCP_CALL_RECORDING=recording):
                uvloop.run(measure(words, recording, token))


if __name__ == "__main__":
    main()
