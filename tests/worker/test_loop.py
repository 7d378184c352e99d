"""Tests of mcp_transport.worker.loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from mcp_transport.models import Worker
from mcp_transport.worker.lifespan import Runtime, current
from mcp_transport.worker.loop import perform, resident

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    yield
    resident.stop()


async def place(run: Runtime) -> tuple[Any, str, bool]:
    return asyncio.get_running_loop(), threading.current_thread().name, run.is_started


def test_a_process_without_a_loop_gets_one_that_stays() -> None:
    first, name, is_started = perform(place, within=30.0)
    assert (name, is_started) == ("mcp-loop", True)
    assert perform(place, within=30.0)[0] is first
    assert Worker.objects.filter(ended_at=None).count() == 1


async def test_the_loop_that_serves_is_used_where_there_is_one() -> None:
    loop, _name, is_started = await sync_to_async(perform)(place, within=30.0)
    run = current()
    assert run is not None
    assert is_started
    assert loop is asyncio.get_running_loop()
    await run.stop()


async def test_what_goes_on_after_its_caller_has_left_may_use_the_database() -> None:
    going: list[asyncio.Task[int]] = []
    released = asyncio.Event()

    async def count() -> int:
        await released.wait()
        return await Worker.objects.acount()

    async def begin(run: Runtime) -> Runtime:
        going.append(asyncio.create_task(count()))
        return run

    def view() -> Runtime:
        return async_to_sync(sync_to_async(perform))(begin, within=30.0)

    run = await sync_to_async(view)()
    released.set()
    assert await asyncio.wait_for(going[0], 30.0) == 1
    await run.stop()


def test_a_stopped_process_is_a_worker_no_more() -> None:
    perform(place, within=30.0)
    resident.stop()
    assert Worker.objects.filter(ended_at=None).count() == 0
    assert current() is None


def test_what_goes_wrong_on_the_loop_is_raised() -> None:
    async def fail(_run: Runtime) -> None:
        raise LookupError("lost")

    with pytest.raises(LookupError, match="lost"):
        perform(fail, within=30.0)


def test_what_takes_too_long_is_given_up() -> None:
    async def wait(_run: Runtime) -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(TimeoutError):
        perform(wait, within=0.01)
