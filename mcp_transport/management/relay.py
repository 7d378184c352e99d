"""
Stands between a client on pipes and a remote Streamable HTTP endpoint.

Decides nothing: what the client writes is posted, what the endpoint says is
written back, a message a line. What HTTP adds is kept here: the session, the
headers that repeat the body, and the place from which a stream goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine
from typing import Any

import httpx
import msgspec
from django.core.exceptions import ImproperlyConfigured

from mcp_transport.protocol import jsonrpc
from mcp_transport.protocol.errors import InternalError, InvalidRequest, ParseError, Refused
from mcp_transport.protocol.framing import LINE_LIMIT
from mcp_transport.protocol.headers import encode_argument, encode_value
from mcp_transport.protocol.methods import MODERN
from mcp_transport.protocol.routing import PROTOCOL_VERSION, claims_modern
from mcp_transport.protocol.sse import Events
from mcp_transport.registry.headers import header_parameters
from mcp_transport.registry.records import HeaderParameter

logger = logging.getLogger("mcp_transport.relay")

STREAM_TYPE = "text/event-stream"
BASE_HEADERS = {
    "accept": f"application/json, {STREAM_TYPE}",
    "content-type": "application/json",
}
TIMEOUT = httpx.Timeout(30.0)
PATIENT = httpx.Timeout(30.0, read=None, pool=None)  # a tool may take its time
RETRY_AFTER = 1.0  # seconds, unless the endpoint says another number
LONGEST_RETRY = 30.0
MAX_RESUMPTIONS = 8  # without an event in between
LAST_ANSWERS = 8.0  # seconds for what runs when the client has closed its end
# Pages of tools that are read for a client's first call, should it have listed none.
MAX_PAGES = 50

Write = Callable[[bytes], Awaitable[None]]
Key = tuple[type, Any]  # 1 and "1" are different requests


class Relay:
    """One client's conversation with one endpoint."""

    def __init__(self, client: httpx.AsyncClient, url: str, write: Write) -> None:
        self._client = client
        self._url = url
        self._write = write
        self._session: dict[str, str] = {}  # the headers of a legacy session
        self._flights: dict[Key, asyncio.Task[None]] = {}
        self._follower: asyncio.Task[None] | None = None
        self._tools: dict[str, tuple[HeaderParameter, ...]] = {}  # by name
        self._has_listed = False

    async def take(self, line: bytes | None) -> None:
        """Pass one line on; requests are answered later, side by side."""
        try:
            body = _decode(line)
        except (ParseError, InvalidRequest) as error:
            await self._write(jsonrpc.error(None, error))
            return
        method = body.get("method") if type(body) is dict else None
        keys = _keys(body)
        if method == "notifications/cancelled":
            await self._cancel(body)
        elif not keys or (method == "initialize" and not claims_modern(body)):
            await self._serve(body, keys)
        else:
            self._start(keys, self._serve(body, keys))
        if method == "notifications/initialized" and self._follower is None:
            self._follower = asyncio.ensure_future(self._follow())

    async def close(self) -> None:
        """Wait a little for the last answers, then end the session."""
        flights = set(self._flights.values())
        if flights:
            await asyncio.wait(flights, timeout=LAST_ANSWERS)
        for task in (*flights, self._follower):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if "mcp-session-id" in self._session:
            with contextlib.suppress(httpx.HTTPError):
                await self._client.delete(self._url, headers=self._session, timeout=TIMEOUT)

    def _start(self, keys: Collection[Key], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._flights.update(dict.fromkeys(keys, task))
        task.add_done_callback(lambda done: self._forget(keys, done))

    def _forget(self, keys: Collection[Key], done: asyncio.Task[None]) -> None:
        for key in keys:
            self._flights.pop(key, None)
        if not done.cancelled() and (error := done.exception()) is not None:
            logger.error("A request failed", exc_info=error)

    async def _cancel(self, body: Any) -> None:
        """Leave a request; a stateless endpoint knows by that, others are told."""
        params = body.get("params")
        id_ = params.get("requestId") if type(params) is dict else None
        flight = self._flights.get((type(id_), id_)) if type(id_) in (str, int) else None
        if self._session:
            await self._serve(body, ())
        if flight is not None:
            flight.cancel()

    async def _serve(self, body: Any, keys: Collection[Key]) -> None:
        """Post a message and relay what comes; whatever happens, each request is answered."""
        waiting, events = set(keys), Events()
        problem: Exception | None = None
        try:
            await self._post(body, waiting, events)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = error
        if waiting and events.last_id is not None:
            await self._resume(waiting, events)
        if problem is not None:
            logger.warning("%s: %r", self._url, problem)
        reason = "the stream ended early" if problem is None else repr(problem)
        lost = f"The endpoint was lost or out of reach: {reason}."
        for _kind, id_ in waiting:
            await self._write(jsonrpc.error(id_, InternalError(lost)))

    async def _post(self, body: Any, waiting: set[Key], events: Events) -> None:
        headers = await self._headers(body)
        timeout = PATIENT if waiting else TIMEOUT
        request = self._client.stream(
            "POST", self._url, content=jsonrpc.encode(body), headers=headers, timeout=timeout
        )
        async with request as response:
            if not response.is_success:  # nor is a redirection followed, with a token
                await self._refuse(response, waiting)
                return
            async for message in _messages(response, events):
                self._learn(body, message, response)
                await self._pass_on(message, waiting)

    async def _resume(self, waiting: set[Key], events: Events) -> None:
        """Take a stream up again where it broke off, until nothing is missing."""
        left = MAX_RESUMPTIONS
        while waiting and left:
            left -= 1
            await asyncio.sleep(_delay(events))
            seen = events.last_id
            with contextlib.suppress(httpx.TransportError):
                if not await self._get(waiting, events):
                    return
            if events.last_id != seen:
                left = MAX_RESUMPTIONS

    async def _follow(self) -> None:
        """Hear what a session is told besides its answers, for as long as it lasts."""
        events, failures = Events(), 0
        while True:
            try:
                if not await self._get(set(), events):
                    return
                failures = 0
            except httpx.TransportError:
                failures += 1
            await asyncio.sleep(min(_delay(events) * 2**failures, LONGEST_RETRY))

    async def _get(self, waiting: set[Key], events: Events) -> bool:
        """Read a stream to its end; False when there is none."""
        events.begin()
        headers = {**self._session, "accept": STREAM_TYPE}
        if events.last_id is not None:
            headers["last-event-id"] = events.last_id
        request = self._client.stream("GET", self._url, headers=headers, timeout=PATIENT)
        async with request as response:
            if response.status_code != 200 or not _is_stream(response):
                return False
            async for message in _messages(response, events):
                await self._pass_on(message, waiting)
        return True

    async def _pass_on(self, message: Any, waiting: set[Key]) -> None:
        for item in message if type(message) is list else [message]:
            if type(item) is dict and "method" not in item:
                waiting.discard((type(item.get("id")), item.get("id")))
        await self._write(jsonrpc.encode(message))

    async def _refuse(self, response: httpx.Response, waiting: set[Key]) -> None:
        """Answer with the error that the endpoint gave, or with its status."""
        text = await response.aread()
        status = response.status_code
        error: Any = None
        with contextlib.suppress(ParseError):
            found = jsonrpc.decode(text)
            error = found.get("error") if type(found) is dict else None
        if type(error) is not dict or not {"code", "message"} <= error.keys():
            error = Refused(status, f"The endpoint answered with status {status}.").as_error()
        logger.warning("%s: status %s, %s", self._url, status, error["message"])
        for _kind, id_ in waiting:
            await self._write(jsonrpc.encode({"jsonrpc": "2.0", "id": id_, "error": error}))
        waiting.clear()

    def _learn(self, body: Any, message: Any, response: httpx.Response) -> None:
        """Keep of an answer what later requests repeat in their headers."""
        result = message.get("result") if type(message) is dict else None
        if type(body) is not dict or type(result) is not dict:
            return
        if body.get("method") == "initialize" and "protocolVersion" in result:
            self._session = {"mcp-protocol-version": str(result["protocolVersion"])}
            if (session_id := response.headers.get("mcp-session-id")) is not None:
                self._session["mcp-session-id"] = session_id
        elif body.get("method") == "tools/list":
            for tool in result.get("tools", ()):
                self._tools[tool["name"]] = _parameters(tool)

    async def _headers(self, body: Any) -> dict[str, str]:
        if not claims_modern(body):
            is_handshake = type(body) is dict and body.get("method") == "initialize"
            return BASE_HEADERS | ({} if is_handshake else self._session)
        method, params = str(body.get("method")), body["params"]
        headers = {
            **BASE_HEADERS,
            "mcp-protocol-version": str(params["_meta"][PROTOCOL_VERSION]),
            "mcp-method": encode_value(method),
        }
        row = MODERN.get(method)
        name = params.get(row.named_by) if row is not None and row.named_by else None
        if type(name) is str:
            headers["mcp-name"] = encode_value(name)
        if method == "tools/call":
            headers |= await self._argument_headers(params)
        return headers

    async def _argument_headers(self, params: Any) -> dict[str, str]:
        """The Mcp-Param-* headers of a call, for a tool that has marked arguments."""
        if params.get("name") not in self._tools and not self._has_listed:
            self._has_listed = True
            with contextlib.suppress(httpx.HTTPError):
                await self._list_tools(params["_meta"])
        found = {}
        for parameter in self._tools.get(params.get("name"), ()):
            value = parameter.value_in(params.get("arguments"))
            if value is not None:
                found[f"mcp-param-{parameter.header.lower()}"] = encode_argument(value)
        return found

    async def _list_tools(self, meta: Any) -> None:
        """Read the tools that the client knows from before."""
        own = {key: value for key, value in meta.items() if key != "progressToken"}
        params: dict[str, Any] = {"_meta": own}
        for _page in range(MAX_PAGES):
            body = {"jsonrpc": "2.0", "id": "tools", "method": "tools/list", "params": params}
            headers = await self._headers(body)
            response = await self._client.post(
                self._url, content=jsonrpc.encode(body), headers=headers, timeout=TIMEOUT
            )
            cursor = None
            async for message in _messages(response, Events()):
                self._learn(body, message, response)
                cursor = (message.get("result") or {}).get("nextCursor")
            if cursor is None:
                return
            params = {"_meta": own, "cursor": cursor}


async def _messages(response: httpx.Response, events: Events) -> AsyncIterator[Any]:
    """The messages of an answer, as they come."""
    if not _is_stream(response):
        text = await response.aread()
        if text.strip():
            with contextlib.suppress(msgspec.DecodeError):
                yield msgspec.json.decode(text)
        return
    async for piece in response.aiter_bytes():
        for data in events.feed(piece):
            try:
                yield msgspec.json.decode(data)
            except msgspec.DecodeError:
                logger.warning("The endpoint sent an event that is no JSON")


def _decode(line: bytes | None) -> Any:
    if line is None:
        raise InvalidRequest(f"The line is longer than {LINE_LIMIT} bytes; it was not read.")
    return jsonrpc.decode(line)


def _keys(body: Any) -> list[Key]:
    """The ids of the requests in a message, or in each of an array."""
    return [
        (type(item["id"]), item["id"])
        for item in (body if type(body) is list else [body])
        if type(item) is dict and "method" in item and type(item.get("id")) in (str, int)
    ]


def _is_stream(response: httpx.Response) -> bool:
    return bool(response.headers.get("content-type", "").lower().startswith(STREAM_TYPE))


def _delay(events: Events) -> float:
    return RETRY_AFTER if events.retry_after is None else min(events.retry_after, LONGEST_RETRY)


def _parameters(tool: Any) -> tuple[HeaderParameter, ...]:
    try:
        return header_parameters(tool.get("inputSchema", {}), tool["name"])
    except ImproperlyConfigured as error:
        logger.warning("A tool cannot be called: %s", error)
        return ()
