"""Changes, and who is told of them."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport.bus.base import Bus, Receive
from mcp_transport.bus.memory import MemoryBus
from mcp_transport.protocol.subscriptions import Change, Filter, News
from mcp_transport.streams import hub as hub_module
from mcp_transport.streams.hub import Hub, Listener
from mcp_transport.streams.notices import Changed, Stale

LIMIT = 30.0
TOOLS, PROMPTS = Change("tools"), Change("prompts")
LISTS = Filter(frozenset({"tools"}))
ADA, BOB = SimpleNamespace(key="user:1"), SimpleNamespace(key="user:2")


class Wire(Bus):
    """Carries messages to the other hubs of a test."""

    def __init__(self, others: list[Wire]) -> None:
        super().__init__()
        self.receive: Receive | None = None
        self._others = others
        others.append(self)

    async def start(self, receive: Receive) -> None:
        self.receive = receive

    async def publish(self, message: bytes) -> None:
        for other in self._others:
            if other is not self and other.receive is not None:
                other.receive(message)

    async def stop(self) -> None:
        self.receive = None


@pytest.fixture
def wires() -> list[Wire]:
    return []


@pytest.fixture
def hub(wires: list[Wire]) -> Hub:
    return Hub(Wire(wires))


def listener(*uris: str, server_id: int = 1, principal: Any = ADA, **more: Any) -> Listener:
    wanted = Filter(frozenset({"tools"}), frozenset(uris))
    return Listener("main", server_id, principal, wanted, **more)


async def told(one: Listener) -> list[News]:
    async with asyncio.timeout(LIMIT):
        return await one.changes()


async def test_a_listener_is_told_what_it_asked_for(hub: Hub) -> None:
    one = listener("note://a")
    hub.add(one)
    for change in (
        PROMPTS,
        TOOLS,
        Change("resources", "note://b"),
        Change("resources", "note://a"),
    ):
        await hub.publish(change)
    assert await told(one) == [TOOLS, Change("resources", "note://a")]


async def test_a_listener_waits_for_a_change(hub: Hub) -> None:
    one = listener()
    hub.add(one)
    waiting = asyncio.ensure_future(told(one))
    await asyncio.sleep(0)
    assert not waiting.done()
    await hub.publish(TOOLS)
    assert await waiting == [TOOLS]


async def test_a_change_that_waits_already_is_not_added_again(hub: Hub) -> None:
    one = listener()
    hub.add(one)
    for _ in range(100):
        await hub.publish(TOOLS)
    assert await told(one) == [TOOLS]


async def test_a_change_belongs_to_its_server(hub: Hub) -> None:
    here, there = listener(server_id=1), listener(server_id=2)
    hub.add(here)
    hub.add(there)
    await hub.publish(TOOLS, server_id=2)
    there.end()
    here.end()
    assert (await told(here), await told(there)) == ([], [TOOLS])


async def test_only_those_who_may_know_of_a_change_are_told(hub: Hub) -> None:
    class Stranger(Listener):
        def may_know(self, uri: str) -> bool:
            return uri == "note://a"

    one = Stranger("main", 1, ADA, Filter(frozenset(), frozenset({"note://a", "note://b"})))
    for uri in ("note://a", "note://b"):
        one.offer(Change("resources", uri))
    assert await told(one) == [Change("resources", "note://a")]


async def test_the_other_processes_are_told(hub: Hub, wires: list[Wire]) -> None:
    other, one, own = Hub(Wire(wires)), listener(), listener()
    await hub.start()
    await other.start()
    hub.add(own)
    other.add(one)
    await hub.publish(TOOLS, server_id=1)
    assert await told(one) == [TOOLS]
    assert await told(own) == [TOOLS]
    await other.stop()
    await hub.publish(TOOLS)
    one.end()
    assert await told(one) == []


async def test_each_notice_of_another_process_is_heeded_before_listeners_hear(
    wires: list[Wire], hub: Hub
) -> None:
    other, one = Hub(Wire(wires)), listener()
    heeded: list[Any] = []
    other.heed(lambda notice: heeded.append((notice, bool(one._pending))))
    await other.start()
    other.add(one)
    await hub.announce(Stale("servers"))
    await hub.publish(TOOLS)
    assert heeded == [(Stale("servers"), False), (Changed(TOOLS), False)]
    assert await told(one) == [TOOLS]


async def test_a_message_of_a_newer_release_is_ignored(wires: list[Wire], hub: Hub) -> None:
    await hub.start()
    for message in (b'{"type":"unheard-of"}', b"[]", b"\xff"):
        wires[0].receive(message)  # type: ignore[misc]  # it was started


async def test_a_change_of_every_server_is_told_to_all(hub: Hub) -> None:
    here, there = listener(server_id=1), listener(server_id=2)
    hub.add(here)
    hub.add(there)
    await hub.publish(TOOLS)
    assert (await told(here), await told(there)) == ([TOOLS], [TOOLS])


def test_listeners_are_found_by_server(hub: Hub) -> None:
    here, there = listener(server_id=1), listener(server_id=2)
    hub.add(here)
    hub.add(there)
    assert hub.listeners(1) == [here]
    assert hub.listeners(3) == []
    assert set(hub.listeners()) == {here, there}


async def test_who_has_left_is_told_nothing(hub: Hub) -> None:
    one = listener()
    hub.add(one)
    hub.remove(one)
    hub.remove(one)
    assert hub.listeners() == []
    await hub.publish(TOOLS)
    one.end()
    assert await told(one) == []


async def test_a_listener_gets_what_is_left_and_then_the_end(hub: Hub) -> None:
    one = listener()
    hub.add(one)
    await hub.publish(TOOLS)
    hub.end_all()
    assert await told(one) == [TOOLS]
    assert await told(one) == []


async def test_a_wait_that_was_given_up_loses_nothing(hub: Hub) -> None:
    one = listener()
    hub.add(one)
    waiting = asyncio.ensure_future(one.changes())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    await hub.publish(TOOLS)
    assert await told(one) == [TOOLS]


async def test_streams_are_found_by_session(hub: Hub) -> None:
    one, two = listener(session_id="s"), listener(principal=BOB)
    hub.add(one)
    hub.add(two)
    assert hub.of_session("s") is one
    assert hub.of_session("t") is None
    assert set(hub.listeners()) == {one, two}


async def test_a_hint_stands_for_one_change_that_is_found_a_little_later(hub: Hub) -> None:
    one = listener("note://a")
    hub.add(one)
    one.offer(TOOLS)
    assert not hub.take_hint(one, "tools", within=10)
    await hub.publish(TOOLS, server_id=1)
    await hub.publish(PROMPTS)
    await hub.publish(Change("resources", "note://a"))
    for kind in ("tools", "prompts"):
        assert hub.take_hint(one, kind, within=10)
        assert not hub.take_hint(one, kind, within=10)
    assert not hub.take_hint(one, "resources", within=10)
    await hub.publish(TOOLS)
    assert not hub.take_hint(one, "tools", within=0)


async def test_a_hint_is_for_those_who_heard_it(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await hub.publish(TOOLS, server_id=1)
    late = listener()
    assert not hub.take_hint(late, "tools", within=10)
    await hub.publish(TOOLS, server_id=2)
    assert not hub.take_hint(late, "tools", within=10)
    monkeypatch.setattr(hub_module, "HINT_LIMIT", 1)
    await hub.publish(TOOLS, server_id=1)
    await hub.publish(PROMPTS, server_id=1)
    assert not hub.take_hint(late, "tools", within=10)
    assert hub.take_hint(late, "prompts", within=10)


async def test_what_comes_while_a_filter_is_found_out_is_judged_by_it(hub: Hub) -> None:
    one = listener("note://a")
    hub.add(one)
    one.keep_for_filter()
    for uri in ("note://a", "note://b", "note://c"):
        await hub.publish(Change("resources", uri))
    assert await told(one) == [Change("resources", "note://a")]
    one.settle(Filter(frozenset({"tools"}), frozenset({"note://a", "note://b"})))
    assert await told(one) == [Change("resources", "note://b")]
    await hub.publish(Change("resources", "note://c"))
    await hub.publish(TOOLS)
    assert await told(one) == [TOOLS]


async def test_whoever_comes_after_the_end_is_ended_too(hub: Hub) -> None:
    hub.end_all()
    late = listener()
    hub.add(late)
    assert await told(late) == []


async def test_many_listeners_are_told_in_turns(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "AT_ONCE", 2)
    many = [listener() for _ in range(5)]
    for one in many:
        hub.add(one)
    await hub.publish(TOOLS)
    assert sum(bool(one._pending) for one in many) == 2
    for one in many:
        assert await told(one) == [TOOLS]


async def test_what_can_be_sent_at_once_does_not_wait(hub: Hub) -> None:
    sent: list[News] = []
    is_slow = False

    class Reader(Listener):
        def tell(self, change: News) -> bool:
            if not is_slow:
                sent.append(change)
            return not is_slow

    one = Reader("main", 1, ADA, LISTS)
    hub.add(one)
    await hub.publish(TOOLS)
    assert sent == [TOOLS]
    is_slow = True
    for _ in range(3):
        await hub.publish(TOOLS)
    is_slow = False
    await hub.publish(TOOLS)  # behind what waits, and the same
    assert sent == [TOOLS]
    assert one.take() == [TOOLS]
    assert one.take() == []


async def test_a_listener_that_fails_is_ended_and_the_others_are_told(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Listener):
        def tell(self, change: News) -> bool:
            raise RuntimeError("out of order")

    one, other = Broken("main", 1, ADA, LISTS), listener()
    hub.add(one)
    hub.add(other)
    await hub.publish(TOOLS)
    assert one.is_ended
    assert await told(other) == [TOOLS]
    assert "could not be told" in caplog.text


def test_who_is_woken_is_known_as_far_as_the_bus_knows(wires: list[Wire]) -> None:
    bus = Wire(wires)
    assert Hub(bus).wakes_others
    bus.is_away = True
    assert not Hub(bus).wakes_others
    assert not Hub(MemoryBus()).wakes_others
