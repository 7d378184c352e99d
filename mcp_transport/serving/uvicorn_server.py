"""
uvicorn, which closes its door when nobody stands in it.

The kernel completes connections by itself and holds them until a process takes
them. Those that a listening socket still holds when it is closed are reset,
with the requests that have come over them, and nobody may send a POST twice.
So whoever comes late is turned away first: a proxy goes elsewhere at once, or
when it knocks again. Then those who are inside are taken, and then it closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import selectors
import struct
import sys
import time
from collections.abc import Sequence
from socket import SOL_SOCKET, socket

from uvicorn.config import STARTUP_FAILURE, Config
from uvicorn.server import Server
from uvicorn.supervisors import Multiprocess

from mcp_transport.conf import settings

AHEAD = 0.05  # seconds for workers to take in the last before they close
HANDSHAKE = 0.01  # seconds in which connections that have begun become whole
TAKING_IN = 1.0  # seconds, at most, for those that are whole
SO_ATTACH_FILTER = 26  # which Python's socket module does not name

#: A classic BPF program: of TCP segments, drop those with SYN and without ACK.
NO_SYN = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte with the flags
        (0x54, 0, 0, 0x12),  # SYN and ACK of them
        (0x15, 0, 1, 0x02),  # SYN alone?
        (0x06, 0, 0, 0),  # drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # keep all of it
    )
)


def run(config: Config) -> None:
    """Serve until told to stop; a server that cannot start exits as uvicorn does."""
    with contextlib.suppress(KeyboardInterrupt):
        if config.workers > 1:
            PatientSupervisor(config, sockets=[config.bind_socket()]).run()
            return
        server = PatientServer(config)
        server.run()
        if not server.started:
            sys.exit(STARTUP_FAILURE)


class PatientServer(Server):
    """Serves on sockets of its own until nothing waits in them."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """See uvicorn; sockets that were handed in are shared with those who go on."""
        if sockets is None:
            await self._take_in()
        await super().shutdown(sockets)

    async def _take_in(self) -> None:
        with contextlib.ExitStack() as stack:
            doors = [
                stack.enter_context(socket(fileno=os.dup(door.fileno())))
                for server in self.servers
                for door in server.sockets
            ]
            for door in doors:
                turn_away(door)
            await asyncio.sleep(HANDSHAKE)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(emptied(doors), TAKING_IN)


class PatientSupervisor(Multiprocess):
    """Ends all of its workers, and what they share, so that nobody is inside."""

    def terminate_all(self) -> None:
        """See uvicorn; the workers go on taking requests for MCP_DRAIN_DELAY seconds."""
        super().terminate_all()
        time.sleep(max(0.0, settings.MCP_DRAIN_DELAY - AHEAD))
        for door in self.sockets:
            turn_away(door)
            door.close()  # or it would let clients in for as long as a worker finishes


def turn_away(door: socket) -> None:
    """Have a listening socket begin no more connections, where the system knows how to."""
    if sys.platform == "linux":
        program = ctypes.create_string_buffer(NO_SYN, len(NO_SYN))
        count = len(NO_SYN) // struct.calcsize("HBBI")
        with contextlib.suppress(OSError):  # a sandbox may forbid it; few are lost without
            door.setsockopt(
                SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", count, ctypes.addressof(program))
            )


async def emptied(doors: Sequence[socket]) -> None:
    """Return when the loop has taken all who wait."""
    while any(has_waiting(door) for door in doors):  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


def has_waiting(door: socket) -> bool:
    """Whether a listening socket holds connections that nobody has taken."""
    with selectors.DefaultSelector() as selector:
        selector.register(door, selectors.EVENT_READ)
        return bool(selector.select(0))
