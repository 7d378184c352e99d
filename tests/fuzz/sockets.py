"""
HTTP/1.1 written by hand to a real server process.

A framing says how a request is put on the wire. After an honest one an answer
has to come; after the others the client hangs up, and whatever comes is judged.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from tests.fuzz.attempts import Attempt
from tests.fuzz.judging import Answer

LIMIT = 30.0  # seconds after which an exchange counts as hanging
ROUGH_PATIENCE = 0.1  # seconds until a client hangs up that cannot expect an answer
PAUSE = 0.002  # seconds between the parts of a slow request
ENDED = (ConnectionError, asyncio.IncompleteReadError)

Parts = list[bytes]


def head(attempt: Attempt, *more: bytes) -> bytes:
    """The request line and the headers."""
    lines = [f"{attempt.method} {attempt.target} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in attempt.headers]
    return b"\r\n".join([*lines, *more, b"", b""])


def by_length(attempt: Attempt) -> Parts:
    """As every client does it."""
    return [head(attempt, b"content-length: %d" % len(attempt.body)) + attempt.body]


def in_chunks(attempt: Attempt) -> Parts:
    """Without a length beforehand."""
    size = max(1, len(attempt.body) // 3)
    pieces = [attempt.body[i : i + size] for i in range(0, len(attempt.body), size)]
    coded = b"".join(b"%x;a=b\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return [head(attempt, b"transfer-encoding: chunked") + coded + b"0\r\n\r\n"]


def slowly(attempt: Attempt) -> Parts:
    """A few bytes at a time."""
    (whole,) = by_length(attempt)
    size = max(1, len(whole) // 6)
    return [whole[i : i + size] for i in range(0, len(whole), size)]


def twice_at_once(attempt: Attempt) -> Parts:
    """The next request behind the first, before that is answered."""
    return [b"".join(by_length(attempt) * 2)]


def too_short(attempt: Attempt) -> Parts:
    """More body than was announced."""
    return [head(attempt, b"content-length: %d" % (len(attempt.body) // 2)) + attempt.body]


def too_long(attempt: Attempt) -> Parts:
    """Less body than was announced."""
    return [head(attempt, b"content-length: %d" % (len(attempt.body) + 10)) + attempt.body]


def half(attempt: Attempt) -> Parts:
    """Nothing after the middle, wherever that is."""
    (whole,) = by_length(attempt)
    return [whole[: len(whole) // 2]]


def bad_chunks(attempt: Attempt) -> Parts:
    """Chunks whose sizes are none."""
    coded = b"-5\r\n" + attempt.body + b"\r\nzz\r\n\r\n"
    return [head(attempt, b"transfer-encoding: chunked") + coded]


def both_lengths(attempt: Attempt) -> Parts:
    """Two ways to find the end, of which each server picks one."""
    more = (b"content-length: %d" % len(attempt.body), b"transfer-encoding: chunked")
    return [head(attempt, *more) + attempt.body + b"\r\n0\r\n\r\n"]


def two_lengths(attempt: Attempt) -> Parts:
    """Two lengths."""
    more = (b"content-length: %d" % len(attempt.body), b"content-length: 3")
    return [head(attempt, *more) + attempt.body]


def folded(attempt: Attempt) -> Parts:
    """Headers that go on in the next line, end in one byte, or have no name."""
    more = (b"x: a\r\n b", b"y: a\nz: b", b": none", b"no colon", b"\x00: \x00")
    return [head(attempt, *more, b"content-length: 0")]


def huge_headers(attempt: Attempt) -> Parts:
    """More headers than anybody needs."""
    more = [b"x-%d: %s" % (number, b"y" * 500) for number in range(200)]
    return [head(attempt, *more, b"content-length: %d" % len(attempt.body)) + attempt.body]


def upgrade(attempt: Attempt) -> Parts:
    """Another protocol."""
    more = (b"connection: upgrade", b"upgrade: websocket", b"sec-websocket-version: 13")
    return [head(replace(attempt, method="GET"), *more)]


def nonsense(attempt: Attempt) -> Parts:
    """No HTTP at all."""
    return [attempt.body + b"\r\n\r\n"]


HONEST: dict[str, Callable[[Attempt], Parts]] = {
    "length": by_length,
    "chunks": in_chunks,
    "slow": slowly,
    "pipelined": twice_at_once,
}
ROUGH: dict[str, Callable[[Attempt], Parts]] = {
    "too short": too_short,
    "too long": too_long,
    "half": half,
    "bad chunks": bad_chunks,
    "both lengths": both_lengths,
    "two lengths": two_lengths,
    "folded": folded,
    "huge headers": huge_headers,
    "upgrade": upgrade,
    "nonsense": nonsense,
}
FRAMINGS = (*["length"] * 20, *["chunks", "slow", "pipelined"] * 3, *ROUGH)
UNFINISHED = ("too long", "half", "folded")
OF_THE_WIRE = frozenset({b"content-length", b"transfer-encoding", b"connection", b"upgrade"})


class Wire:
    """One client of a server process, which connects again whenever it has to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.sent = 0

    async def send(self, attempt: Attempt) -> Answer:
        """Send an attempt and take the first answer; a hang raises TimeoutError."""
        self.sent += 1
        is_rough = attempt.framing in ROUGH or attempt.is_left or not is_writable(attempt)
        if is_rough:
            return await self._rough(attempt)
        async with asyncio.timeout(LIMIT):
            try:
                return await self._honest(attempt)
            except ENDED:  # an idle connection may end just now
                await self.close()
                return await self._honest(attempt)

    async def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()
        self._reader = self._writer = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port, limit=2**24
            )
        return self._reader, self._writer

    async def _honest(self, attempt: Attempt) -> Answer:
        reader, writer = await self._connected()
        await put(writer, HONEST[attempt.framing](attempt))
        answer = await read_answer(reader, attempt)
        is_over = answer.is_stream or answer.headers.get("connection", "").lower() == "close"
        if attempt.framing == "pipelined" and not is_over:
            answer = await read_answer(reader, attempt)
        if is_over or answer.is_stream:
            await self.close()
        return answer

    async def _rough(self, attempt: Attempt) -> Answer:
        await self.close()
        parts = (ROUGH.get(attempt.framing) or HONEST[attempt.framing])(attempt)
        if attempt.is_left:
            parts = [*parts[:-1], parts[-1][: len(parts[-1]) - 1]]
        try:
            async with asyncio.timeout(LIMIT):
                return await self._write_and_read(attempt, parts)
        except ENDED:
            return Answer(is_owed=False)
        finally:
            await self.close()

    async def _write_and_read(self, attempt: Attempt, parts: Parts) -> Answer:
        reader, writer = await self._connected()
        await put(writer, parts)
        if not attempt.is_left and attempt.framing not in UNFINISHED:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUGH_PATIENCE):
                    return await read_answer(reader, attempt)
        writer.write_eof()
        return await read_answer(reader, attempt)


