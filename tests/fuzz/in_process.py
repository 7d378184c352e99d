"""Requests straight into the ASGI application, as fast as it takes them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from tests.fuzz.attempts import Attempt
from tests.fuzz.judging import Answer

LIMIT = 30.0  # seconds after which an exchange counts as hanging


class Exchange:
    """One request; its client leaves a stream soon, and says nothing when it leaves early."""

    def __init__(self, attempt: Attempt) -> None:
        self.answer = Answer(is_owed=not attempt.is_left)
        self._attempt = attempt
        self._parts = deque(pieces(attempt))
        self._gone = asyncio.Event()

    async def run(self, application: Any) -> Answer:
        """Send it and take what comes back; a hang raises TimeoutError."""
        self._begun = time.perf_counter()
        async with asyncio.timeout(LIMIT):
            await application(scope_of(self._attempt), self._receive, self._send)
        return self.answer

    async def _receive(self) -> dict[str, Any]:
        if self._parts:
            part = self._parts.popleft()
            is_more = bool(self._parts) or self._attempt.is_left
            return {"type": "http.request", "body": part, "more_body": is_more}
        if not self._attempt.is_left:
            await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.answer.seconds = time.perf_counter() - self._begun
            self.answer.status = message["status"]
            pairs = message.get("headers", ())
            self.answer.headers = {k.decode().lower(): v.decode("latin-1") for k, v in pairs}
            if self.answer.is_stream:
                asyncio.get_running_loop().call_later(self._attempt.patience, self._gone.set)
        else:
            self.answer.body += message.get("body", b"")


def pieces(attempt: Attempt) -> Iterator[bytes]:
    """The body as it arrives."""
    start = 0
    for cut in attempt.cuts:
        yield attempt.body[start:cut]
        start = max(start, cut)
    yield attempt.body[start:]


def scope_of(attempt: Attempt) -> dict[str, Any]:
    """What an ASGI server makes of the head of a request."""
    path, _, query = attempt.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": attempt.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(attempt.headers),
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 80),
    }
