"""Tests of mcp_transport.nchan.publisher and its answers."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace

import pytest

from mcp_transport.nchan import publisher as publisher_module
from mcp_transport.nchan.publisher import NotPublished, Publisher
from tests.fleet.nchan import Nchan
from tests.nchan.conftest import Listen
from tests.process import LIMIT

Serve = Callable[[bytes], Awaitable[str]]


@pytest.fixture
async def publisher(nchan: Nchan) -> AsyncIterator[Publisher]:
    publisher = Publisher(nchan.publisher, patience=LIMIT)
    yield publisher
    await publisher.close()


@pytest.fixture
async def strange() -> AsyncIterator[Serve]:
    """A server that says the same whatever it is asked, and then is silent."""
    servers: list[asyncio.Server] = []

    async def serve(said: bytes) -> str:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(said)
            while await reader.read(65536):
                pass
            writer.close()

        servers.append(await asyncio.start_server(answer, "127.0.0.1", 0))
        return f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield serve
    for server in servers:
        server.close()


def channel() -> str:
    return secrets.token_urlsafe(24)


async def test_a_message_reaches_who_listens(publisher: Publisher, listen: Listen) -> None:
    one, other = channel(), channel()
    client = await listen(one)
    assert await publisher.publish([one], b"data: 1\n\n") == 1
    assert await publisher.publish([other], b"data: 2\n\n") == 0
    assert await client.read(9) == b"data: 1\n\n"


async def test_what_was_published_before_is_kept_for_a_moment(
    publisher: Publisher, listen: Listen
) -> None:
    name = channel()
    await publisher.publish([name], b"first ")
    await publisher.publish([name], b"second")
    assert await (await listen(name)).read(12) == b"first second"


async def test_one_request_reaches_a_hundred(publisher: Publisher, listen: Listen) -> None:
    names = [channel() for _ in range(100)]
    clients = [await listen(name) for name in names]
    assert await publisher.publish(names, b"all") == 100
    assert {await client.read(3) for client in clients} == {b"all"}


async def test_requests_do_not_wait_for_each_other_and_keep_their_order(
    publisher: Publisher, listen: Listen
) -> None:
    name = channel()
    client = await listen(name)
    sent = [f"{number:04}".encode() for number in range(1000)]
    answers = [publisher.publish([name], piece) for piece in sent]
    assert not any(answer.done() for answer in answers)
    assert await asyncio.gather(*answers) == [1] * 1000
    assert await client.read(4000) == b"".join(sent)


async def test_a_stream_is_ended(publisher: Publisher, listen: Listen) -> None:
    name = channel()
    client = await listen(name)
    publisher.publish([name], b"last")
    await publisher.delete([name])
    assert await client.rest() == b"last"
    await publisher.delete([name])  # which is no fault


async def test_what_is_refused_is_said(publisher: Publisher) -> None:
    with pytest.raises(NotPublished, match="404"):
        await publisher.publish(["no/channel"], b"x")
    assert not publisher.is_away


async def test_a_connection_that_has_ended_is_made_anew(publisher: Publisher, nchan: Nchan) -> None:
    await publisher.ask(channel())
    nchan.kill()
    await nchan.start()
    assert await publisher.ask(channel()) == 0


async def test_one_that_is_away_is_left_alone_for_a_moment(
    nchan: Nchan, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead)
    monkeypatch.setattr(publisher_module, "time", clock)
    publisher = Publisher(nchan.publisher, patience=LIMIT)
    nchan.kill()
    with pytest.raises(NotPublished, match="cannot be reached"):
        await publisher.ask(channel())
    assert publisher.is_away
    with pytest.raises(NotPublished, match="is away"):
        await publisher.ask(channel())
    await nchan.start()
    ahead = LIMIT
    assert await publisher.ask(channel()) == 0
    await publisher.close()
    said = [record.getMessage() for record in caplog.records if record.name.endswith(".nchan")]
    assert ["cannot be reached" in said[0], *said[1:]] == [True, f"{nchan.publisher} is back."]


async def test_one_that_says_nothing_is_not_waited_for_without_end(strange: Serve) -> None:
    publisher = Publisher(await strange(b""), patience=0.1)
    answers = [publisher.publish([channel()], b"x") for _ in range(3)]
    for answer in answers:
        with pytest.raises(NotPublished, match="has not answered"):
            await answer
    await publisher.close()


@pytest.mark.parametrize(
    "said", [b"what?\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"]
)
async def test_what_does_not_speak_http_is_away(strange: Serve, said: bytes) -> None:
    publisher = Publisher(await strange(said), patience=LIMIT)
    with pytest.raises(NotPublished, match="closed the connection twice"):
        await publisher.ask(channel())
    assert publisher.is_away
    await publisher.close()


async def test_an_answer_without_a_number_counts_nobody(strange: Serve) -> None:
    publisher = Publisher(await strange(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n[]"))
    assert await publisher.publish([channel()], b"x") == 0
    await publisher.close()


async def test_what_is_on_the_way_is_bounded(
    strange: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "MOST_UNANSWERED", 2)
    publisher = Publisher(await strange(b""), patience=0.2)
    crowded = []
    for _ in range(2):
        publisher.publish([channel()], b"x")
        crowded.append(publisher.is_crowded)
    assert crowded == [False, True]
    async with asyncio.timeout(LIMIT):
        await publisher.room()
    await publisher.close()
