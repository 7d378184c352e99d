"""Tests of mcp_transport.transports.socket_endpoint: what goes wrong; the rest is in tests/interaction."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from mcp_transport.auth.principal import ANONYMOUS
from mcp_transport.engine.connection import Ending
from mcp_transport.protocol.subscriptions import Change
from mcp_transport.transports import socket_endpoint
from mcp_transport.transports.direct import EXTENSION, FIND
from mcp_transport.worker.lifespan import runtime
from tests.interaction.conftest import *  # noqa: F403  the running site
from tests.sockets import Sockets


async def fail(*_arguments: Any, **_options: Any) -> Any:
    raise RuntimeError("the password is hunter2")


class Past:
    """A way past send that notes which of its two ways is taken."""

    def __init__(self) -> None:
        self.offered: list[bytes] = []
        self.added: list[bytes] = []

    def offer(self, data: bytes) -> bool:
        self.offered.append(data)
        return True

    def add(self, data: bytes) -> bool:
        self.added.append(data)
        return b'"last"' not in data


async def test_changes_leave_at_once_and_answers_with_their_turn(sockets: Sockets) -> None:
    past = Past()
    socket = await sockets.open(extensions={EXTENSION: {FIND: lambda _send: past}})
    wanted = {"notifications": {"toolsListChanged": True}}
    socket.request_modern("subscriptions/listen", wanted, id="stream")
    call = {"name": "announce", "arguments": {"kind": "tools"}}
    await socket.ask_modern("tools/call", call, id="last")
    assert [b"acknowledged" in message for message in past.added] == [True, False]
    (told,) = past.offered
    assert b"notifications/tools/list_changed" in told


async def test_nothing_goes_past_send_once_a_connection_is_to_end(sockets: Sockets) -> None:
    past = Past()
    socket = await sockets.open(extensions={EXTENSION: {FIND: lambda _send: past}})
    socket.request_modern("subscriptions/listen", {"notifications": {"toolsListChanged": True}})
    await socket.ask_modern("tools/list", id="last")
    (connection,) = runtime().engine.connections
    connection.end(Ending.CLOSED)
    await runtime().hub.publish(Change("tools"))
    assert past.offered == []
    assert await socket.closed() == 4404


async def test_a_connection_that_cannot_be_opened_is_500_and_logged(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runtime().opening, "identify", fail)
    with caplog.at_level(logging.ERROR, "mcp_transport.websocket"):
        socket = await sockets.open()
    assert socket.status == 500
    assert "hunter2" not in str(socket.denial)
    assert "could not be opened" in caplog.text


async def test_a_connection_that_fails_is_closed_and_logged(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        "mcp_transport.transports.socket_endpoint.jsonrpc.decode", lambda _data: 1 / 0
    )
    socket = await sockets.open()
    with caplog.at_level(logging.ERROR, "mcp_transport.websocket"):
        socket.put("{}")
        assert await socket.closed() == 1011
    assert "failed" in caplog.text


@pytest.mark.parametrize("name", ["host", "origin", "authorization"])
async def test_a_header_that_decides_stands_once(sockets: Sockets, name: str) -> None:
    headers = [("host", "testserver"), (name, "testserver"), (name, "testserver")]
    assert (await sockets.open(headers=headers)).status in {400, 403}


async def test_a_challenge_names_the_address_as_http_does(sockets: Sockets) -> None:
    socket = await sockets.open("/mcp/guarded/ws")
    assert 'realm="http://testserver/mcp/guarded/ws"' in socket.headers["www-authenticate"]


async def test_a_server_that_lets_no_such_code_through_gets_a_private_one(
    sockets: Sockets,
) -> None:
    socket = await sockets.open()
    socket.lets_through = range(3000, 5000)
    socket.put(data=b"")
    assert await socket.closed() == 4003


async def test_a_client_that_leaves_meanwhile_is_let_go(sockets: Sockets) -> None:
    socket = await sockets.open()
    socket.lets_through = range(0)
    socket.failure = OSError
    socket.put(data=b"")
    await socket.returned()
    assert socket.code is None


async def test_a_client_that_reads_nothing_is_not_waited_for(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_endpoint, "CLOSE_TIMEOUT", 0.01)
    socket = await sockets.open()
    socket.writable.clear()
    socket.holds_close = True
    socket.put(data=b"")
    await socket.returned()
    assert socket.code is None


async def left(message: dict[str, Any]) -> None:
    """Refuse to send, as uvicorn does once its client has left."""
    raise ConnectionResetError(message["type"])


async def test_a_client_that_leaves_before_it_is_let_in_holds_nothing(
    sockets: Sockets, caplog: pytest.LogCaptureFixture
) -> None:
    socket = await sockets.open()
    await socket.leave()
    application, scope = socket._application, socket.scope
    with caplog.at_level(logging.ERROR, "mcp_transport.websocket"):
        await application(scope, connecting, left)
    assert len(runtime().engine.connections) == 0
    assert runtime().limiting.streams_of(ANONYMOUS) == 0
    assert caplog.text == ""


async def test_a_client_that_leaves_before_it_is_refused_is_no_error(sockets: Sockets) -> None:
    socket = await sockets.open("/mcp/nowhere/ws")
    await socket._application(socket.scope, connecting, left)


async def connecting() -> dict[str, Any]:
    return {"type": "websocket.connect"}
