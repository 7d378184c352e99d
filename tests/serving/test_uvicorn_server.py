"""Tests of mcp_transport.serving.uvicorn_server, with connections that only the kernel has taken."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest
from uvicorn.config import Config

from mcp_transport.serving.uvicorn_protocols import LimitedHttp
from mcp_transport.serving.uvicorn_server import (
    PatientServer,
    PatientSupervisor,
    has_waiting,
    turn_away,
)

LIMIT = 30.0  # seconds any single wait may take
WAITING = 20
GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such filters")


async def site(scope: Any, receive: Any, send: Any) -> None:
    """Answer whatever is asked."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def server() -> AsyncIterator[PatientServer]:
    config = Config(site, port=0, log_config=None, lifespan="off", http=LimitedHttp)
    server = PatientServer(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    yield server
    await server.shutdown()


@pytest.fixture
def door() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield door


def port_of(server: PatientServer) -> int:
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def knocked(port: int) -> socket.socket:
    """A connection with a request, of which the process knows nothing yet."""
    client = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    client.sendall(GET)
    return client


def read(client: socket.socket) -> bytes:
    with client:
        return client.recv(65_536)


async def test_who_waits_at_the_door_when_it_is_to_close_is_answered(
    server: PatientServer,
) -> None:
    waiting = [knocked(port_of(server)) for _ in range(WAITING)]
    async with asyncio.timeout(LIMIT):
        closing = asyncio.create_task(server.shutdown())
        answers = await asyncio.gather(*(asyncio.to_thread(read, client) for client in waiting))
        await closing
    assert [answer[:15] for answer in answers] == [b"HTTP/1.1 200 OK"] * WAITING


async def test_nobody_gets_in_when_it_has_closed(server: PatientServer) -> None:
    port = port_of(server)
    await server.shutdown()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=LIMIT)


async def test_a_door_that_others_hold_too_stays_open(server: PatientServer, door: Any) -> None:
    async with asyncio.timeout(LIMIT):
        await server.shutdown([door.dup()])
    knocked(door.getsockname()[1]).close()
    assert has_waiting(door)


def test_a_door_knows_whether_somebody_waits(door: Any) -> None:
    assert not has_waiting(door)
    with knocked(door.getsockname()[1]):
        assert has_waiting(door)


@on_linux
def test_who_is_inside_stays_and_who_comes_then_does_not_get_in(door: Any) -> None:
    with knocked(door.getsockname()[1]) as first:
        turn_away(door)
        with pytest.raises(TimeoutError):
            socket.create_connection(door.getsockname(), timeout=0.1)
        taken, _address = door.accept()
        with taken:
            assert taken.recv(1000) == GET
            taken.sendall(b"yes")
        assert first.recv(10) == b"yes"


def test_a_service_closes_its_door_with_its_workers(door: Any, settings: Any) -> None:
    settings.MCP_DRAIN_DELAY = 0.0
    supervisor = PatientSupervisor.__new__(PatientSupervisor)  # it would take the signals over
    supervisor.processes, supervisor.sockets = [], [door]
    supervisor.terminate_all()
    assert door.fileno() == -1
