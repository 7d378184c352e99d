"""
Load that wrk cannot make: sessions and streams. A program of its own.

    python -m benchmarks.load sessions '{"port": …, "path": …, "seconds": 5, "count": 8}'
    python -m benchmarks.load calls '{"port": …, "path": …, "seconds": 5, "count": 32}'
    python -m benchmarks.load streams '{"port": …, "path": …, "era": "modern", "count": 1000}'

``sessions`` and ``calls``, which go over WebSockets, print one line of figures. ``streams`` prints a line once every
stream is open, then one for each line it reads: ``announce`` tells a change
and waits until every stream has heard of it, ``stop`` ends.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from functools import partial
from statistics import quantiles
from typing import Any

import httptools
import uvloop

from benchmarks import messages
from benchmarks.messages import Address, Request

LIMIT = 60.0  # seconds anything may take
BEGINNING = 500  # bytes of an answer that are quoted when it is not a stream
AT_ONCE = 50  # streams that are being opened at the same time


class Connection(asyncio.Protocol):
    """A kept connection that carries one request at a time."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.status = 0
        self._answered: asyncio.Future[None] | None = None
        self._transport: Any = None
        self._parser: Any = None

    async def ask(self, address: Address, request: Request) -> None:
        """Send a request and wait for its answer."""
        if self._transport is None or self._transport.is_closing():
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: self, "127.0.0.1", address.port)
        self._parser = httptools.HttpResponseParser(self)
        self.headers = {}
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request.encoded())
        await self._answered
        if self.status >= 400:
            raise SystemExit(f"{request.method} {request.path} was answered with {self.status}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Protocol."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """See Protocol."""
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See Protocol."""
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(ConnectionResetError("closed before the answer"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """See httptools."""
        self.headers[name.decode().lower()] = value.decode()

    def on_message_complete(self) -> None:
        """See httptools."""
        self.status = self._parser.get_status_code()
        if not self._parser.should_keep_alive():
            self._transport.close()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


async def open_session(connection: Connection, address: Address) -> str:
    """The handshake; the session's id."""
    await connection.ask(address, messages.initialize(address))
    session = connection.headers["mcp-session-id"]
    await connection.ask(address, messages.initialized(address, session))
    return session


async def cycle_sessions(address: Address, *, count: int, seconds: float) -> dict[str, float]:
    """Open and close sessions over some connections until the time is over."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        connection = Connection()
        while (began := time.perf_counter()) < end:
            session = await open_session(connection, address)
            await connection.ask(address, messages.delete(address, session))
            took.append(time.perf_counter() - began)
        connection.close()

    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one() for _ in range(count)))
    seconds = time.perf_counter() - began
    cuts = [value * 1000 for value in quantiles(took, n=100)]
    busy = (time.process_time() - used) / seconds
    return {
        "done": len(took), "seconds": seconds, "p50": cuts[49], "p99": cuts[98], "busy": busy,
    }  # fmt: skip


class Caller(asyncio.Protocol):
    """A WebSocket that makes one call after the other until the time is over."""

    def __init__(self, address: Address, ids: Iterator[int], end: float) -> None:
        self.took: list[float] = []
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._upgrade = messages.upgrade(address).encoded()
        call = messages.frame(messages.modern_call(address, "echo"))
        self._before, _, self._after = call.partition(b"%d" % messages.FIRST_ID)
        self._ids = ids
        self._end = end
        self._began = 0.0
        self._received = b""
        self._is_open = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Protocol."""
        self._transport = transport
        self._transport.write(self._upgrade)

    def data_received(self, data: bytes) -> None:
        """See Protocol."""
        self._received += data
        if not self._is_open:
            self._open()
        elif (size := messages.frame_size(self._received)) and len(self._received) >= size:
            self._take()

    def connection_lost(self, exc: Exception | None) -> None:
        """See Protocol."""
        if not self.ended.done():
            self.ended.set_exception(ConnectionResetError(f"closed after {self._received!r}"))

    def _open(self) -> None:
        if b"\r\n\r\n" in self._received:
            self._is_open = True
            self._call()

    def _call(self) -> None:
        self._received = b""
        self._began = time.perf_counter()
        self._transport.write(b"%b%d%b" % (self._before, next(self._ids), self._after))

    def _take(self) -> None:
        if b"hello" not in self._received or b'"error"' in self._received:
            self.ended.set_exception(SystemExit(f"answered {self._received!r}"))
            return
        now = time.perf_counter()
        self.took.append(now - self._began)
        if now < self._end:
            self._call()
        else:
            self.ended.set_result(None)
            self._transport.abort()


async def call_over_sockets(address: Address, *, count: int, seconds: float) -> dict[str, float]:
    """Call a tool over some WebSockets until the time is over."""
    loop = asyncio.get_running_loop()
    began, used = time.perf_counter(), time.process_time()
    make = partial(Caller, address, itertools.count(messages.FIRST_ID), began + seconds)
    opened = [await loop.create_connection(make, "127.0.0.1", address.port) for _ in range(count)]
    callers = [caller for _transport, caller in opened]
    async with asyncio.timeout(seconds + LIMIT):
        await asyncio.gather(*(caller.ended for caller in callers))
    seconds = time.perf_counter() - began
    took = [value for caller in callers for value in caller.took]
    cuts = [value * 1000 for value in quantiles(took, n=100)]
    busy = (time.process_time() - used) / seconds
    return {
        "done": len(took), "seconds": seconds, "p50": cuts[49], "p99": cuts[98], "busy": busy,
    }  # fmt: skip


class Stream(asyncio.Protocol):
    """An open stream; it counts what it hears and keeps nothing."""

    def __init__(
        self, listeners: Listeners, request: Request, sign: bytes, first: bytes = b""
    ) -> None:
        self.opened = asyncio.get_running_loop().create_future()
        self._listeners = listeners
        self._request = request
        self._sign = sign
        self._first = first  # what is said once the server has answered
        self._beginning = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See Protocol."""
        self._transport = transport
        self._transport.write(self._request.encoded())

    def data_received(self, data: bytes) -> None:
        """See Protocol."""
        if not self.opened.done():
            if self._first:
                self._transport.write(self._first)
                self._first = b""
            if self._sign in data:
                self.opened.set_result(None)
            self._beginning += data[:BEGINNING]
        if b"list_changed" in data:
            self._listeners.heard(data.count(b"list_changed"))

    def connection_lost(self, exc: Exception | None) -> None:
        """See Protocol."""
        if not self.opened.done():
            said = self._beginning.decode(errors="replace")
            self.opened.set_exception(ConnectionResetError(f"closed before it was open: {said!r}"))

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()


class Listeners:
    """Many streams of one server."""

    def __init__(self, address: Address, era: str) -> None:
        self._address = address
        self._era = era
        self._streams: list[Stream] = []
        self._missing = 0
        self._last: asyncio.Future[float] | None = None

    async def open(self, count: int) -> None:
        """Open so many more streams."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one() -> None:
            async with gate, asyncio.timeout(LIMIT):
                await self._open_one()

        await asyncio.gather(*(one() for _ in range(count)))

    async def _open_one(self) -> None:
        first = b""
        if self._era == "modern":
            request, sign = messages.listen(self._address), b"acknowledged"
        elif self._era == "socket":
            request, sign = messages.upgrade(self._address), b"acknowledged"
            first = messages.frame(messages.listen(self._address))
        else:
            connection = Connection()
            session = await open_session(connection, self._address)
            connection.close()
            request, sign = messages.get_stream(self._address, session), b"\r\n\r\n"
        stream = Stream(self, request, sign, first)
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: stream, "127.0.0.1", self._address.port)
        await stream.opened
        self._streams.append(stream)

    def heard(self, count: int) -> None:
        """Count what a stream has heard."""
        self._missing -= count
        if self._missing <= 0 and self._last is not None and not self._last.done():
            self._last.set_result(time.perf_counter())

    async def announce(self, address: Address) -> dict[str, float]:
        """Tell a change; the milliseconds until the last stream has heard of it."""
        connection = Connection()
        self._missing = len(self._streams)
        self._last = asyncio.get_running_loop().create_future()
        began, used = time.perf_counter(), time.process_time()
        async with asyncio.timeout(LIMIT):
            await connection.ask(address, messages.modern_call(address, "announce"))
            last = await self._last
        connection.close()
        busy = (time.process_time() - used) / (time.perf_counter() - began)
        return {"milliseconds": (last - began) * 1000, "busy": busy}

    def close(self) -> None:
        """Hang up everywhere."""
        for stream in self._streams:
            stream.close()


async def hold_streams(wanted: dict[str, Any]) -> None:
    """Open the streams, then do what the standard input says."""
    address = address_of(wanted)
    listeners = Listeners(address, wanted["era"])
    await listeners.open(wanted["count"])
    say({"open": wanted["count"]})
    announcing = Address(port=address.port, path=wanted["announce"], token=address.token)
    while (line := await asyncio.to_thread(sys.stdin.readline)).strip() == "announce":
        say(await listeners.announce(announcing))
    listeners.close()
    say({"heard": line.strip()})


def address_of(wanted: dict[str, Any]) -> Address:
    """The server that the command line names."""
    return Address(port=wanted["port"], path=wanted["path"], token=wanted["token"])


def say(figures: dict[str, Any]) -> None:
    """One line for who started this program."""
    print(json.dumps(figures), flush=True)


async def main(what: str, wanted: dict[str, Any]) -> None:
    """Do what the command line says."""
    if what == "streams":
        await hold_streams(wanted)
        return
    address = address_of(wanted)
    load = call_over_sockets if what == "calls" else cycle_sessions
    say(await load(address, count=wanted["count"], seconds=wanted["seconds"]))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], json.loads(sys.argv[2])))
