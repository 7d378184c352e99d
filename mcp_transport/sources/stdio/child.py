"""
One child: a program that runs, and is spoken to over its pipes.

It is greeted with a handshake, which most know. One that refuses it is asked
whether it is stateless.
"""

from __future__ import annotations

import asyncio
from typing import Any

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import ProtocolError
from mcp_transport.sources.foreign.conversation import CANCELLED, Call
from mcp_transport.sources.foreign.errors import Answered, Away, Gone, Unsent
from mcp_transport.sources.foreign.peer import Heed, Json, Peer
from mcp_transport.sources.stdio.process import Process, TooLong

READ_PATIENCE = 1.0  # seconds for the last lines of a child that has ended


class Child(Peer):
    """A program that runs, and has said what it can do."""

    def __init__(self, process: Process, heed: Heed) -> None:
        super().__init__(process.program, heed)
        self._process = process
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """The process id of its supervisor."""
        return self._process.pid

    @property
    def last_words(self) -> str:
        """What it last said on standard error."""
        return self._process.last_words

    async def greet(self) -> None:
        """See Peer.greet()."""
        try:
            await self._shake_hands()
        except Answered as error:
            return await self._greet_stateless(error)
        return self.tell("notifications/initialized")

    async def stop(self) -> None:
        """End the conversation and the process."""
        self.end()
        await self._process.stop()
        await asyncio.wait([self._reading], timeout=READ_PATIENCE)
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _greet_stateless(self, refusal: Answered) -> None:
        """Speak to it without a handshake, or raise what it said to that."""
        try:
            found = await self._discover()
        except Answered:
            raise refusal from None
        if not self._be_stateless(found):
            raise Away(f"{self.name} speaks a revision that is not known here.")
        if wanted := self._wanted():
            self._listen(wanted)

    def _follow(self, uri: str) -> None:
        if self._envelope:
            self._listen({"resourceSubscriptions": [uri]})
        else:
            self._ask_aside("resources/subscribe", {"uri": uri})

    def _listen(self, wanted: Json) -> None:
        self._ask_aside("subscriptions/listen", self._enveloped({"notifications": wanted}))

    def _ask_aside(self, method: str, params: dict[str, Any]) -> None:
        """Ask for something whose answer nobody waits for."""
        self._post(jsonrpc.request(next(self._ids), method, params))

    def _begin(self, id_: int, method: str, params: Json, call: Call) -> None:
        if not self._process.is_open:
            self.end()
            raise Unsent(f"{self.name} has ended; call again.")
        if not self._process.post(jsonrpc.request(id_, method, params)):
            raise Gone(f"{self.name} does not read what it is sent; call again.")

    def _leave(self, id_: int, *, is_cancelled: bool) -> None:
        if is_cancelled:
            reason = "Nobody waits for it any more."
            self.tell(CANCELLED, {"requestId": id_, "reason": reason})

    def _post(self, message: bytes) -> None:
        self._process.post(message)

    async def _read(self) -> None:
        try:
            async for line in self._process.lines():
                self._take_line(line)
        except Exception:
            self.origin.logger.exception("%s could not be read", self.origin.place)
        finally:
            self.end()

    def _take_line(self, line: bytes | TooLong) -> None:
        if isinstance(line, TooLong):
            self._drop(line)
        elif line.strip():
            try:
                self.take(jsonrpc.decode(line))
            except ProtocolError:
                self._process.note_noise(line)

    def _drop(self, line: TooLong) -> None:
        """Fail the one call whose answer is too long, or all where nobody can say which."""
        self.origin.logger.error("%s sent a line above the limit", self.origin.place)
        error = Gone(f"{self.name} answered with more than can be taken.")
        if line.id is None:
            for call in self._calls.values():
                call.settle(error)
        elif (one := self._calls.get(line.id)) is not None:
            one.settle(error)
