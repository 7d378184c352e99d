"""
Clients of both eras, for the tests.

Each validates every message it receives against the official schema of its
revision, so a test that talks to the server at all is a test of its wire
format. ``ask`` sends one request and reads its answer to the end; ``request``
goes through all rounds of questions and returns the result.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from tests.asgi import Event, Exchange, Http
from tests.schema import check_message

Json = dict[str, Any]
AnswerCallback = Callable[[str, Json], Json]

LEGACY_REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25")
MODERN_REVISION = "2026-07-28"
HTTP_REVISIONS = (*LEGACY_REVISIONS, MODERN_REVISION)
ELICITING_REVISIONS = HTTP_REVISIONS[1:]

PROTOCOL_VERSION = "io.modelcontextprotocol/protocolVersion"
CLIENT_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
CLIENT_INFO = "io.modelcontextprotocol/clientInfo"
LOG_LEVEL = "io.modelcontextprotocol/logLevel"
SERVER_INFO = "io.modelcontextprotocol/serverInfo"
SUBSCRIPTION_ID = "io.modelcontextprotocol/subscriptionId"

NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
IMPLEMENTATION = {"name": "tests", "version": "1"}


class Refusal(Exception):
    """The server answered with an error."""

    def __init__(self, error: Json) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.error = error
        self.code: int = error["code"]


@dataclass(slots=True, kw_only=True)
class Reply:
    """What came back for one request, in the order it came."""

    status: int
    headers: Mapping[str, str]
    messages: list[Json] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # empty for a JSON answer

    @property
    def is_stream(self) -> bool:
        """Whether the answer was an event stream."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @property
    def response(self) -> Json:
        """The one message that answers the request."""
        responses = [message for message in self.messages if "method" not in message]
        assert len(responses) == 1, f"{len(responses)} responses in {self.messages!r}"
        return responses[0]

    @property
    def notifications(self) -> list[Json]:
        """Every notification, request-bound ones only on a request's stream."""
        return [m for m in self.messages if "method" in m and "id" not in m]

    @property
    def requests(self) -> list[Json]:
        """Every request that the server made."""
        return [m for m in self.messages if "method" in m and "id" in m]

    @property
    def result(self) -> Json:
        """The result; an error is raised."""
        if "error" in self.response:
            raise Refusal(self.response["error"])
        return dict(self.response["result"])

    @property
    def error(self) -> Json:
        """The error; a result is a failure."""
        assert "error" in self.response, f"Not an error: {self.response!r}"
        return dict(self.response["error"])

    @property
    def refused(self) -> tuple[int, int]:
        """HTTP's status and JSON-RPC's code."""
        return self.status, self.error["code"]


def text_of(result: Json) -> str:
    """The text blocks of a tool's result, joined."""
    return "".join(block.get("text", "") for block in result["content"])


def encode(message: Any) -> bytes:
    """One line of JSON."""
    return json.dumps(message).encode()


def unanswerable(method: str, params: Json) -> Json:
    """Answer nothing: the test does not expect a question."""
    raise AssertionError(f"The server asked {method} {params!r}")


class Stream:
    """An event stream whose messages are validated as they come."""

    def __init__(self, exchange: Exchange, revision: str, methods: Mapping[Any, str]) -> None:
        assert exchange.headers["content-type"].startswith("text/event-stream"), exchange.headers
        self.exchange = exchange
        self.events: list[Event] = []
        self._revision = revision
        self._methods = methods

    async def message(self) -> Json | None:
        """Wait for the next message; None when the stream has ended."""
        while (event := await self.exchange.event()) is not None:
            self.events.append(event)
            if event.data:  # neither a comment nor the priming event
                return self._checked(json.loads(event.data))
        return None

    async def messages(self) -> AsyncIterator[Json]:
        """Every message until the stream ends."""
        while (message := await self.message()) is not None:
            yield message

    async def expect(self, method: str) -> Json:
        """Take the next message, which has to be this notification or request."""
        message = await self.message()
        assert message is not None, f"The stream ended; {method} was expected."
        assert message.get("method") == method, message
        return dict(message.get("params", {}))

    async def close(self) -> None:
        """Leave the stream."""
        await self.exchange.disconnect()

    def _checked(self, message: Any) -> Json:
        asked = self._methods.get(message.get("id"))
        check_message(self._revision, message, method=asked)
        return dict(message)


