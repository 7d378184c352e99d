"""Tests of mcp_transport.serving.stopping; the signal is a call, the process goes on."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from types import FrameType, SimpleNamespace
from typing import Any, BinaryIO

import pytest

from mcp_transport.serving.stopping import Requests, StopSignal, closing

LIMIT = 30.0  # seconds any single wait may take


class Ending:
    """A server's handler and what is to be done before it, in the order they come."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.is_prepared = asyncio.Event()
        self.is_stopped = asyncio.Event()

    async def warn(self) -> None:
        """What is done while the server is still open."""
        self.steps.append("warned")

    async def prepare(self) -> None:
        """What is done before the process ends."""
        self.steps.append("prepared")
        self.is_prepared.set()

    async def fail(self) -> None:
        """A preparation that comes to nothing."""
        self.steps.append("failed")
        raise RuntimeError("no")

    def stop(self, number: int, frame: FrameType | None) -> None:
        """The server's own handler."""
        assert number == signal.SIGTERM
        self.steps.append("stopped")
        self.is_stopped.set()


@pytest.fixture
async def ending() -> Ending:
    """What happens at the end."""
    return Ending()


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """Whatever a test puts in front of the signal is taken away."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def caught(ending: Ending, *, comes_first: bool) -> StopSignal:
    """A signal that is waited for in front of a server's handler."""
    signal.signal(signal.SIGTERM, ending.stop)
    stop = StopSignal(ending.prepare, warn=ending.warn, comes_first=lambda: comes_first)
    stop.catch()
    return stop


async def arrived(event: asyncio.Event) -> None:
    """Wait for one of the steps."""
    async with asyncio.timeout(LIMIT):
        await event.wait()


async def test_a_server_that_waits_for_streams_is_told_before_they_end(ending: Ending) -> None:
    caught(ending, comes_first=False)
    signal.raise_signal(signal.SIGTERM)
    assert ending.steps == []
    await arrived(ending.is_prepared)
    assert ending.steps == ["warned", "stopped", "prepared"]


async def test_a_server_that_cuts_streams_is_told_afterwards(ending: Ending) -> None:
    caught(ending, comes_first=True)
    signal.raise_signal(signal.SIGTERM)
    assert ending.steps == []
    await arrived(ending.is_stopped)
    assert ending.steps == ["warned", "prepared", "stopped"]


async def test_a_server_is_told_even_when_the_preparation_fails(ending: Ending) -> None:
    signal.signal(signal.SIGTERM, ending.stop)
    stop = StopSignal(ending.fail, warn=ending.warn, comes_first=lambda: True)
    stop.catch()
    signal.raise_signal(signal.SIGTERM)
    await arrived(ending.is_stopped)
    assert ending.steps == ["warned", "failed", "stopped"]
    assert stop._preparing is not None
    with pytest.raises(RuntimeError):
        await stop._preparing


@pytest.mark.parametrize("comes_first", [True, False])
async def test_a_second_signal_waits_for_nothing(ending: Ending, comes_first: bool) -> None:
    caught(ending, comes_first=comes_first)
    signal.raise_signal(signal.SIGTERM)
    before = ending.steps.count("stopped")
    signal.raise_signal(signal.SIGTERM)
    assert ending.steps.count("stopped") == before + 1
    await arrived(ending.is_prepared)
    assert ending.steps.count("prepared") == 1


async def test_once_released_the_server_has_its_handler_back(ending: Ending) -> None:
    stop = caught(ending, comes_first=True)
    stop.release()
    assert signal.getsignal(signal.SIGTERM) == ending.stop


async def test_a_handler_that_came_later_is_left_in_place(ending: Ending) -> None:
    stop = caught(ending, comes_first=True)
    later = Ending()
    signal.signal(signal.SIGTERM, later.stop)
    stop.release()
    assert signal.getsignal(signal.SIGTERM) == later.stop


async def test_without_a_handler_the_signal_keeps_its_meaning(ending: Ending) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    stop = StopSignal(ending.prepare, warn=ending.warn, comes_first=lambda: True)
    stop.catch()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    stop.release()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


async def test_signals_do_not_come_to_other_threads(ending: Ending) -> None:
    signal.signal(signal.SIGTERM, ending.stop)
    await asyncio.to_thread(
        StopSignal(ending.prepare, warn=ending.warn, comes_first=lambda: True).catch
    )
    assert signal.getsignal(signal.SIGTERM) == ending.stop


def test_a_signal_after_the_loop_has_ended_stops_the_server() -> None:
    async def catch() -> tuple[Ending, StopSignal]:
        ending = Ending()
        return ending, caught(ending, comes_first=False)

    ending, stop = asyncio.run(catch())
    stop.handle(signal.SIGTERM, None)
    assert ending.steps == ["stopped"]


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[BinaryIO]:
    """What only a supervisor holds open, as long as it lives."""
    theirs, its = os.pipe()
    parent = SimpleNamespace(sentinel=theirs)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: parent)
    with open(theirs, "rb"), open(its, "wb") as held:
        yield held


async def test_a_worker_whose_supervisor_has_died_stops_as_if_it_were_told_to(
    ending: Ending, supervisor: BinaryIO
) -> None:
    stop = caught(ending, comes_first=False)
    await asyncio.sleep(0)
    assert ending.steps == []
    supervisor.close()
    await arrived(ending.is_prepared)
    assert ending.steps == ["warned", "stopped", "prepared"]
    stop.release()


async def test_once_released_nobody_looks_at_the_supervisor(
    ending: Ending, supervisor: BinaryIO
) -> None:
    stop = caught(ending, comes_first=False)
    stop.release()
    supervisor.close()
    parent: Any = multiprocessing.parent_process()
    assert not asyncio.get_running_loop().remove_reader(parent.sentinel)


async def test_a_response_says_that_its_connection_ends() -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    sending = closing(send)
    await sending({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]})
    await sending({"type": "http.response.body", "body": b"x"})
    assert sent[0]["headers"] == [(b"a", b"b"), (b"connection", b"close")]
    assert sent[1] == {"type": "http.response.body", "body": b"x"}


async def test_requests_are_waited_for_within_a_limit() -> None:
    requests = Requests()
    async with asyncio.timeout(LIMIT):
        await requests.over(time.monotonic() + 60)
        requests.running += 1
        await requests.over(time.monotonic() + 0.1)
        asyncio.get_running_loop().call_later(0.1, setattr, requests, "running", 0)
        await requests.over(time.monotonic() + 60)
    assert requests.running == 0
