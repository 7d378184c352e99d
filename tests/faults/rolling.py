"""Worker processes that are replaced one after the other while clients call."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import Counter
from functools import partial
from itertools import count
from pathlib import Path

from tests.faults.finding import Finding, a_site
from tests.faults.wire import LIMIT, Streams, ask, connect
from tests.fleet.fleet import Fleet
from tests.process import START_LIMIT, Process, until

RATE = 50  # calls in a second
CLIENTS = 10
RESTARTS = 2  # at least
STEADY = 1.0  # seconds between two restarts
ENDED = (OSError, asyncio.IncompleteReadError)
PROCESSES = {1: "2 services of 1 process", 2: "2 services of 2 processes"}
IDLE = "an idle connection had ended"


class Calling:
    """Clients that call at a steady rate over connections that they keep."""

    def __init__(self, port: int, calls: int) -> None:
        self.results: Counter[str] = Counter()
        self._port = port
        self._calls = calls
        self.restarts = 0

    async def run(self) -> None:
        """Make the calls."""
        await asyncio.gather(*(self._client(number) for number in range(CLIENTS)))

    async def _client(self, number: int) -> None:
        streams: Streams | None = None
        begun = time.monotonic() + number / RATE
        for turn in count():
            if turn >= self._calls // CLIENTS and self.restarts >= RESTARTS:
                break
            await asyncio.sleep(begun + turn * CLIENTS / RATE - time.monotonic())
            streams = await self._call(streams)
        if streams is not None:
            streams[1].close()

    async def _call(self, streams: Streams | None) -> Streams | None:
        """One call, and the connection for the next."""
        was_idle = streams is not None
        try:
            streams = streams or await connect(self._port)
            status, is_kept = await self._ask(streams)
        except ENDED as error:
            if streams is not None:
                streams[1].close()
            self.results[IDLE if was_idle else type(error).__name__] += 1
            return None
        self.results[str(status)] += 1
        if is_kept:
            return streams
        streams[1].close()
        return None

    async def _ask(self, streams: Streams) -> tuple[int, bool]:
        async with asyncio.timeout(LIMIT):
            return await ask(streams)


async def run(path: Path, calls: int) -> list[Finding]:
    """Behind nginx, and with nothing in front."""
    return [
        await behind_nginx(path / "nginx", calls, workers=1),
        await behind_nginx(path / "many", calls, workers=2),
        await directly(path / "direct", calls),
    ]


async def behind_nginx(path: Path, calls: int, *, workers: int) -> Finding:
    """Two services of so many processes, of which one is restarted after the other."""
    fleet = Fleet(a_site(path), workers=workers)
    try:
        await fleet.start()
        calling = Calling(fleet.port, calls)
        running = asyncio.create_task(calling.run())
        while not running.done():
            for worker in fleet.workers:
                worker.terminate()
                await worker.ended(within=LIMIT)
                await worker.start()
                calling.restarts += 1
                await asyncio.wait({running}, timeout=STEADY)
        await running
    finally:
        fleet.stop()
    return Finding(
        fault=f"rolling restart behind nginx, {PROCESSES[workers]}",
        count=f"{calling.results.total():,} calls at {RATE}/s, {calling.restarts} restarts",
        expected="0 failed",
        seen=told(calling.results),
        is_good=set(calling.results) == {"200"},
    )


async def directly(path: Path, calls: int) -> Finding:
    """One service of two workers, which replaces them at SIGHUP."""
    process = Process(a_site(path), workers=2)
    try:
        await process.start()
        calling = Calling(process.port, calls)
        running = asyncio.create_task(calling.run())
        while not running.done():
            await asyncio.wait({running}, timeout=STEADY)
            before = children(process.pid)
            process.send(signal.SIGHUP)
            await until(partial(are_replaced, process.pid, before), within=START_LIMIT * 2)
            calling.restarts += 2
        await running
        process.terminate()
        await process.ended(within=LIMIT)
    finally:
        process.close()
    failed = set(calling.results) - {"200", IDLE}
    return Finding(
        fault="rolling restart, 1 service of 2 processes, nothing in front",
        count=f"{calling.results.total():,} calls at {RATE}/s, {calling.restarts} restarts",
        expected="nothing but idle connections that had ended",
        seen=told(calling.results),
        is_good=not failed,
    )


def told(results: Counter[str]) -> str:
    """What came of the calls, in words."""
    rest = [f"{count} × {what}" for what, count in results.most_common() if what != "200"]
    return ", ".join([f"{results['200']:,} answered", *(rest or ["0 failed"])])


def children(pid: int) -> set[str]:
    """The worker processes of a service."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return {child for child in found if is_worker(child)}


def are_replaced(pid: int, before: set[str]) -> bool:
    """Whether none of the worker processes is there any more."""
    return before.isdisjoint(children(pid))


def is_worker(pid: str) -> bool:
    """Whether a process is one that serves, and not one that keeps count of resources."""
    with contextlib.suppress(OSError):
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