class Client:
    """What clients of both eras share."""

    revision: str

    def __init__(self, http: Http, path: str, *, token: str, answer: AnswerCallback) -> None:
        self.http = http
        self.path = path
        self.token = token
        self.answer = answer
        self._ids = count(1)
        self._methods: dict[Any, str] = {}  # what was asked, by its id

    def base_headers(self) -> dict[str, str | None]:
        """What every POST carries."""
        return {
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
            "authorization": f"Bearer {self.token}" if self.token else None,
        }

    async def post(self, message: Any, headers: Mapping[str, str | None]) -> Exchange:
        """POST a message as it is."""
        for one in message if isinstance(message, list) else [message]:
            if "method" in one and isinstance(one.get("id"), str | int):
                self._methods[one["id"]] = one["method"]
        return await self.http.open("POST", self.path, headers=headers, body=encode(message))

    async def stream_of(self, exchange: Exchange) -> Stream:
        """The event stream of an answer."""
        return Stream(exchange, self.revision, self._methods)

    async def read(self, exchange: Exchange) -> Reply:
        """Read an answer to its end, answering what the server asks meanwhile."""
        reply = Reply(status=exchange.status, headers=exchange.headers)
        if reply.is_stream:
            stream = await self.stream_of(exchange)
            async for message in stream.messages():
                reply.messages.append(message)
                await self._received(message)
            reply.events = stream.events
        elif body := await exchange.read():
            content = json.loads(body)
            reply.messages = content if isinstance(content, list) else [content]
            for message in reply.messages:
                check_message(self.revision, message, method=self._methods.get(message.get("id")))
        return reply

    async def _received(self, message: Json) -> None:
        """React to a message of a stream."""


