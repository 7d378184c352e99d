"""
CPU time of the parts that every call passes, one by one.

Run with ``python -m benchmarks.components`` from the checkout; give it
``MCP_TEST_DATABASE_URL`` to measure against PostgreSQL. Figures are process
CPU (user and system, all threads) in microseconds, the best of some rounds:
compare them within one run only.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

import django

ROUNDS = 5
TASKS = 32
COUNT = 10_000


async def in_tasks(step: Callable[[], Awaitable[Any]], tasks: int, count: int) -> None:
    async def one() -> None:
        for _ in range(count // tasks):
            await step()

    await asyncio.gather(*(one() for _ in range(tasks)))


async def cpu_each(step: Callable[[], Awaitable[Any]], *, tasks: int, count: int = COUNT) -> float:
    """The CPU time of one step when so many tasks take it at once."""
    await in_tasks(step, tasks, count // 10)
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        await in_tasks(step, tasks, count)
        best = min(best, time.process_time() - before)
    return best / count * 1e6


def report(name: str, value: float, baseline: float = 0.0) -> None:
    print(f"{name:<58} {value:7.2f}" + (f"  (+{value - baseline:.2f})" if baseline else ""))


async def nothing() -> None:
    """What a step costs that does nothing."""


def echo(text: str) -> str:
    return text


async def measure_threads() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from asgiref.sync import sync_to_async

    from mcp_transport.threads import ThreadPool

    async def directly() -> str:
        return echo("hello")

    def in_executor() -> Awaitable[str]:
        return asyncio.get_running_loop().run_in_executor(executor, echo, "hello")

    pool = ThreadPool(32, 1000, "benchmark")
    executor = ThreadPoolExecutor(32)
    in_thread = sync_to_async(echo, thread_sensitive=False)
    for tasks in (1, 8, TASKS):
        baseline = await cpu_each(directly, tasks=tasks)
        report(f"function, called directly, {tasks} tasks", baseline)
        value = await cpu_each(lambda: pool.run(echo, "hello"), tasks=tasks)
        report("  ThreadPool.run", value, baseline)
        value = await cpu_each(in_executor, tasks=tasks)
        report("  ThreadPoolExecutor", value, baseline)
        value = await cpu_each(lambda: in_thread("hello"), tasks=tasks, count=COUNT // 10)
        report("  sync_to_async", value, baseline)
    await pool.stop(5)
    executor.shutdown()


def call_row(model: type[Any]) -> tuple[Any, ...]:
    """A row with something in every column but the key and the chain's."""
    values = {
        "started_at": datetime.datetime.now(datetime.UTC), "duration_us": 120, "user_id": 5,
        "token_id": 7, "error_code": None, "result_bytes": 64, "sequence": 0,
        "arguments": '{"text":"hello"}', "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip
    names = [field.attname for field in model._meta.concrete_fields if field.attname != "id"]
    return tuple(values.get(name, f"{name[:10]}") for name in names)


async def measure_writer() -> None:
    from itertools import count

    from mcp_transport.models import Call
    from mcp_transport.storage.statements import insert
    from mcp_transport.storage.writer import Writer

    writer = Writer(queue_limit=100_000)
    statement = insert(Call)
    sequence = count(1)
    template = call_row(Call)
    at = [field.attname for field in statement.fields].index("sequence")

    def row() -> tuple[Any, ...]:
        return (*template[:at], next(sequence), *template[at + 1 :])

    async def post() -> None:
        writer.post(statement, row())

    for tasks in (1, 8, TASKS):
        report(f"Writer.write, {tasks} tasks, a row of {len(template)} columns",
               await cpu_each(lambda: writer.write(statement, row()), tasks=tasks))  # fmt: skip
    before = time.process_time()
    await in_tasks(post, TASKS, COUNT)
    await writer.flush(30)
    report("Writer.post", (time.process_time() - before) / COUNT * 1e6)
    await writer.stop(5)


def each(step: Callable[[], Any], count: int = 100_000) -> float:
    """The CPU time of one call of a function."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = time.process_time()
        for _ in range(count):
            step()
        best = min(best, time.process_time() - before)
    return best / count * 1e6


async def measure_audit() -> None:
    from mcp_transport.audit.record import CallRecord
    from mcp_transport.audit.recorder import Recorder
    from mcp_transport.audit.redaction import Redactor
    from mcp_transport.audit.verification import verify
    from mcp_transport.storage.writer import Writer
    from mcp_transport.threads import ThreadPool

    redactor = Redactor(("password", "token"), {"properties": {"text": {"type": "string"}}})
    report("Redactor, nothing to hide", each(lambda: redactor({"text": "hello"})))
    report("Redactor, an unknown name", each(lambda: redactor({"other": "hello"})))

    def record() -> CallRecord:
        return CallRecord(
            started_at=datetime.datetime.now(datetime.UTC), duration_us=120, server="main",
            method="tools/call", kind="tool", entry="echo", revision="2026-07-28",
            transport="streamable_http", request_id="17", principal="user:5/token:12",
            username="ada", user_id=5, token_id=12, client="bench 1.0",
            arguments='{"text":"hello"}', result_bytes=64,
        )  # fmt: skip

    report("CallRecord", each(record))
    writer = Writer(queue_limit=100_000)
    durable = Recorder(writer, "durable", "benchmark-durable")
    for tasks in (1, 8, TASKS):
        value = await cpu_each(lambda: durable.record(record()), tasks=tasks)
        report(f"Recorder.record, durable, {tasks} tasks, record included", value)
    batched = Recorder(writer, "batched", "benchmark-batched")
    before = time.process_time()
    await in_tasks(lambda: batched.record(record()), TASKS, COUNT)
    await writer.flush(30)
    value = (time.process_time() - before) / COUNT * 1e6
    report("Recorder.record, batched, record included", value)
    await writer.stop(5)
    pool = ThreadPool(1, 1, "benchmark")  # closes the connection, unlike to_thread
    before = time.process_time()
    chain = await pool.run(verify, "benchmark-durable")
    await pool.stop(5)
    report("verify, a row", (time.process_time() - before) / chain.rows * 1e6)
    assert chain.broken is None


async def measure() -> None:
    """Every part after the other, on one loop."""
    report("a task that does nothing", await cpu_each(nothing, tasks=TASKS))
    await measure_threads()
    await measure_writer()
    await measure_audit()


def main() -> None:
    """Migrate a database of our own, measure, and drop it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from django.db import connection

    name = connection.creation.create_test_db(verbosity=0, autoclobber=True)
    connection.close()
    try:
        asyncio.run(measure())
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


if __name__ == "__main__":
    main()
