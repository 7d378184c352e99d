"""
One conversation with a remote server, in the era that it speaks.

A server is first asked as one that is stateless; one that does not know what
that means is greeted with a handshake (2026-07-28,
basic/transports/streamable-http, Backward Compatibility). Each request has an
answer of its own, from which what is said on its way is read as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import (
    HEADER_MISMATCH,
    UNSUPPORTED_PROTOCOL_VERSION,
    ProtocolError,
)
from mcp_transport.protocol.headers import encode_argument, encode_value
from mcp_transport.protocol.jsonrpc import Request, Response
from mcp_transport.protocol.methods import MODERN
from mcp_transport.protocol.routing import PROTOCOL_VERSION
from mcp_transport.protocol.sse import Events
from mcp_transport.registry.records import HeaderParameter
from mcp_transport.sources.foreign.conversation import CANCELLED, SIGN_OF_LIFE, Call
from mcp_transport.sources.foreign.errors import Answered, Away, ForeignError, Gone, Unsent
from mcp_transport.sources.foreign.peer import Heed, Json, Peer
from mcp_transport.sources.remote.way import MAX_MESSAGE, STREAM_TYPE, Way, is_stream

MAX_ASIDES = 100  # messages that are being sent and not waited for
LAST_PATIENCE = 1.0  # seconds for the end of a stream whose answer has come
REFUSAL_PATIENCE = 3.0  # seconds for what was asked in a session that is over
END_PATIENCE = 2.0  # seconds to say that a session is over
LONGEST_SESSION_ID = 1000  # characters
RETRY_AFTER = 0.5  # seconds before a stream is taken up again, unless it says another number
LONGEST_RETRY = 30.0
MAX_RESUMPTIONS = 5  # without an event in between

POSTED = {"Accept": f"application/json, {STREAM_TYPE}", "Content-Type": "application/json"}

#: The arguments of a tool, by its own name, that are repeated in headers.
Parameters = Callable[[str], Sequence[HeaderParameter]]


class Era:
    """What is known of how a server is spoken to, from one session to the next."""

    is_legacy = False


class Session(Peer):
    """A remote server, for those who share a conversation with it."""

    def __init__(
        self,
        way: Way,
        heed: Heed,
        *,
        era: Era,
        parameters: Parameters,
        is_followed: bool = False,
    ) -> None:
        super().__init__(way.upstream, heed)
        self.is_followed = is_followed  # whether it is heard what it tells beside its answers
        self.way = way
        self.revision = ""
        self.when_followed: Callable[[], None] | None = None
        self._era = era
        self._parameters = parameters
        self._session_id = ""
        self._is_greeted = False
        self._working: dict[int, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()

    @property
    def is_stateless(self) -> bool:
        """Whether every request stands for itself."""
        return bool(self._envelope)

    @property
    def headers(self) -> dict[str, str]:
        """What every request of a session carries after the handshake."""
        named = {"MCP-Protocol-Version": self.revision} if self.revision else {}
        return named | ({"Mcp-Session-Id": self._session_id} if self._session_id else {})

    @property
    def followed(self) -> list[str]:
        """The resources whose changes are wanted."""
        return sorted(self._followed)

    async def greet(self) -> None:
        """See Peer.greet()."""
        if self._era.is_legacy or not await self._is_found_stateless():
            await self._greet_legacy()
        self._is_greeted = True

    async def lives(self) -> bool:
        """See Conversation.lives(); a ping is known in sessions alone."""
        if not self.is_stateless:
            return await super().lives()
        self.is_doubtful = False
        try:
            async with asyncio.timeout(SIGN_OF_LIFE):
                await self._discover()
        except (ForeignError, TimeoutError) as error:
            return isinstance(error, Answered)
        return True

    async def stop(self) -> None:
        """End the session, and tell the server."""
        if self.is_over and self._working:  # one that was forgotten refuses all that was asked
            await asyncio.wait(self._working.values(), timeout=REFUSAL_PATIENCE)
        self.end()
        tasks = [*self._working.values(), *self._asides]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._session_id:
            with contextlib.suppress(ForeignError, TimeoutError):
                async with asyncio.timeout(END_PATIENCE):
                    await self._finish()

    def listen_headers(self) -> Mapping[str, str]:
        """Of a request that asks to be told of changes."""
        return self._headers("subscriptions/listen", self._enveloped({}))

    def listening(self, id_: str) -> bytes:
        """The request of one that is stateless to be told of changes; empty where there are none."""
        wanted = self._wanted()
        if self._followed:
            wanted["resourceSubscriptions"] = self.followed
        if not wanted:
            return b""
        params = self._enveloped({"notifications": wanted})
        return jsonrpc.request(id_, "subscriptions/listen", params)

    async def _is_found_stateless(self) -> bool:
        try:
            found = await self._discover()
        except Answered as error:
            if error.code == HEADER_MISMATCH:
                raise
            return False
        return self._be_stateless(found)

    async def _greet_legacy(self) -> None:
        try:
            self.revision = await self._shake_hands()
        except ForeignError:
            self._era.is_legacy = False
            raise
        self._era.is_legacy = True
        await self._send(jsonrpc.notification("notifications/initialized"))

    def _follow(self, uri: str) -> None:
        if self.is_stateless:
            if self.when_followed is not None:
                self.when_followed()
        else:
            self._aside(self._subscribe(uri))

    async def _subscribe(self, uri: str) -> None:
        async with asyncio.timeout(self.origin.start_timeout):
            await self.exchange("resources/subscribe", {"uri": uri})

    def _begin(self, id_: int, method: str, params: Json, call: Call) -> None:
        task = asyncio.create_task(self._work(id_, method, params, call))
        self._working[id_] = task
        task.add_done_callback(lambda _done: self._working.pop(id_, None))

    def _leave(self, id_: int, *, is_cancelled: bool) -> None:
        if is_cancelled and not self.is_stateless and self._is_greeted and not self.is_over:
            reason = "Nobody waits for it any more."
            self.tell(CANCELLED, {"requestId": id_, "reason": reason})
        task = self._working.get(id_)
        if task is not None and (is_cancelled or not self._is_greeted):
            task.cancel()

    def _post(self, message: bytes) -> None:
        # One that is stateless is never answered (2026-07-28, Sending Messages, 4).
        if not self.is_stateless:
            self._aside(self._send(message))

    def _be_asked(self, asked: Request, of: Call | None) -> None:
        if not self.is_stateless:
            super()._be_asked(asked, of)

    def _aside(self, work: Any) -> None:
        """Own what nobody waits for; what is too much is left out."""
        if len(self._asides) >= MAX_ASIDES or self.is_over:
            work.close()
            return
        task = asyncio.create_task(self._attempt(work))
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def _attempt(self, work: Any) -> None:
        try:
            await work
        except (ForeignError, TimeoutError) as error:
            self.origin.logger.debug("%s: %s", self.origin.place, error)

    async def _send(self, message: bytes) -> None:
        """Send what has no answer. Raises ForeignError."""
        patience = self.origin.start_timeout
        request = self.way.open("POST", POSTED | self.headers, message, silence=patience)
        async with request as response:
            if response.status_code >= 400:
                raise Away(f"{self.name} did not take a message ({response.status_code}).")

    async def _finish(self) -> None:
        async with self.way.open("DELETE", self.headers):
            pass

    async def _work(self, id_: int, method: str, params: Json, call: Call) -> None:
        """Ask, and bring the call to its end, whatever that is."""
        try:
            await self._serve(id_, method, params, call)
            call.settle(Gone(f"{self.name} gave no answer; call again."))
        except ForeignError as error:
            call.settle(error)
        except Exception:
            self.origin.logger.exception("%s could not be read", self.origin.place)
            call.settle(Gone(f"{self.name} gave no answer that could be read."))

    async def _serve(self, id_: int, method: str, params: Json, call: Call) -> None:
        events = Events(MAX_MESSAGE)
        body = jsonrpc.request(id_, method, params)
        try:
            request = self.way.open("POST", self._headers(method, params), body)
            async with request as response:
                if response.status_code != 200:
                    await self._refuse(response, call)
                    return
                if method == "initialize":
                    self._session_id = _session_id(response)
                await self._read(response, events, call)
        except Gone:
            if self.is_stateless or events.last_id is None or events.left_out:
                raise
        if call.outcome is None and events.last_id is not None and not self.is_stateless:
            try:
                await self._resume(events, call)
            except Away as error:
                broke = f"{self.name} broke off while it worked for this; call again."
                raise Gone(broke, detail=error.detail) from None

    async def _read(self, response: httpx.Response, events: Events, call: Call) -> None:
        """Take what comes, until the answer is there and a moment longer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None) as limit:
                async for value in self.way.messages(response, events):
                    self._take(value, call)
                    if call.outcome is not None and limit.when() is None:
                        limit.reschedule(asyncio.get_running_loop().time() + LAST_PATIENCE)

    def _take(self, value: Any, call: Call) -> None:
        try:
            self.take(value, call)
        except ProtocolError as error:
            self.origin.logger.debug(
                "%s says what is no message: %s", self.origin.place, error.message
            )

    async def _resume(self, events: Events, call: Call) -> None:
        """Take a stream up again where it broke off (2025-11-25, Resumability and Redelivery)."""
        left = MAX_RESUMPTIONS
        while call.outcome is None and left:
            left -= 1
            await asyncio.sleep(pause_of(events))
            seen = events.last_id or ""
            events.begin()
            headers = {"Accept": STREAM_TYPE, **self.headers, "Last-Event-ID": seen}
            with contextlib.suppress(Gone):
                async with self.way.open("GET", headers) as response:
                    if response.status_code != 200 or not is_stream(response):
                        return
                    await self._read(response, events, call)
            if events.left_out:
                return
            if events.last_id != seen:
                left = MAX_RESUMPTIONS

    async def _refuse(self, response: httpx.Response, call: Call) -> None:
        """Settle a call that was answered with a status. Raises ForeignError."""
        status = response.status_code
        error, said = await self.way.refusal(response)
        if self._is_unknown(status, error, said):
            self.retire()  # others may be told the same, and are not lost either
            raise Unsent(f"{self.name} has forgotten the session; call again.")
        if error is not None:
            call.settle(Response(0, error=error))
        else:
            raise Answered(0, f"{self.name} answered with status {status}.")

    def _is_unknown(self, status: int, error: Json | None, said: str) -> bool:
        """
        Whether the server does not know any more how it was spoken to.

        404, as the specification has it, or what servers in the wild say; of
        one that is stateless, that it has become another.
        """
        if status == 404 and self._session_id:
            return True
        is_other = error is not None and error.get("code") == UNSUPPORTED_PROTOCOL_VERSION
        return self._is_greeted and status == 400 and (is_other or "session" in said.lower())

    def _headers(self, method: str, params: Json) -> Mapping[str, str]:
        meta = params.get("_meta")
        revision = meta.get(PROTOCOL_VERSION) if isinstance(meta, dict) else None
        if revision is None:
            return POSTED | ({} if method == "initialize" else self.headers)
        named = {**POSTED, "MCP-Protocol-Version": str(revision), "Mcp-Method": method}
        row = MODERN.get(method)
        name = params.get(row.named_by) if row is not None and row.named_by else None
        if isinstance(name, str):
            named["Mcp-Name"] = encode_value(name)
        if method == "tools/call":
            for parameter in self._parameters(str(name)):
                value = parameter.value_in(params.get("arguments"))
                if value is not None:
                    named[f"Mcp-Param-{parameter.header}"] = encode_argument(value)
        return named


def pause_of(events: Events) -> float:
    """Seconds before a stream is asked for again."""
    return RETRY_AFTER if events.retry_after is None else min(events.retry_after, LONGEST_RETRY)


def _session_id(response: httpx.Response) -> str:
    """The id that a server gives a session; visible ASCII (2025-11-25, Session Management)."""
    given = str(response.headers.get("mcp-session-id", ""))
    is_good = given.isascii() and given.isprintable() and " " not in given
    return given if is_good and len(given) <= LONGEST_SESSION_ID else ""
