"""What valid requests need of a running site: its sessions, an event, a sealed state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from tests.fuzz.attempts import (
    HANDSHAKES,
    STATE,
    Attempt,
    event_of,
    handshake,
    legacy_headers,
    legacy_message,
    modern_headers,
    modern_message,
    session_of,
)
from tests.fuzz.judging import MORE_TRIES, P99, Answer, judge
from tests.fuzz.mutations import encoded

Send = Callable[[Attempt], Awaitable[Answer]]
PATIENCE = 3.0  # seconds
GREET: dict[str, Any] = {"name": "greet", "arguments": {}}
GOOD = Attempt(
    headers=modern_headers("tools/call", {"name": "add"}),
    message=modern_message("tools/call", {"name": "add", "arguments": {"a": 20, "b": 22}}),
)


class Site:
    """Sends attempts with their placeholders filled in."""

    def __init__(self, send: Send, application: Any = None) -> None:
        self._send = send
        self.judge = judge  # raises AssertionError for an answer that breaks a promise
        self.application = application  # where it is in this process
        self.known: dict[bytes, bytes] = {STATE.encode(): b""}
        self.seconds: list[float] = []  # of every answer, until its headers were there

    async def send(self, attempt: Attempt) -> Answer:
        """Send an attempt, whatever comes back."""
        return await self._send(attempt.filled(self.known))

    async def prepare(self) -> None:
        """Open the sessions and learn an event's id and a sealed state."""
        for revision in HANDSHAKES:
            await self.open_session(revision)
        asking = Attempt(
            headers=modern_headers("tools/call", GREET),
            message=modern_message("tools/call", GREET),
        )
        (message,) = (await self._good(asking)).messages()
        self.known[STATE.encode()] = message["result"]["requestState"].encode()

    async def open_session(self, revision: str) -> None:
        """Shake hands, and make a stream whose events can be read again."""
        answer = await self._good(handshake(revision))
        self.known[session_of(revision)] = answer.headers["mcp-session-id"].encode()
        narrating = Attempt(
            headers=legacy_headers(revision),
            message=legacy_message("tools/call", {"name": "narrate", "arguments": {}}),
        )
        stream = await self._good(narrating)
        ids = [line[4:] for line in stream.body.split(b"\n") if line.startswith(b"id: ")]
        self.known[event_of(revision)] = ids[0]

    async def try_out(self, attempt: Attempt) -> None:
        """Send an attempt and judge what comes back; a session it ends is replaced."""
        answer = await self.send(attempt)
        if answer.status or answer.is_owed:
            self.judge(answer)
            self.seconds.append(await self._time_of(attempt, answer.seconds))
        if attempt.method == "DELETE" and answer.status == 204:
            await self._replace_session(attempt)

    async def _time_of(self, attempt: Attempt, seconds: float) -> float:
        """What an answer takes; one that seems slow may have waited for other processes."""
        for _ in range(MORE_TRIES):
            if seconds <= P99:
                break
            again = await self.send(attempt)
            seconds = min(seconds, again.seconds) if again.status else seconds
        return seconds

    async def check_good_call(self) -> None:
        """The site serves others as before."""
        (message,) = (await self._good(GOOD)).messages()
        assert message["result"]["structuredContent"] == 42

    async def _good(self, attempt: Attempt) -> Answer:
        answer = await self.send(replace(encoded(attempt), patience=PATIENCE))
        judge(answer)
        assert answer.status == 200, answer
        return answer

    async def _replace_session(self, attempt: Attempt) -> None:
        named = [value for name, value in attempt.headers if name == b"mcp-session-id"]
        for revision in HANDSHAKES:
            if session_of(revision) in named:
                await self.open_session(revision)
