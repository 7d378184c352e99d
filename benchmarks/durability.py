"""
What it costs to keep a call: CPU time and waiting, by mode and by database.

Run with ``python -m benchmarks.durability`` from the checkout; with
``MCP_TEST_DATABASE_URL`` it measures PostgreSQL, otherwise SQLite with each of
its two ways to commit. CPU is of the whole process, in microseconds a call;
waiting is the median of a call, in milliseconds. Compare within one run only.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import statistics
import time
from typing import Any

import django

ROUNDS = 5
CALLS = 8_000
SYNCHRONOUS = ("NORMAL", "FULL")


def call_record() -> Any:
    from mcp_transport.audit.record import CallRecord

    return CallRecord(
        started_at=datetime.datetime.now(datetime.UTC), duration_us=120, server="main",
        method="tools/call", kind="tool", entry="echo", revision="2026-07-28",
        transport="streamable_http", request_id="17", principal="user:5/token:12",
        username="ada", user_id=5, token_id=12, client="bench 1.0",
        arguments='{"text":"hello"}', result_bytes=64,
    )  # fmt: skip


async def record(recorder: Any, tasks: int) -> tuple[float, float]:
    """CPU µs a call, and the median of how long one waits in ms, when so many call at once."""
    waits: list[float] = []

    async def one() -> None:
        for _ in range(CALLS // tasks):
            begun = time.perf_counter()
            await recorder.record(call_record())
            waits.append(time.perf_counter() - begun)

    before = time.process_time()
    await asyncio.gather(*(one() for _ in range(tasks)))
    await recorder._writer.flush(30)
    cpu = (time.process_time() - before) / CALLS * 1e6
    return cpu, statistics.median(waits) * 1e3


async def measure(name: str, mode: str) -> None:
    from mcp_transport.audit.recorder import Recorder
    from mcp_transport.storage.writer import Writer

    for tasks in (1, 8, 32):
        writer = Writer(queue_limit=100_000)
        recorder = Recorder(writer, mode, f"{name}-{mode}-{tasks}"[:64])
        await record(recorder, tasks)
        rounds = [await record(recorder, tasks) for _ in range(ROUNDS)]
        cpu, wait = min(cpu for cpu, _ in rounds), statistics.median(wait for _, wait in rounds)
        print(f"{name:<20} {mode:<8} {tasks:>3} at once {cpu:8.1f} µs CPU {wait:8.3f} ms")
        await writer.stop(5)


def main() -> None:
    """Migrate a database of our own, measure, and drop it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    created = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    ways = SYNCHRONOUS if connection.vendor == "sqlite" else ("",)
    try:
        for way in ways:
            if way:
                options["init_command"] = f"PRAGMA journal_mode=WAL;PRAGMA synchronous={way}"
            for mode in ("off", "batched", "durable"):
                asyncio.run(measure(f"{connection.vendor} {way}".strip(), mode))
    finally:
        connection.creation.destroy_test_db(created, verbosity=0)


if __name__ == "__main__":
    main()
