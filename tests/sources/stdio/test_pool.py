"""Tests of mcp_transport.sources.foreign.pool: who has which child, and what becomes of them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from mcp_transport.models import Session
from mcp_transport.sources.foreign import conversation
from mcp_transport.sources.foreign import pool as pool_module
from mcp_transport.sources.foreign.errors import Away
from mcp_transport.sources.foreign.pool import Pool
from mcp_transport.sources.stdio.child import Child
from mcp_transport.sources.stdio.process import Process
from mcp_transport.sources.stdio.programs import Program
from mcp_transport.testing import Client, Site, ToolFailed
from mcp_transport.testing.legacy import LegacyClient
from tests.process import takes_at_most
from tests.sources.stdio.conftest import (
    LIMIT,
    Sited,
    children,
    command,
    is_alive,
    open_files,
    said,
    source,
    until,
)


async def pid_of(client: Client) -> int:
    """The process that serves a client."""
    return int(said(await client.call("box_pid"))["pid"])


def clients(site: Site, users: list[User]) -> list[Client]:
    """A client of each user."""
    return [site.client("open", user=user) for user in users]


async def test_what_one_user_left_in_a_program_no_other_finds(
    sited: Sited, users: list[User]
) -> None:
    async with sited() as site:
        ada, bob, _ = clients(site, users)
        assert said(await ada.call("box_remember", value="ada's"))["before"] is None
        assert said(await bob.call("box_remember", value="bob's"))["before"] is None
        assert said(await ada.call("box_remember", value="new"))["before"] == "ada's"


async def test_clients_that_nobody_knows_share_nothing(sited: Sited) -> None:
    async with sited() as site:
        for revision in ("2026-07-28", "2026-07-28", "2025-11-25", "2025-11-25"):
            client = site.client("open", revision=revision)
            assert said(await client.call("box_remember", value="mine"))["before"] is None
        kept = said(await client.call("box_remember", value="mine"))["before"]
        assert kept == "mine"  # of the same session
        await until(lambda: len(children()) == 3)  # two sessions, and the one that lists


async def session_of(site: Site, user: User) -> LegacyClient:
    """A client with a session that has a child to itself."""
    wire = await site.client("open", user=user, revision="2025-11-25").connect()
    assert isinstance(wire, LegacyClient)
    await wire.call("box_pid")
    return wire


async def test_a_child_that_a_session_has_to_itself_ends_with_it(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "session"}) as site:
        first, second = [await session_of(site, users[0]) for _ in range(2)]
        assert source().sessions() == {first.session_id, second.session_id}
        assert len(children()) == 3  # and the one that lists
        await first.delete()
        await until(lambda: len(children()) == 2)
        assert source().sessions() == {second.session_id}
        rows = Session.objects.filter(pk=second.session_id)
        await sync_to_async(rows.close)("by an operator")  # as another process would
        await until(lambda: len(children()) == 1)
        assert not source().sessions()


async def test_a_child_that_works_for_a_session_ends_after_its_call(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "session"}) as site:
        wire = await session_of(site, users[0])
        pool = source()._keepers["box"].pool
        async with pool.lend(f"session:{wire.session_id}") as child:
            await wire.delete()
            assert child in children()
        await until(lambda: child not in children())
        pool.dismiss("session:of nobody")


async def test_sessions_of_one_user_share_a_child_unless_told_otherwise(
    sited: Sited, users: list[User]
) -> None:
    for per, shared in (("principal", True), ("session", False)):
        async with sited(box={"per": per}) as site:
            token = site.admit(users[0])
            one, two = (site.client("open", revision="2025-11-25", token=token) for _ in range(2))
            assert (await pid_of(one) == await pid_of(two)) is shared


async def test_a_program_is_shared_by_all_only_where_the_settings_say_so(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "process"}) as site:
        found = {await pid_of(client) for client in [*clients(site, users), site.client("open")]}
        assert len(found) == len(children()) == 1


async def test_many_callers_of_one_child_each_get_their_own_answer(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "process"}) as site:
        # All of them count their requests from 1.
        crowd = [site.client("open", revision="2025-11-25", user=users[n % 3]) for n in range(20)]

        async def ask(caller: int, client: Client) -> int:
            crossed = 0
            for number in range(10):
                nonce = f"{caller}-{number}"
                crossed += (await client.call("box_echo", text=nonce)).text != nonce
            return crossed

        assert sum(await asyncio.gather(*(ask(*one) for one in enumerate(crowd)))) == 0
        assert len(children()) == 1


async def test_a_killed_child_fails_its_own_calls_within_a_second_and_is_replaced(
    sited: Sited, users: list[User]
) -> None:
    async with sited() as site:
        ada, bob, _ = clients(site, users)
        first, other = await pid_of(ada), await pid_of(bob)

        async def kill() -> float:
            child = await pid_of(ada)
            hanging = [asyncio.create_task(ada.try_call("box_hang", {})) for _ in range(3)]
            await until(lambda: any(len(child._calls) == 3 for child in children()))
            killed_at = time.monotonic()
            os.kill(child, signal.SIGKILL)
            outcomes = await asyncio.wait_for(asyncio.gather(*hanging), LIMIT)
            took = time.monotonic() - killed_at
            assert {outcome.text for outcome in outcomes} == {
                "The program 'box' ended while it worked for this; call again."
            }
            return took

        assert await takes_at_most(1.0, kill)
        assert await pid_of(bob) == other
        assert await pid_of(ada) != first


async def test_kills_leave_neither_files_nor_processes_behind(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"per": "process"}) as site:
        client = site.client("open", user=users[0])
        await pid_of(client)
        before, killed = open_files(), []
        for _ in range(5):
            killed.append(await pid_of(client))
            with pytest.raises(ToolFailed, match="ended while it worked"):
                await client.call("box_crash")
        await pid_of(client)
        await until(lambda: open_files() <= before)
        assert not [process for process in killed if is_alive(process)]
        assert len(set(killed)) == 5


async def test_a_child_that_ends_while_nobody_uses_it_is_taken_away(
    sited: Sited, users: list[User]
) -> None:
    async with sited() as site:
        client = site.client("open", user=users[0])
        process = await pid_of(client)
        before = len(children())
        os.kill(process, signal.SIGKILL)
        await until(lambda: len(children()) == before - 1)
        assert await pid_of(client) != process


async def test_the_child_that_was_not_used_for_longest_makes_room(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"max_children": 2}) as site:
        ada, bob, eve = clients(site, users)
        first, second = await pid_of(ada), await pid_of(bob)
        assert await pid_of(ada) == first
        await pid_of(eve)
        assert await pid_of(ada) == first
        assert not is_alive(second)
        assert len(children()) == 2


async def test_who_finds_all_children_in_use_waits_then_is_refused(
    sited: Sited, users: list[User]
) -> None:
    async with sited(box={"max_children": 1, "start_timeout": 3.0}) as site:
        ada, bob, _ = clients(site, users)
        hanging = asyncio.create_task(ada.try_call("box_hang", {}))
        await until(lambda: any(child._calls for child in children()))
        with pytest.raises(ToolFailed, match="All 1 processes of the program 'box' are in use"):
            await bob.call("box_pid")
        waiting = asyncio.create_task(pid_of(bob))
        await until(lambda: any(child._calls for child in children()))
        os.kill(said_pid(), signal.SIGKILL)
        assert (await hanging).is_error
        assert await asyncio.wait_for(waiting, LIMIT)


def said_pid() -> int:
    """The supervisor of the one child."""
    (child,) = children()
    return child.pid


async def test_an_idle_child_ends_and_comes_back(sited: Sited, users: list[User]) -> None:
    async with sited(box={"idle_timeout": 0.2}) as site:
        client = site.client("open", user=users[0])
        process = await pid_of(client)
        await until(lambda: not children() and not is_alive(process))
        assert "box_pid" in await client.tools()
        assert await pid_of(client) != process


async def test_a_program_that_does_not_start_is_left_alone_for_a_while(
    sited: Sited, users: list[User], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "FIRST_PAUSE", LIMIT)
    marker = tmp_path / "broken"
    start = f"test ! -e {marker} && exec {' '.join(command())}"
    async with sited(box={"command": ["sh", "-c", start]}) as site:
        client = site.client("open", user=users[0])
        await pid_of(client)
        marker.touch()
        other = site.client("open", user=users[1])
        with pytest.raises(ToolFailed, match="does not start; the site's log says why"):
            await other.call("box_pid")
        with pytest.raises(ToolFailed, match="does not start; it is tried again in"):
            await other.call("box_pid")
        marker.unlink()
        assert (await client.call("box_echo", text="still")).text == "still"


async def test_a_child_that_hangs_is_ended_once_nobody_waits_for_it(
    sited: Sited, users: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "SIGN_OF_LIFE", 0.2)
    async with sited(box={"call_timeout": 2.0}) as site:
        client = site.client("open", user=users[0])
        process = await pid_of(client)
        with pytest.raises(ToolFailed, match="it may take 2 seconds"):
            await client.call("box_stop")
        await until(lambda: not is_alive(process))
        assert await pid_of(client) != process


async def test_a_child_that_was_left_and_lives_is_kept(sited: Sited, users: list[User]) -> None:
    async with sited(box={"call_timeout": 2.0}) as site:
        client = site.client("open", user=users[0])
        process = await pid_of(client)
        with pytest.raises(ToolFailed, match="it may take 2 seconds"):
            await client.call("box_hang")
        (keeper,) = source()._keepers.values()
        await until(lambda: not keeper.pool._looking)
        assert await pid_of(client) == process


@pytest.fixture
async def slow() -> AsyncIterator[Pool[Child]]:
    """Children of a program that takes its time to start; one at a time."""
    start = ("sh", "-c", f"sleep 0.3; exec {' '.join(command())}")
    program = Program(alias="box", command=start, max_children=1, start_timeout=LIMIT)

    async def make(key: str, given: Mapping[str, str]) -> Child:
        return Child(await Process.start(program, given), lambda child, told: None)

    pool = Pool(program, make, lambda child: None)
    yield pool
    await pool.stop()


async def answer(pool: Pool[Child], key: str) -> dict[str, Any]:
    """What the child of a key answers."""
    async with pool.lend(key) as child:
        return await child.request("tools/call", {"name": "echo", "arguments": {"text": key}})


async def test_a_start_that_nobody_waits_for_any_more_makes_room(slow: Pool[Child]) -> None:
    left = asyncio.create_task(answer(slow, "ada"))
    await until(lambda: slow._places)
    left.cancel()
    await asyncio.wait([left])
    begun_at = time.monotonic()
    assert (await answer(slow, "bob"))["content"][0]["text"] == "bob"
    assert time.monotonic() - begun_at < LIMIT / 2
    assert list(slow._places) == ["bob"]


async def test_who_waits_for_a_child_is_told_when_all_are_stopped(slow: Pool[Child]) -> None:
    waiting = asyncio.create_task(answer(slow, "ada"))
    await until(lambda: slow._places)
    await slow.stop()
    with pytest.raises(Away, match="is stopped; call again"):
        await asyncio.wait_for(waiting, LIMIT)
