"""
The way to one remote server: one request, and what comes back as it comes.

Every request goes to the address of the settings, with the credentials that
are meant for it, and redirects are not followed. What comes back is counted:
nothing is read that is longer than a message may be.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from mcp_transport.outgoing.exchanging import TooLarge, Undecodable, decoded, reason, seconds_of
from mcp_transport.outgoing.network import GuardedTransport, Refused
from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import ParseError
from mcp_transport.protocol.shortening import shown
from mcp_transport.protocol.sse import Events
from mcp_transport.sources.foreign.errors import Away, ForeignError, Gone
from mcp_transport.sources.remote.credentials import Credentials
from mcp_transport.sources.remote.shielding import Breaker
from mcp_transport.sources.remote.upstreams import Upstream
from mcp_transport.version import __version__

MAX_MESSAGE = 10 * 1024 * 1024  # bytes
MAX_STREAM = 64 * 1024 * 1024  # bytes of one stream, whatever its events
MAX_ERROR = 64 * 1024  # bytes of an answer that says what was wrong
WRITE_PATIENCE = 30.0  # seconds without progress
TOLD_AGAIN = 60.0  # seconds after which the log repeats what is wrong
STREAM_TYPE = "text/event-stream"
FAILURES = frozenset({500, 502, 503, 504})  # what a server that is in trouble answers
BASE = {
    "Accept-Encoding": "identity",
    "User-Agent": f"mcp-transport/{__version__}",
}


class Way:
    """Sends requests to a server, unless it is to be left alone."""

    def __init__(self, upstream: Upstream) -> None:
        self.upstream = upstream
        self.breaker = Breaker()
        # A call may hold a stream and answer a question on another connection meanwhile.
        connections = 2 * upstream.max_calls + upstream.max_sessions + 20
        self._transport = GuardedTransport(
            upstream.private_hosts, ca_file=upstream.ca_file, most_connections=connections
        )
        self._credentials = Credentials(upstream, self._transport)
        self._url = httpx.URL(upstream.url)
        self._told, self._told_at = "", 0.0

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    @contextlib.asynccontextmanager
    async def open(
        self,
        method: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        silence: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """
        Send a request; the answer as far as its headers.

        ``silence`` is how many seconds nothing may come. Raises Away for a
        server that was not reached, or refuses to be asked, and Gone for one
        that broke off.
        """
        sent = await self._credentials.headers()
        response = await self._send(method, {**headers, **sent}, body, silence)
        try:
            if response.status_code == 401 and self._credentials.discard(sent):
                await response.aclose()
                sent = await self._credentials.headers()
                response = await self._send(method, {**headers, **sent}, body, silence)
            self._require_welcome(response)
            try:
                yield response
            except httpx.TransportError as error:
                if not isinstance(error, httpx.ReadTimeout):  # which a silent stream may have
                    self.breaker.fail()
                raise self._broken(error) from None
        finally:
            await response.aclose()

    async def messages(self, response: httpx.Response, events: Events) -> AsyncIterator[Any]:
        """The messages of an answer, as they come. Raises Gone for what cannot be read."""
        if not is_stream(response):
            text = await self._read(response, MAX_MESSAGE)
            if text.strip():
                yield self._decoded(text)
            return
        async for piece in self._pieces(response, MAX_STREAM):
            for data in events.feed(piece):
                with contextlib.suppress(Gone):  # an event that is no message is none
                    yield self._decoded(data)
            if events.left_out:
                raise self._too_long()

    async def refusal(self, response: httpx.Response) -> tuple[dict[str, Any] | None, str]:
        """The JSON-RPC error that an answer carries, if it does, and what it says in words."""
        error: Any = None
        text = b""
        with contextlib.suppress(ForeignError):
            text = await self._read(response, MAX_ERROR)
            found = self._decoded(text) if text.strip() else None
            error = found.get("error") if isinstance(found, dict) else None
        if isinstance(error, dict):
            return error, str(error.get("message", ""))
        return None, text.decode(errors="replace")

    async def _send(
        self, method: str, headers: Mapping[str, str], body: bytes, silence: float | None
    ) -> httpx.Response:
        name = self.upstream.name
        if not self.breaker.enter():
            raise Away(f"{name} does not answer; it is tried again in {self.breaker.words}.")
        request = self._request(method, headers, body, silence)
        begun_at = time.monotonic()
        try:
            response = await self._transport.handle_async_request(request)
        except (httpx.TransportError, Refused) as error:
            self.breaker.fail()
            raise self._broken(error) from None
        except asyncio.CancelledError:
            # Who has waited for as long as a call may take has learnt something, too.
            is_silent = time.monotonic() - begun_at >= 0.9 * self.upstream.call_timeout
            (self.breaker.fail if is_silent else self.breaker.leave)()
            raise
        except BaseException:
            self.breaker.leave()
            raise
        (self.breaker.fail if response.status_code in FAILURES else self.breaker.succeed)()
        return response

    def _request(
        self, method: str, headers: Mapping[str, str], body: bytes, silence: float | None
    ) -> httpx.Request:
        patience = self.upstream.start_timeout
        limits = {"connect": patience, "pool": patience, "write": WRITE_PATIENCE, "read": silence}
        named = {"Host": self._url.netloc.decode(), **BASE, **headers}
        pairs = [(name.encode(), value.encode()) for name, value in named.items()]
        return httpx.Request(
            method, self._url, headers=pairs, content=body, extensions={"timeout": limits}
        )

    def _require_welcome(self, response: httpx.Response) -> None:
        """Raises Away for an answer that does not say anything of the request."""
        status, name = response.status_code, self.upstream.name
        if 300 <= status < 400:
            points = f"{name} points to another address, which is not followed"
            # What a server sends is not repeated to whoever calls.
            place = shown(response.headers.get("location", "").partition("?")[0])
            raise Away(f"{points}.", detail=f"{points}: {place}.")
        if status in (401, 403):
            raise Away(f"{name} refuses the site's credentials (status {status}).")
        if status == 429:
            wait = seconds_of(response.headers.get("retry-after", ""))
            when = f"in {wait:.0f} seconds" if wait else "later"
            raise Away(f"{name} wants to be asked less; call again {when}.")
        if status in FAILURES - {500}:
            raise Away(f"{name} is out of order (status {status}); call again later.")

    async def _read(self, response: httpx.Response, limit: int) -> bytes:
        return b"".join([piece async for piece in self._pieces(response, limit)])

    async def _pieces(self, response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
        """The body without its compression; it is counted while it grows."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        size = 0
        try:
            async for piece in decoded(response.aiter_raw(), encoding, limit):
                size += len(piece)
                if size > limit:
                    raise TooLarge
                yield piece
        except TooLarge:
            raise self._too_long() from None
        except Undecodable:
            raise Gone(f"{self.upstream.name} answered in a form that was not asked for.") from None

    def _decoded(self, text: bytes) -> Any:
        try:
            return jsonrpc.decode(self._credentials.masked(text))
        except ParseError:
            raise Gone(f"{self.upstream.name} answered with what is no message.") from None

    def _tell(self, why: str) -> None:
        """Write to the log what is new; what goes on is told again after a while."""
        now = time.monotonic()
        is_new = why != self._told or now - self._told_at > TOLD_AGAIN
        level = logging.WARNING if is_new else logging.DEBUG
        self.upstream.logger.log(level, "%s: %s", self.upstream.place, why)
        if is_new:
            self._told, self._told_at = why, now

    def _too_long(self) -> Gone:
        self.upstream.logger.error("%s sent more than can be taken", self.upstream.place)
        return Gone(f"{self.upstream.name} answered with more than can be taken.")

    def _broken(self, error: Exception) -> ForeignError:
        why = str(error) if isinstance(error, Refused) else reason(error)
        self._tell(why)
        if isinstance(error, (Refused, httpx.ConnectError, httpx.ConnectTimeout)):
            cannot = f"{self.upstream.name} cannot be reached; the site's log says why."
            return Away(cannot, detail=f"{why}.")
        broke = f"{self.upstream.name} broke off while it worked for this; call again."
        return Gone(broke, detail=f"it broke off ({why}).")


def is_stream(response: httpx.Response) -> bool:
    """Whether an answer consists of events."""
    return str(response.headers.get("content-type", "")).lower().startswith(STREAM_TYPE)
