"""
Connections that both sides write to: a WebSocket, HTTP with SSE, and two pipes.

Whatever is said on one is followed by a ping; when that is answered, so is
everything that was answered at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from abc import ABC, abstractmethod
from dataclasses import replace
from itertools import count
from typing import Any

from mcp_transport.auth.principal import ANONYMOUS, Principal
from mcp_transport.transports.stdio import Pipes, StdioServer
from mcp_transport.worker.lifespan import runtime
from tests.fuzz.attempts import BASE, CAPABILITIES, IMPLEMENTATION, PATH, Attempt
from tests.fuzz.in_process import LIMIT, Exchange, scope_of
from tests.fuzz.judging import MORE_TRIES, P99, Answer, judge, judge_message

SHORT = 16_000  # bytes; Linux has 65,536 in a pipe
#: How a WebSocket may end because of what was said on it; 1011 is a fault inside.
CODES = frozenset({1000, 1003, 1009, 1013})


class Channel(ABC):
    """One connection, opened again whenever the server has ended it."""

    revision: str

    def __init__(self, application: Any) -> None:
        self.application = application
        self.seconds: list[float] = []
        self._ids = count()
        self._serving: asyncio.Task[None] | None = None
        self.heard: asyncio.Queue[Any] = asyncio.Queue()  # messages; None when it has ended

    @abstractmethod
    async def open(self) -> None:
        """Begin a connection."""

    @abstractmethod
    async def say(self, body: bytes) -> None:
        """Send one message, or what is none."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Leave, and see that the application does too."""

    async def try_out(self, body: bytes) -> None:
        """Say something and judge what comes; a hang raises TimeoutError."""
        async with asyncio.timeout(LIMIT):
            if self._serving is None:
                await self._begin()
            took = await self._time_of(body)
            for _ in range(MORE_TRIES):
                if took is None or took <= P99:
                    break
                again = await self._time_of(body)
                took = again and min(took, again)
            if took is None:
                await self.hang_up()
            else:
                self.seconds.append(took)

    async def _time_of(self, body: bytes) -> float | None:
        """Until the other side is there again; None if it has ended the connection."""
        begun = time.perf_counter()
        await self.say(body)
        return time.perf_counter() - begun if await self._is_there() else None

    async def check_good_call(self) -> None:
        """A new connection is served as before."""
        async with asyncio.timeout(LIMIT):
            if self._serving is not None:
                await self.hang_up()
            await self._begin()
            assert await self._is_there()
            await self.hang_up()

    async def _begin(self) -> None:
        self.heard = asyncio.Queue()
        await self.open()
        params = {
            "protocolVersion": self.revision,
            "capabilities": CAPABILITIES,
            "clientInfo": IMPLEMENTATION,
        }
        await self._ask("initialize", params)
        assert "result" in await self.heard.get()

    async def _is_there(self) -> bool:
        """Whether a ping is answered; everything that comes before it is judged."""
        marker = await self._ask("ping", {})
        while (message := await self.heard.get()) is not None:
            for one in message if isinstance(message, list) else [message]:
                judge_message(one)
                if one.get("id") == marker:
                    return True
        return False

    async def _ask(self, method: str, params: dict[str, Any]) -> str:
        marker = f"ours-{next(self._ids)}"
        message = {"jsonrpc": "2.0", "id": marker, "method": method, "params": params}
        await self.say(json.dumps(message).encode())
        return marker

    async def _end(self) -> None:
        if self._serving is not None:
            await self._serving  # raises what the application raised
        self._serving = None


class WebSocket(Channel):
    """Frames straight into the application."""

    revision = "2025-11-25"

    async def open(self) -> None:
        """See Channel.open()."""
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._incoming.put_nowait({"type": "websocket.connect"})
        scope = {**scope_of(Attempt(headers=BASE)), "type": "websocket", "subprotocols": ["mcp"]}
        self._serving = asyncio.create_task(self.application(scope, self._incoming.get, self._take))
        assert (await self.heard.get())["type"] == "websocket.accept"

    async def say(self, body: bytes) -> None:
        """See Channel.say(); what is no UTF-8 comes as a binary frame."""
        try:
            message: dict[str, Any] = {"type": "websocket.receive", "text": body.decode()}
        except UnicodeDecodeError:
            message = {"type": "websocket.receive", "bytes": body}
        self._incoming.put_nowait(message)

    async def hang_up(self) -> None:
        """See Channel.hang_up()."""
        self._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self._end()

    async def _take(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind == "websocket.send":
            self.heard.put_nowait(json.loads(message["text"]))
        elif kind == "websocket.close":
            assert message["code"] in CODES, message
            self.heard.put_nowait(None)
        else:
            self.heard.put_nowait(message)


class HttpSse(Channel):
    """The stream and the POSTs for it, straight into the application."""

    revision = "2024-11-05"

    async def open(self) -> None:
        """See Channel.open()."""
        self._gone = asyncio.Event()
        self._rest = b""
        scope = scope_of(Attempt(method="GET", target=f"{PATH}/sse", headers=BASE))
        self._serving = asyncio.create_task(self.application(scope, self._wait, self._take))
        self._door = Attempt(target=await self.heard.get(), headers=BASE)

    async def say(self, body: bytes) -> None:
        """See Channel.say(); the POST itself says little."""
        exchange = Exchange(replace(self._door, body=body))
        answer: Answer = await exchange.run(self.application)
        judge(answer)

    async def hang_up(self) -> None:
        """See Channel.hang_up()."""
        self._gone.set()
        await self._end()

    async def _wait(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
            return
        *blocks, self._rest = (self._rest + message.get("body", b"")).split(b"\n\n")
        for block in blocks:
            data = block.partition(b"data: ")[2]
            if data:
                is_door = b"event: endpoint" in block
                self.heard.put_nowait(data.decode() if is_door else json.loads(data))
        if not message.get("more_body"):
            self.heard.put_nowait(None)


class Stdio(Channel):
    """Lines through the pipes of a process that this one is itself."""

    revision = "2025-11-25"

    async def open(self) -> None:
        """See Channel.open()."""
        source, self._said = os.pipe()
        told, sink = os.pipe()
        server = StdioServer(runtime(), PATH.rpartition("/")[2], self._who, Pipes(source, sink))
        self._serving = asyncio.create_task(server.serve())
        self._ends = (source, sink)
        self._serving.add_done_callback(self._ended)
        self._listening = asyncio.create_task(self._listen(told))

    async def say(self, body: bytes) -> None:
        """See Channel.say(); a pipe holds what is short, and writing more waits for its reader."""
        line = memoryview(body + b"\n")
        if len(line) < SHORT:
            os.write(self._said, line)
            return
        while line:
            line = line[await asyncio.to_thread(os.write, self._said, line) :]

    async def hang_up(self) -> None:
        """See Channel.hang_up()."""
        os.close(self._said)
        await self._end()
        await self._listening

    def _ended(self, _done: asyncio.Task[None]) -> None:
        for end in self._ends:
            os.close(end)

    async def _who(self) -> Principal:
        return ANONYMOUS

    async def _listen(self, told: int) -> None:
        reader = asyncio.StreamReader(limit=2**24)
        protocol = asyncio.StreamReaderProtocol(reader)
        pipe = os.fdopen(told, "rb", 0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, pipe)
        while line := await reader.readline():
            self.heard.put_nowait(json.loads(line))
        transport.close()
        self.heard.put_nowait(None)
