"""Synchronous work in threads."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import connection

from mcp_transport.threads import Delivery, PoolExhausted, ThreadPool

LIMIT = 30.0  # seconds a test may wait

current = contextvars.ContextVar("current", default="nobody")


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    pool = ThreadPool(2, 1, "test")
    yield pool
    assert pool.shutdown(LIMIT)


class Gate:
    """A function that says when it has begun and ends when it is told to."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()

    def __call__(self) -> str:
        self.entered.release()
        assert self.opened.wait(LIMIT)
        return "through"


async def entered(gate: Gate) -> None:
    assert await asyncio.to_thread(gate.entered.acquire, timeout=LIMIT)


def fail(error: BaseException) -> None:
    raise error


async def test_the_result_of_the_function_comes_back(pool: ThreadPool) -> None:
    assert await pool.run(divmod, 7, 2) == (3, 1)


async def test_what_the_function_raises_is_raised(pool: ThreadPool) -> None:
    with pytest.raises(ValueError, match="out of range"):
        await pool.run(fail, ValueError("out of range"))


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(1), asyncio.CancelledError()])
async def test_what_a_future_cannot_carry_becomes_a_runtime_error(
    pool: ThreadPool, error: BaseException
) -> None:
    with pytest.raises(RuntimeError, match=type(error).__name__) as raised:
        await pool.run(fail, error)
    assert raised.value.__cause__ is error


async def test_a_thread_outlives_what_its_function_raises(pool: ThreadPool) -> None:
    for _ in range(5):
        with suppress(RuntimeError):
            await pool.run(fail, SystemExit(1))
    assert await pool.run(int, "3") == 3


async def test_the_function_sees_the_callers_context(pool: ThreadPool) -> None:
    token = current.set("ada")
    assert await pool.run(current.get) == "ada"
    current.reset(token)


async def test_the_function_does_not_run_on_the_loops_thread(pool: ThreadPool) -> None:
    assert (await pool.run(threading.current_thread)).name.startswith("test-")


async def test_threads_are_started_when_they_are_needed(pool: ThreadPool) -> None:
    names = {(await pool.run(threading.current_thread)).name for _ in range(5)}
    assert names == {"test-1"}


async def test_many_calls_come_back_to_their_own_waiters() -> None:
    pool = ThreadPool(4, 500, "many")
    assert await asyncio.gather(*(pool.run(abs, -i) for i in range(500))) == list(range(500))
    assert await pool.stop(LIMIT)


async def test_a_call_beyond_threads_and_queue_is_refused(pool: ThreadPool) -> None:
    gate = Gate()
    calls = [asyncio.ensure_future(pool.run(gate)) for _ in range(3)]
    await entered(gate)
    with pytest.raises(PoolExhausted, match="All 2 threads of the pool 'test' are busy"):
        await pool.run(int)
    gate.opened.set()
    assert await asyncio.gather(*calls) == ["through"] * 3
    assert await pool.run(int) == 0


async def test_a_cancelled_waiter_leaves_the_thread_at_work(pool: ThreadPool) -> None:
    gate = Gate()
    call = asyncio.ensure_future(pool.run(gate))
    await entered(gate)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.opened.set()
    assert await pool.run(int, "3") == 3


async def test_a_call_that_is_cancelled_in_the_queue_never_begins() -> None:
    pool = ThreadPool(1, 1, "single")
    gate, ran = Gate(), threading.Event()
    first = asyncio.ensure_future(pool.run(gate))
    second = asyncio.ensure_future(pool.run(ran.set))
    await entered(gate)
    second.cancel()
    with suppress(asyncio.CancelledError):
        await second
    gate.opened.set()
    await first
    assert await pool.stop(LIMIT)
    assert not ran.is_set()


def test_a_pool_serves_one_loop_after_another(pool: ThreadPool) -> None:
    for expected in range(3):
        assert asyncio.run(pool.run(int, expected)) == expected


def test_a_result_for_a_loop_that_has_closed_is_dropped(pool: ThreadPool) -> None:
    gate = Gate()

    async def leave() -> None:
        call = asyncio.ensure_future(pool.run(gate))
        await entered(gate)
        call.cancel()

    asyncio.run(leave())
    gate.opened.set()
    assert asyncio.run(pool.run(int, 4)) == 4


async def test_one_wake_up_brings_all_outcomes_that_are_ready() -> None:
    loop = asyncio.get_running_loop()
    delivery = Delivery(loop)
    futures = [loop.create_future() for _ in range(3)]
    delivery.hand_back([(futures[0], "a", None), (futures[1], "b", None)])
    delivery.hand_back([(futures[2], "c", None)])
    await asyncio.wait_for(futures[0], LIMIT)
    assert [future.done() for future in futures] == [True, True, True]


async def test_a_stopped_pool_refuses_work() -> None:
    pool = ThreadPool(1, 1, "over")
    assert await pool.stop(LIMIT)
    with pytest.raises(PoolExhausted, match="'over' has been stopped"):
        await pool.run(int)


async def test_stopping_says_when_a_thread_still_runs() -> None:
    pool = ThreadPool(1, 1, "slow")
    gate = Gate()
    call = asyncio.ensure_future(pool.run(gate))
    await entered(gate)
    assert not await pool.stop(0.01)
    gate.opened.set()
    assert await call == "through"


@pytest.mark.django_db(transaction=True)
async def test_a_functions_connection_is_closed_after_it(pool: ThreadPool) -> None:
    def query() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return connection.connection is not None

    assert await pool.run(query)
    assert await pool.run(lambda: connection.connection) is None


async def test_a_thread_that_cannot_be_started_takes_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    pool = ThreadPool(2, 0, "test")
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        for _ in range(3):
            with pytest.raises(PoolExhausted, match="thread"):
                await pool.run(int)
    assert pool.unfinished == 0
    assert await pool.run(int) == 0
    gate = Gate()
    first = asyncio.create_task(pool.run(gate))
    await entered(gate)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        second = asyncio.create_task(pool.run(int))  # waits for the one that there is
        await asyncio.sleep(0)
    gate.opened.set()
    assert (await first, await second) == ("through", 0)
    assert await pool.stop(LIMIT)
