"""Tests of mcp_transport.sources.remote.way: servers that mean no good, or are not well."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mcp_transport.sources.remote import way
from mcp_transport.testing import ToolFailed
from tests.sources.remote.conftest import Sited, here, keeper, until
from tests.sources.remote.scripted import Got, Scripted, encode, running, text

MIB = 2**20


async def flood(got: Got) -> None:
    """An answer of 1 GiB."""
    await got.start(content_type="application/json")
    while not got.gone.is_set():
        await got.piece(b"[" + b" " * MIB)


async def flood_event(got: Got) -> None:
    """One event without end."""
    await got.stream()
    while not got.gone.is_set():
        await got.piece(b"data: " + b"x" * 65_000 + b"\n")


async def bomb(got: Got) -> None:
    """1 GiB that travels as 1 MiB."""
    packed = gzip.compress(b" " * (32 * MIB), 9)
    await got.start(content_type="application/json", content_encoding="gzip")
    await got.piece(packed, is_last=True)


async def redirect(got: Got) -> None:
    """An address that is not the server's."""
    await got.reply(b"", 307, location="http://127.0.0.1:1/mcp")


async def nonsense(got: Got) -> None:
    """No message at all."""
    await got.reply(b"<html>")


async def broken_events(got: Got) -> None:
    """Events that are no messages, and an end without an answer."""
    await got.stream()
    for piece in (b"data: {\n\n", b"\x00\xff\r\r\n", b"data\n\ndata: [[[\n\n", b"id\n:\n"):
        await got.piece(piece)
    await got.event({"jsonrpc": "1.0"})
    await got.event({"jsonrpc": "2.0", "id": [], "result": 1})
    await got.piece(b"", is_last=True)


async def nothing(got: Got) -> None:
    """An acceptance where there should be an answer."""
    await got.reply(b"", 202)


async def refused(got: Got) -> None:
    """Credentials that are not good."""
    await got.reply(b"", 401, www_authenticate="Bearer")


HOSTILE: list[tuple[Callable[[Got], Awaitable[None]], str]] = [
    (flood, "more than can be taken"),
    (flood_event, "more than can be taken"),
    (bomb, "more than can be taken"),
    (redirect, "points to another address"),
    (nonsense, "what is no message"),
    (broken_events, "gave no answer"),
    (nothing, "status 202"),
    (refused, "refuses the site's credentials"),
]


@pytest.mark.parametrize(
    ("answer", "says"), HOSTILE, ids=lambda case: getattr(case, "__name__", "")
)
async def test_a_hostile_answer_fails_its_call_alone(
    sited: Sited, scripted: Scripted, answer: Callable[[Got], Awaitable[None]], says: str
) -> None:
    async def act(got: Got) -> bool:
        if got.rpc == "tools/call" and got.message["params"]["name"] == "wait":
            await answer(got)
            return True
        return False

    scripted.act = act
    async with sited(far=here(scripted.url)) as site:
        client = site.client("open")
        await client.tools()
        tracemalloc.start()
        try:
            with pytest.raises(ToolFailed, match=says):
                await client.call("far_wait")
            assert tracemalloc.get_traced_memory()[1] < 60 * MIB
        finally:
            tracemalloc.stop()
        assert (await client.call("far_echo", text="on")).text == "on"


async def test_a_stream_has_an_end(
    sited: Sited, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(way, "MAX_STREAM", MIB)

    async def chatter(got: Got) -> bool:
        if got.rpc != "tools/call":
            return False
        params = {"level": "info", "data": "x" * 1000}
        told = {"jsonrpc": "2.0", "method": "notifications/message", "params": params}
        await got.stream()
        while not got.gone.is_set():
            await got.event(told)
        return True

    scripted.act = chatter
    async with sited(far=here(scripted.url)) as site:
        with pytest.raises(ToolFailed, match="more than can be taken"):
            await site.client("open").call("far_wait")


async def test_a_server_that_hangs_holds_up_its_own_calls_alone(
    sited: Sited, scripted: Scripted
) -> None:
    async def hang(got: Got) -> bool:
        if got.rpc == "tools/call":
            await got.gone.wait()
        return got.rpc == "tools/call"

    async with running() as other:
        scripted.act = hang
        far = here(scripted.url, call_timeout=1.0, max_calls=2, start_timeout=5.0)
        async with sited(far=far, near=here(other.url)) as site:
            client = site.client("open")
            waiting = [asyncio.create_task(client.try_call("far_wait", {})) for _ in range(4)]
            await until(lambda: len(scripted.calls()) == 2)
            assert (await client.call("near_echo", text="on")).text == "on"
            assert len(scripted.calls()) == 2
            outcomes = await asyncio.gather(*waiting)
            assert all(outcome.is_error for outcome in outcomes)


async def test_a_server_that_fails_is_left_alone_and_comes_back(
    sited: Sited, scripted: Scripted
) -> None:
    async def fail(got: Got) -> bool:
        if got.rpc == "tools/call":
            await got.reply(b"", 503)
        return got.rpc == "tools/call"

    async with sited(far=here(scripted.url)) as site:
        client = site.client("open")
        scripted.act = fail
        for _ in range(5):
            with pytest.raises(ToolFailed, match="out of order"):
                await client.call("far_wait")
        with pytest.raises(ToolFailed, match="does not answer; it is tried again"):
            await client.call("far_wait")
        assert len(scripted.calls()) == 5
        assert not keeper().health().is_well
        scripted.act = Scripted().act
        await until(lambda: keeper().way.breaker.wait == 0)
        assert (await client.call("far_echo", text="on")).text == "on"
        assert keeper().health().is_well


async def test_an_address_of_this_machine_has_to_be_named(
    sited: Sited, scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    async with sited(far={"url": scripted.url}):
        assert not keeper().pool.peers
        health = keeper().health()
        assert not health.is_well
        assert "private_hosts" in health.text
    assert scripted.got == []
    assert "no public address" in caplog.text


async def test_an_answer_may_be_compressed_all_the_same(sited: Sited, scripted: Scripted) -> None:
    async def pack(got: Got) -> bool:
        if got.rpc != "tools/call":
            return False
        said: dict[str, Any] = {"jsonrpc": "2.0", "id": got.message["id"], "result": text("small")}
        await got.reply(gzip.compress(encode(said)), content_encoding="gzip")
        return True

    scripted.act = pack
    async with sited(far=here(scripted.url)) as site:
        assert (await site.client("open").call("far_wait")).text == "small"
