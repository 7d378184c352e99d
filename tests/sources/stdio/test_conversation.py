"""Tests of mcp_transport.sources.foreign.conversation: a child that asks, and what comes between."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport.protocol.errors import InvalidParams
from mcp_transport.protocol.jsonrpc import Notification, Request
from mcp_transport.sources.foreign.errors import Gone, Unsent
from mcp_transport.sources.stdio.child import Child
from mcp_transport.sources.stdio.process import Process
from mcp_transport.sources.stdio.programs import Program
from tests.sources.stdio.conftest import LIMIT, command

NAME_USER = {"name": "name_user", "arguments": {}}


class Silent:
    """Somebody who never answers."""

    def __init__(self) -> None:
        self.was_asked = asyncio.Event()
        self.was_left = asyncio.Event()

    async def note(self, said: Notification) -> None:
        """Nothing is noted."""

    async def answer(self, asked: Request) -> dict[str, Any]:
        """Wait for ever."""
        self.was_asked.set()
        never: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        try:
            return await never
        finally:
            self.was_left.set()


class Refusing(Silent):
    """Somebody who cannot be asked."""

    async def answer(self, asked: Request) -> dict[str, Any]:
        """Refuse."""
        raise InvalidParams("not that")


@pytest.fixture
async def child() -> AsyncIterator[Child]:
    """A child that was greeted."""
    program = Program(alias="box", command=tuple(command()))
    child = Child(await Process.start(program), lambda child, told: None)
    await child.greet()
    yield child
    await child.stop()


async def test_a_child_that_ends_while_it_asks_is_not_waited_for(child: Child) -> None:
    hearer = Silent()
    asking = asyncio.create_task(child.request("tools/call", NAME_USER, hearer))
    await asyncio.wait_for(hearer.was_asked.wait(), LIMIT)
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(Gone):
        await asyncio.wait_for(asking, LIMIT)
    assert hearer.was_left.is_set()


async def test_who_leaves_while_a_child_asks_is_not_asked_on(child: Child) -> None:
    hearer = Silent()
    asking = asyncio.create_task(child.request("tools/call", NAME_USER, hearer))
    await asyncio.wait_for(hearer.was_asked.wait(), LIMIT)
    asking.cancel()
    await asyncio.wait([asking])
    await asyncio.wait_for(hearer.was_left.wait(), LIMIT)
    assert asking.cancelled()


async def test_a_child_is_told_why_nobody_answers(child: Child) -> None:
    answer = await child.request("tools/call", NAME_USER, Refusing())
    assert "not that" in answer["content"][0]["text"]


async def test_a_child_that_cannot_be_written_to_was_never_asked(child: Child) -> None:
    assert child._process._running.stdin is not None
    child._process._running.stdin.close()
    with pytest.raises(Unsent):
        await child.request("tools/call", NAME_USER, Silent())
    assert child.is_over
    assert not child.is_doubtful
