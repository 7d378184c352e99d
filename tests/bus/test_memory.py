"""The bus of a site that is one process."""

from __future__ import annotations

import pytest

from mcp_transport.bus.memory import MemoryBus


async def test_nobody_gets_its_own_messages_back() -> None:
    received: list[bytes] = []
    bus = MemoryBus()
    await bus.start(received.append)
    await bus.publish(b"x")
    await bus.stop()
    await bus.publish(b"x")
    assert received == []


def test_it_says_that_it_reaches_nobody_and_takes_no_options() -> None:
    assert not MemoryBus.reaches_other_processes
    assert MemoryBus().check() == []
    (problem,) = MemoryBus(host="x").check()
    assert "'host'" in problem.msg


def test_a_half_made_backend_fails_where_it_is_made() -> None:
    from mcp_transport.bus.base import Bus

    class Half(Bus):
        async def start(self, receive: object) -> None: ...

    with pytest.raises(TypeError, match="abstract"):
        Half()  # type: ignore[abstract]  # the test is about this