class ModernClient(Client):
    """A client of 2026-07-28: no session; every request says what it needs."""

    revision = MODERN_REVISION

    def __init__(
        self,
        http: Http,
        path: str,
        *,
        token: str = "",
        capabilities: Json | None = None,
        answer: AnswerCallback = unanswerable,
    ) -> None:
        super().__init__(http, path, token=token, answer=answer)
        self.capabilities = capabilities or {}

    def meta(self, extra: Mapping[str, Any]) -> Json:
        """The ``_meta`` of a request; None leaves a key out."""
        own = {
            PROTOCOL_VERSION: self.revision,
            CLIENT_CAPABILITIES: self.capabilities,
            CLIENT_INFO: IMPLEMENTATION,
        }
        return {key: value for key, value in {**own, **extra}.items() if value is not None}

    def headers(self, method: str, params: Mapping[str, Any]) -> dict[str, str | None]:
        """The headers of a request."""
        name = params.get(NAMED_BY.get(method, ""))
        return {
            **self.base_headers(),
            "mcp-protocol-version": self.revision,
            "mcp-method": method,
            "mcp-name": name if isinstance(name, str) else None,
        }

    async def open(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        meta: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        id: Any = None,  # noqa: A002
    ) -> Exchange:
        """Send a request; ``meta`` and ``headers`` override, None leaves out."""
        given = dict(params or {})
        message = {
            "jsonrpc": "2.0",
            "id": next(self._ids) if id is None else id,
            "method": method,
            "params": {**given, "_meta": self.meta(meta or {})},
        }
        return await self.post(message, {**self.headers(method, given), **(headers or {})})

    async def ask(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Send one request and read its answer."""
        return await self.read(await self.open(method, params, **options))

    async def request(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Send a request and answer questions until it is complete."""
        given = dict(params or {})
        for _ in range(10):
            reply = await self.ask(method, given, **options)
            response = reply.response
            if response.get("result", {}).get("resultType") != "input_required":
                return reply
            given = {**dict(params or {}), **self.answers_to(response["result"])}
        raise AssertionError(f"{method} asks without end.")

    def answers_to(self, result: Json) -> Json:
        """What a retry has to carry."""
        carried: Json = {}
        if "inputRequests" in result:
            carried["inputResponses"] = {
                key: self.answer(question["method"], question.get("params", {}))
                for key, question in result["inputRequests"].items()
            }
        if "requestState" in result:
            carried["requestState"] = result["requestState"]
        return carried

    async def call(self, name: str, arguments: Json | None = None, **options: Any) -> Reply:
        """Call a tool through all its questions."""
        return await self.request(
            "tools/call", {"name": name, "arguments": arguments or {}}, **options
        )

    async def listen(self, notifications: Json, **options: Any) -> Stream:
        """Subscribe; the acknowledgement is the stream's first message."""
        exchange = await self.open(
            "subscriptions/listen", {"notifications": notifications}, **options
        )
        return await self.stream_of(exchange)

    async def _received(self, message: Json) -> None:
        asks = "method" in message and "id" in message
        assert not asks, f"A request on a stream of {self.revision}: {message!r}"


class LegacyClient(Client):
    """A client with a handshake, a session and streams that resume."""

    def __init__(
        self,
        http: Http,
        path: str,
        revision: str,
        *,
        token: str = "",
        capabilities: Json | None = None,
        answer: AnswerCallback = unanswerable,
    ) -> None:
        super().__init__(http, path, token=token, answer=answer)
        self.revision = revision
        self.capabilities = capabilities or {}
        self.session_id: str | None = None
        self.initialized: Json = {}  # the result of initialize

    async def connect(self) -> Self:
        """Shake hands."""
        reply = await self.initialize()
        self.initialized = reply.result
        assert self.initialized["protocolVersion"] == self.revision
        self.session_id = reply.headers.get("mcp-session-id")
        accepted = await self.notify("notifications/initialized")
        assert accepted.status == 202
        return self

    async def initialize(self, **params: Any) -> Reply:
        """Send the first request as it is; the session is not taken over."""
        exchange = await self.open(
            "initialize",
            {
                "protocolVersion": self.revision,
                "capabilities": self.capabilities,
                "clientInfo": IMPLEMENTATION,
                **params,
            },
        )
        return await self.read(exchange)

    def headers(self) -> dict[str, str | None]:
        """The headers of a request; 2025-03-26 knows no version header."""
        is_named = self.session_id is not None and self.revision >= "2025-06-18"
        return {
            **self.base_headers(),
            "mcp-session-id": self.session_id,
            "mcp-protocol-version": self.revision if is_named else None,
        }

    async def open(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        meta: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
        id: Any = None,  # noqa: A002
    ) -> Exchange:
        """Send a request; ``headers`` override, None leaves out."""
        given = dict(params or {})
        if meta:
            given["_meta"] = dict(meta)
        identity = next(self._ids) if id is None else id
        message = {"jsonrpc": "2.0", "id": identity, "method": method, "params": given}
        return await self.post(message, {**self.headers(), **(headers or {})})

    async def ask(
        self, method: str, params: Mapping[str, Any] | None = None, **options: Any
    ) -> Reply:
        """Send a request, answer what the server asks, and read the answer."""
        return await self.read(await self.open(method, params, **options))

    request = ask

    async def call(self, name: str, arguments: Json | None = None, **options: Any) -> Reply:
        """Call a tool."""
        return await self.ask("tools/call", {"name": name, "arguments": arguments or {}}, **options)

    async def notify(self, method: str, params: Json | None = None) -> Reply:
        """Send a notification."""
        message: Json = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        return await self.read(await self.post(message, self.headers()))

    async def respond(self, request: Json, result: Json) -> Reply:
        """Answer a request of the server."""
        message = {"jsonrpc": "2.0", "id": request["id"], "result": result}
        return await self.read(await self.post(message, self.headers()))

    async def batch(self, messages: Sequence[Json]) -> Reply:
        """Send several messages in one array."""
        return await self.read(await self.post(list(messages), self.headers()))

    async def get(self, last_event_id: str | None = None, **headers: str | None) -> Exchange:
        """Open the standalone stream, or resume another."""
        accept = {"accept": "text/event-stream", "content-type": None}
        own = {**self.headers(), **accept, "last-event-id": last_event_id}
        return await self.http.open("GET", self.path, headers={**own, **headers})

    async def listen(self, last_event_id: str | None = None) -> Stream:
        """Open the standalone stream, or resume another, and follow it."""
        return await self.stream_of(await self.get(last_event_id))

    async def delete(self) -> Exchange:
        """End the session."""
        return await self.http.open("DELETE", self.path, headers=self.headers())

    async def _received(self, message: Json) -> None:
        if "method" in message and "id" in message:
            result = self.answer(message["method"], message.get("params", {}))
            accepted = await self.respond(message, result)
            assert accepted.status == 202, accepted
