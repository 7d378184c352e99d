"""Work under a deadline: how it ends, and what it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from mcp_transport.engine.guard import GRACE, Abandoned, Flag, Guarded, Hold, Overdue, attempt

LIMIT = 30.0


async def forever() -> None:
    await asyncio.Event().wait()


def seconds(number: float) -> Callable[[], float]:
    return lambda: number


async def bounded(work: Any, **options: Any) -> Any:
    async with asyncio.timeout(LIMIT):
        return await Guarded(work, **{"timeout": seconds(LIMIT), **options})


async def test_work_that_never_waits_arms_nothing() -> None:
    async def work() -> int:
        return 7

    guarded = Guarded(work(), timeout=lambda: pytest.fail("nobody asks"))
    assert await guarded == 7
    assert guarded._task is None


async def test_work_that_waits_returns_its_value() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await bounded(work()) == 7


async def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await bounded(work())


@pytest.mark.parametrize("limit", [0.0, GRACE / 2, GRACE * 2])
async def test_work_that_takes_too_long_is_ended(limit: float) -> None:
    with pytest.raises(Overdue):
        await bounded(forever(), timeout=seconds(limit))


async def test_work_is_ended_when_its_client_leaves() -> None:
    gone = asyncio.Event()
    asyncio.get_running_loop().call_soon(gone.set)

    async def leave() -> None:
        await gone.wait()

    with pytest.raises(Abandoned):
        await bounded(forever(), gone=leave)


async def test_the_task_goes_on_after_an_ended_work() -> None:
    with pytest.raises(Overdue):
        await bounded(forever(), timeout=seconds(0))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)  # a cancellation that was left over would strike here


async def test_work_that_swallows_its_cancellation_keeps_its_value() -> None:
    async def stubborn() -> str:
        with suppress(asyncio.CancelledError):
            await forever()
        await asyncio.sleep(0)
        return "done all the same"

    assert await bounded(stubborn(), timeout=seconds(0)) == "done all the same"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_work_may_tidy_up_while_it_is_ended() -> None:
    tidied: list[bool] = []

    async def tidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            tidied.append(True)

    with pytest.raises(Overdue):
        await bounded(tidy(), timeout=seconds(0))
    assert tidied == [True]


async def test_the_work_may_have_time_limits_and_groups_of_its_own() -> None:
    async def work() -> str:
        with suppress(TimeoutError):
            async with asyncio.timeout(0):
                await forever()
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
            group.create_task(forever())
        return "never"

    with pytest.raises(Overdue):
        await bounded(work(), timeout=seconds(GRACE * 2))


async def test_a_cancelled_task_is_cancelled_and_not_overdue() -> None:
    task = asyncio.ensure_future(bounded(forever()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_only_the_first_reason_counts() -> None:
    guarded = Guarded(forever(), timeout=seconds(LIMIT))

    async def run() -> None:
        await guarded

    task = asyncio.ensure_future(run())
    await asyncio.sleep(0)
    guarded.end(Abandoned())
    guarded.end(Overdue())
    with pytest.raises(Abandoned):
        await task


async def test_a_reason_before_the_work_waits_is_none() -> None:
    async def work() -> int:
        return 7

    guarded = Guarded(work(), timeout=seconds(LIMIT))
    guarded.end(Abandoned())
    assert await guarded == 7


async def test_a_client_that_hears_nothing_is_spoken_to_once() -> None:
    spoken: list[bool] = []
    heard = asyncio.Event()

    async def speak() -> None:
        spoken.append(True)
        heard.set()
        raise OSError("the client is gone")  # the exchange meets it by itself

    async def work() -> str:
        await heard.wait()
        return "heard"

    assert await bounded(work(), unheard=speak, unheard_after=0.0) == "heard"
    assert spoken == [True]


async def test_work_that_ends_early_speaks_to_nobody() -> None:
    async def work() -> str:
        await asyncio.sleep(0)
        return "done"

    async def speak() -> None:
        pytest.fail("nobody waited")

    guarded = Guarded(work(), timeout=seconds(LIMIT), unheard=speak, unheard_after=0.0)
    assert await guarded == "done"
    assert all(timer.cancelled() for timer in guarded._timers)
    assert guarded._helpers == []


async def test_the_watchers_end_with_the_work() -> None:
    watching = asyncio.Event()

    async def gone() -> None:
        watching.set()
        await forever()

    async def work() -> str:
        await watching.wait()
        return "done"

    guarded = Guarded(work(), timeout=seconds(LIMIT), gone=gone)
    assert await guarded == "done"
    async with asyncio.timeout(LIMIT):
        await asyncio.wait(guarded._helpers)
    assert all(helper.cancelled() for helper in guarded._helpers)


async def test_what_is_held_gives_what_it_gives() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    hold = Hold()
    assert await hold.wait(work()) == 7
    assert not hold.is_cut
    hold.release()
    assert not hold.is_cut


@pytest.mark.parametrize("is_early", [True, False])
async def test_what_is_held_ends_when_it_is_released(is_early: bool) -> None:
    hold = Hold()
    if is_early:
        hold.release()
    task = asyncio.ensure_future(hold.wait(forever()))
    await asyncio.sleep(0)
    hold.release()
    hold.release()
    async with asyncio.timeout(LIMIT):
        await task
    assert hold.is_cut
    assert not task.cancelling()


@pytest.mark.parametrize("is_released", [True, False])
async def test_a_task_that_holds_can_be_cancelled(is_released: bool) -> None:
    hold = Hold()
    task = asyncio.ensure_future(hold.wait(forever()))
    await asyncio.sleep(0)
    if is_released:
        hold.release()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_needs_no_waiting_is_done_without_a_task() -> None:
    done = []

    async def work() -> None:
        done.append(1)

    assert attempt(work()) is None
    assert done == [1]


async def test_the_rest_of_what_has_to_wait_is_done_by_a_task() -> None:
    may_go_on, done = asyncio.Event(), []

    async def work() -> None:
        await may_go_on.wait()
        await asyncio.sleep(0)
        done.append(1)

    rest = attempt(work())
    assert rest is not None
    task = asyncio.ensure_future(rest)
    await asyncio.sleep(0)
    assert done == []
    may_go_on.set()
    async with asyncio.timeout(LIMIT):
        await task
    assert done == [1]


async def test_what_fails_at_once_fails_there() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        attempt(work())


async def test_a_flag_lets_everybody_go_who_waits_or_comes_later() -> None:
    flag = Flag()
    waiting = [asyncio.ensure_future(flag.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not flag.is_set
    waiting[0].cancel()
    await asyncio.sleep(0)
    flag.set()
    await asyncio.wait(waiting, timeout=LIMIT)
    assert [one.cancelled() for one in waiting] == [True, False, False]
    await asyncio.wait_for(flag.wait(), LIMIT)
    assert flag.is_set