def is_writable(attempt: Attempt) -> bool:
    """Whether a request can be put on the wire as it is, so that it has to be answered."""
    names = {name for name, _ in attempt.headers}
    is_plain = all(b >= 0x20 for _, value in attempt.headers for b in value.replace(b"\t", b""))
    return is_plain and not names & OF_THE_WIRE and attempt.method.isalpha()


async def put(writer: asyncio.StreamWriter, parts: Parts) -> None:
    """Write a request, with pauses where it comes in parts."""
    for number, part in enumerate(parts):
        if number:
            await asyncio.sleep(PAUSE)
        writer.write(part)
        await writer.drain()


async def read_answer(reader: asyncio.StreamReader, attempt: Attempt) -> Answer:
    """Read one response; of a stream what comes while the client is patient."""
    begun = time.perf_counter()
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw[:-4].split(b"\r\n")
    answer = Answer(seconds=time.perf_counter() - begun, status=int(first.split()[1]))
    answer.headers = dict(_header(line) for line in lines)
    if answer.is_stream:
        answer.body = await _beginning(reader, attempt.patience)
    elif attempt.method != "HEAD" and answer.status not in (204, 304):
        answer.body = await _body(reader, answer.headers)
    return answer


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding") == "chunked":
        return b"".join([chunk async for chunk in _chunks(reader)])
    return await reader.read()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\n"), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)


async def _beginning(reader: asyncio.StreamReader, patience: float) -> bytes:
    body = b""
    with contextlib.suppress(TimeoutError, *ENDED):
        async with asyncio.timeout(patience):
            async for chunk in _chunks(reader):
                body += chunk
    return body
