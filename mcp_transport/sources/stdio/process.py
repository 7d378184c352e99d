"""One running program: its pipes, its lines, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from mcp_transport.protocol.framing import Lines
from mcp_transport.sources.stdio.programs import Program

logger = logging.getLogger("mcp_transport.stdio")

NOTHING: Mapping[str, str] = {}
SUPERVISOR = Path(__file__).with_name("supervisor.py")
PIECE = 65_536  # bytes read at once
KEPT = 65_536  # bytes of what it last said on standard error
UNREAD_LIMIT = 32 * 1024 * 1024  # bytes that wait for a program that does not read
EDGE = 512  # bytes of a line's beginning and end that tell whose answer was too long
LEAVE_PATIENCE = 2.0  # seconds to leave by itself when its input ends
END_PATIENCE = 4.0  # seconds the supervisor takes at the most
LONGEST_LOGGED = 1000  # characters of a line in the log
LOGGED_AT_ONCE = 50  # lines, and then:
LOGGED_RATE = 5.0  # lines a second

FIRST_ID = re.compile(rb'\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,18})\s*,')
LAST_ID = re.compile(rb'[,{]\s*"id"\s*:\s*(\d{1,18})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$')


class TooLong:
    """A line above the limit, and the id of the request it answers, if it tells."""

    def __init__(self, edges: tuple[bytes, bytes]) -> None:
        found = FIRST_ID.match(edges[0]) or LAST_ID.search(edges[1])
        self.id = int(found[1]) if found else None


class Output:
    """Cuts what a program says into lines, and keeps the edges of the one that arrives."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._first = b""
        self._last = b""

    def feed(self, data: bytes) -> list[bytes | TooLong]:
        """The lines that end in this piece."""
        found: list[bytes | TooLong] = []
        *ends, rest = data.split(b"\n")
        for end in ends:
            self._note(end)
            line = self._lines.feed(end + b"\n")[0]
            found.append(TooLong((self._first, self._last)) if line is None else line)
            self._first = self._last = b""
        self._note(rest)
        self._lines.feed(rest)
        return found

    def _note(self, part: bytes) -> None:
        if len(self._first) < EDGE:
            self._first += part[: EDGE - len(self._first)]
        self._last = (self._last + part[-EDGE:])[-EDGE:]


class Quiet:
    """Lets through so many lines to the log, and counts the others."""

    def __init__(self) -> None:
        self._allowance = float(LOGGED_AT_ONCE)
        self._last_at = time.monotonic()
        self._left_out = 0

    def log(self, level: int, message: str, alias: str, line: bytes) -> None:
        """Write a line to the log, unless there are too many."""
        now = time.monotonic()
        earned = (now - self._last_at) * LOGGED_RATE
        self._allowance, self._last_at = min(LOGGED_AT_ONCE, self._allowance + earned), now
        if self._allowance < 1:
            self._left_out += 1
            return
        self._allowance -= 1
        if self._left_out:
            logger.log(level, "MCP_STDIO[%r]: %d lines are left out", alias, self._left_out)
            self._left_out = 0
        logger.log(level, message, alias, _plain(line[: LONGEST_LOGGED * 4])[:LONGEST_LOGGED])


class Process:
    """A program, its supervisor, and the pipes between it and this process."""

    def __init__(self, program: Program, running: asyncio.subprocess.Process, lifeline: int):
        self.program = program
        self._running = running
        self._lifeline = lifeline
        self._output = Output()
        self._quiet = Quiet()
        self._errors = b""
        self._reading_errors = asyncio.create_task(self._read_errors())

    @classmethod
    async def start(cls, program: Program, added: Mapping[str, str] = NOTHING) -> Process:
        """Start a program, with variables beside its own. Raises OSError for one that the system does not start."""
        theirs, ours = os.pipe()
        try:
            running = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(SUPERVISOR)),
                *(str(theirs), ",".join(f"{n}={amount}" for n, amount in program.limits)),
                *program.command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=program.cwd,
                env=program.variables(added),
                pass_fds=(theirs,),
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)  # whatever was started ends with it
            raise
        finally:
            os.close(theirs)
        return cls(program, running, ours)

    @property
    def pid(self) -> int:
        """The supervisor's, which is its group's as well."""
        return self._running.pid

    @property
    def last_words(self) -> str:
        """What it last said on standard error, in a line for the log."""
        return " ".join(_plain(self._errors[-LONGEST_LOGGED:]).split())

    async def lines(self) -> AsyncIterator[bytes | TooLong]:
        """Yield what it says on standard output, until that ends."""
        assert self._running.stdout is not None  # noqa: S101 - for the type
        while data := await self._running.stdout.read(PIECE):
            for line in self._output.feed(data):
                yield line

    def note_noise(self, line: bytes) -> None:
        """Write a line that is no message to the log."""
        said = "MCP_STDIO[%r] says what is no message: %s"
        self._quiet.log(logging.WARNING, said, self.program.alias, line)

    @property
    def is_open(self) -> bool:
        """Whether its standard input takes messages, as far as is known."""
        return self._running.stdin is not None and not self._running.stdin.is_closing()

    def post(self, message: bytes) -> bool:
        """Hand it a message; False when it ended, or left too much unread."""
        pipe = self._running.stdin
        if pipe is None or pipe.is_closing():
            return False
        if pipe.transport.get_write_buffer_size() + len(message) > UNREAD_LIMIT:
            return False
        pipe.write(message + b"\n")
        return True

    async def stop(self) -> None:
        """End it, and all that came of it: politely, then not."""
        with contextlib.suppress(OSError):
            if self._running.stdin is not None:
                self._running.stdin.close()
        if not await self._ended(LEAVE_PATIENCE):
            self._let_go()
            if not await self._ended(END_PATIENCE):
                logger.error("MCP_STDIO[%r]: %d had to be killed", self.program.alias, self.pid)
        self._let_go()
        code = self._running.returncode
        if code is None or code < 0:  # else the supervisor came to its own end, and all with it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            await self._ended(END_PATIENCE)
        self._reading_errors.cancel()
        await asyncio.wait([self._reading_errors])

    async def _ended(self, limit: float) -> bool:
        try:
            async with asyncio.timeout(limit):
                await self._running.wait()
        except TimeoutError:
            return False
        return True

    def _let_go(self) -> None:
        lifeline, self._lifeline = self._lifeline, -1
        if lifeline >= 0:
            os.close(lifeline)

    async def _read_errors(self) -> None:
        assert self._running.stderr is not None  # noqa: S101 - for the type
        rest = b""
        while data := await self._running.stderr.read(PIECE):
            self._errors = (self._errors + data)[-KEPT:]
            *lines, rest = (rest[-KEPT:] + data).split(b"\n")
            for line in filter(None, lines):
                self._quiet.log(logging.INFO, "MCP_STDIO[%r]: %s", self.program.alias, line)


def _plain(line: bytes) -> str:
    """Text without what moves a terminal's cursor, or worse."""
    text = line.decode(errors="replace")
    return "".join(char if char.isprintable() else " " for char in text)
