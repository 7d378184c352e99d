"""What a worker process owns, started and stopped."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcp_transport.models import (
    Worker,
)
from mcp_transport.worker import lifespan
from mcp_transport.worker.lifespan import Runtime, runtime

LIMIT = 30.0


@pytest.fixture
async def run(transactional_db: None) -> AsyncIterator[Runtime]:
    run = runtime()
    yield run
    await run.stop()


async def test_a_worker_has_a_row_from_its_start_to_its_end(run: Runtime) -> None:
    await run.start()
    row = await Worker.objects.aget()
    assert (row.id, row.ended_at) == (run.worker_id, None)
    await run.stop()
    await row.arefresh_from_db()
    assert row.ended_at is not None


async def test_who_comes_second_waits_for_the_first(run: Runtime) -> None:
    await asyncio.gather(*(run.start() for _ in range(5)))
    assert run.is_started
    assert await Worker.objects.acount() == 1


async def test_a_process_has_one_runtime_at_a_time(run: Runtime) -> None:
    assert runtime() is run
    await run.start()
    await run.stop()
    await run.stop()
    assert not run.is_started
    assert runtime() is not run


async def test_a_start_that_failed_is_tried_again(
    run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise OSError("the bus is away")

    with monkeypatch.context() as patched:
        patched.setattr(run.hub, "start", fail)
        with pytest.raises(OSError, match="away"):
            await run.start()
    await Worker.objects.all().adelete()
    await run.start()
    assert run.is_started


async def test_draining_happens_once(run: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    drained: list[float] = []

    async def drain(seconds: float) -> None:
        drained.append(seconds)

    await run.start()
    monkeypatch.setattr(run.engine, "drain", drain)
    await asyncio.gather(run.drain(), run.drain())
    await run.stop()
    assert len(drained) == 1
    assert run.is_draining


async def test_the_signal_to_stop_departs_from_a_server_without_a_lifespan(
    run: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifespan, "FAREWELL", 0.0)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGTERM, lambda *_: loop.call_soon_threadsafe(told.set))
    try:
        await run.start()
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(LIMIT):
            await told.wait()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not run.is_started
    assert (await Worker.objects.aget()).ended_at is not None


def test_threads_that_come_first_together_make_one_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[object] = []
    are_there = threading.Barrier(4, timeout=LIMIT)

    class Slow:
        def __init__(self) -> None:
            time.sleep(0.05)  # so that all of them find none
            made.append(self)

    def come() -> object:
        are_there.wait()
        return runtime()

    monkeypatch.setattr(lifespan, "Runtime", Slow)
    monkeypatch.setattr(lifespan, "_current", None)
    with ThreadPoolExecutor(4) as threads:
        got = [future.result(LIMIT) for future in [threads.submit(come) for _ in range(4)]]
    assert len(made) == 1
    assert set(got) == set(made)
