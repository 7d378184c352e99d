"""Tests of mcp_transport.transports.streamable_http, over an engine that only listens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from itertools import permutations
from typing import Any

import pytest
from pytest_django import Settings

from mcp_transport.auth.errors import AuthenticationUnavailable, InvalidToken
from mcp_transport.auth.principal import ANONYMOUS, Principal
from mcp_transport.engine.catalog import Catalog
from mcp_transport.engine.directory import Offer, ServerRecord
from mcp_transport.engine.incoming import ENDED, Incoming, Outcome, Reply, Responder
from mcp_transport.protocol.errors import InternalError
from mcp_transport.testing.asgi import Exchange, Http
from mcp_transport.transports.pulse import Pulse
from mcp_transport.transports.security import Gate
from mcp_transport.transports.streamable_http import StreamableHttpConsumer

JSON = {"content-type": "application/json"}
EMPTY = Catalog(
    tools={}, resources={}, templates={}, prompts={}, features=frozenset(), is_uniform=True
)


def offer(slug: str, access: str) -> Offer:
    """A server without entries."""
    server = ServerRecord(
        id=1, slug=slug, title="", description="", instructions="", access=access,
        permission="", offers=(), overrides={},
    )  # fmt: skip
    return Offer(server, EMPTY, {})


class Listening:
    """A worker process and all of its parts: what reaches it is kept."""

    def __init__(self) -> None:
        self.is_started = False
        self.pulse = Pulse(60.0)
        self.count_response = None
        self.max_body_bytes = 100
        self.gate = Gate(("testserver",), ("http://app.example",))
        self.engine = self.directory = self.authenticators = self
        self.offers = {"open": offer("open", "public"), "guarded": offer("guarded", "token")}
        self.refusal: Exception | None = None
        self.outcome: Outcome = Reply(200, b"{}")
        self.problem: Exception | None = None
        self.heard: list[tuple[str, Incoming]] = []

    async def start(self) -> None:
        """Start once."""
        assert not self.is_started
        self.is_started = True

    def find_cached(self, slug: str) -> Offer | None:
        """Nothing is cached."""
        return None

    def last_known(self, slug: str) -> Offer | None:
        """The server of a slug."""
        return self.offers.get(slug)

    async def find(self, slug: str) -> Offer | None:
        """The server of a slug."""
        return self.offers.get(slug)

    def recall(self, headers: Mapping[bytes, bytes]) -> Principal | None:
        """Nothing is remembered."""
        return None

    async def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal:
        """Nobody, or the refusal."""
        if self.refusal is not None:
            raise self.refusal
        return ANONYMOUS

    async def receive(self, incoming: Incoming, responder: Responder) -> Outcome:
        """A message came."""
        return self.hear("receive", incoming)

    async def open_stream(self, incoming: Incoming, responder: Responder) -> Outcome:
        """A stream is asked for."""
        await responder.open()
        return self.hear("open_stream", incoming)

    async def close_session(self, incoming: Incoming) -> Outcome:
        """A session is done."""
        return self.hear("close_session", incoming)

    def hear(self, what: str, incoming: Incoming) -> Outcome:
        """Keep what came."""
        self.heard.append((what, incoming))
        if self.problem is not None:
            raise self.problem
        return self.outcome


@pytest.fixture
def worker() -> Listening:
    """What the endpoint is given."""
    return Listening()


@pytest.fixture
async def http(worker: Listening) -> AsyncIterator[Http]:
    """A client of the endpoint."""
    endpoint: Any = StreamableHttpConsumer.as_asgi(runtime=lambda: worker)

    async def routed(scope: Any, receive: Any, send: Any) -> None:
        await endpoint({**scope, "mcp_server": scope["path"].rpartition("/")[2]}, receive, send)

    client = Http(routed)
    yield client
    await client.close()


async def post(http: Http, body: bytes = b"{}", **headers: str) -> Exchange:
    """Send a body to the open server."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.open("POST", "/mcp/open", headers={**JSON, **named}, body=body)


async def test_a_message_reaches_the_engine_with_what_came_with_it(
    http: Http, worker: Listening
) -> None:
    exchange = await post(
        http,
        b'{"a": 1}',
        mcp_protocol_version=" 2025-11-25 ",
        mcp_session_id="s",
        last_event_id="e",
    )
    assert (exchange.status, await exchange.read()) == (200, b"{}")
    assert exchange.headers["content-type"] == "application/json"
    ((what, incoming),) = worker.heard
    assert (what, incoming.body, incoming.principal) == ("receive", {"a": 1}, ANONYMOUS)
    assert (incoming.protocol_version, incoming.session_id) == ("2025-11-25", "s")
    assert (incoming.last_event_id, incoming.duplicates) == ("e", frozenset())
    assert (incoming.transport, incoming.offer) == ("streamable_http", worker.offers["open"])


async def test_a_stream_is_opened_and_a_session_closed(http: Http, worker: Listening) -> None:
    worker.outcome = ENDED
    stream = await http.open("GET", "/mcp/open")
    assert (stream.headers["content-type"], await stream.read()) == ("text/event-stream", b"")
    worker.outcome = Reply(204)
    assert (await http.open("DELETE", "/mcp/open")).status == 204
    assert [what for what, _ in worker.heard] == ["open_stream", "close_session"]


async def test_the_first_request_starts_what_no_lifespan_has(http: Http, worker: Listening) -> None:
    await post(http)
    await post(http)
    assert worker.is_started


@pytest.mark.parametrize("name", ["host", "origin"])
async def test_a_host_or_origin_that_stands_twice_is_refused(
    http: Http, worker: Listening, name: str
) -> None:
    value = {"host": "testserver", "origin": "http://testserver"}[name]
    headers = [("host", "testserver"), *JSON.items(), (name, value), (name, value)]
    exchange = await http.open("POST", "/mcp/open", headers=headers, body=b"{}")
    assert exchange.status == 403
    assert "access-control-allow-origin" not in exchange.headers
    assert worker.heard == []


@pytest.mark.parametrize(
    "name", ["authorization", "content-type", "mcp-session-id", "last-event-id"]
)
async def test_a_header_that_decides_stands_once(http: Http, worker: Listening, name: str) -> None:
    headers = [*JSON.items(), (name, "application/json"), (name, "application/json")]
    exchange = await http.open("POST", "/mcp/open", headers=headers, body=b"{}")
    assert (exchange.status, worker.heard) == (400, [])


async def test_other_headers_that_stand_twice_are_left_to_the_engine(
    http: Http, worker: Listening
) -> None:
    headers = [*JSON.items(), ("mcp-name", "a"), ("mcp-name", "b")]
    assert (await http.open("POST", "/mcp/open", headers=headers, body=b"{}")).status == 200
    assert worker.heard[0][1].duplicates == {b"mcp-name"}


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "GET", "PUT"])
@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://[::1"])
async def test_a_foreign_page_is_told_nothing(
    http: Http, worker: Listening, method: str, origin: str
) -> None:
    exchange = await http.open(method, "/mcp/open", headers={**JSON, "origin": origin})
    assert exchange.status == 403
    assert not [name for name in exchange.headers if name.startswith("access-control")]
    assert worker.heard == []


async def test_a_page_that_may_call_can_read_every_answer(http: Http) -> None:
    origin = {"origin": "http://app.example"}
    for path, status in (("/mcp/open", 200), ("/mcp/guarded", 401), ("/mcp/nowhere", 404)):
        exchange = await http.open("POST", path, headers={**JSON, **origin}, body=b"{}")
        assert exchange.status == status
        assert exchange.headers["access-control-allow-origin"] == "http://app.example"


async def test_a_page_asks_first_without_credentials(http: Http, worker: Listening) -> None:
    headers = {"origin": "http://app.example", "access-control-request-headers": "mcp-param-a"}
    exchange = await http.open("OPTIONS", "/mcp/guarded", headers=headers)
    assert (exchange.status, await exchange.read()) == (204, b"")
    assert exchange.headers["access-control-allow-origin"] == "http://app.example"
    assert exchange.headers["access-control-allow-headers"].endswith(", mcp-param-a")
    assert worker.heard == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "TRACE"])
async def test_other_methods_are_not_allowed(http: Http, method: str) -> None:
    exchange = await http.open(method, "/mcp/open")
    assert (exchange.status, exchange.headers["allow"]) == (405, "POST, GET, DELETE, OPTIONS")


async def test_credentials_are_challenged(http: Http, worker: Listening) -> None:
    exchange = await http.open("POST", "/mcp/guarded", headers=JSON, body=b"{}")
    assert exchange.status == 401
    assert exchange.headers["www-authenticate"] == 'Bearer realm="http://testserver/mcp/guarded"'
    worker.refusal = InvalidToken("no")
    again = await http.open("POST", "/mcp/open", headers=JSON, body=b"{}")
    assert again.status == 401
    assert 'error="invalid_token"' in again.headers["www-authenticate"]


async def test_credentials_that_cannot_be_checked_are_not_challenged(
    http: Http, worker: Listening
) -> None:
    worker.refusal = AuthenticationUnavailable()
    exchange = await post(http)
    assert (exchange.status, exchange.headers["retry-after"]) == (503, "1")
    assert "www-authenticate" not in exchange.headers


@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonl", "application/json-patch"])
async def test_a_body_is_json_by_its_type(http: Http, kind: str) -> None:
    exchange = await http.open("POST", "/mcp/open", headers={"content-type": kind}, body=b"{}")
    assert exchange.status == 415


async def test_a_body_that_is_compressed_is_refused_with_what_would_do(http: Http) -> None:
    exchange = await post(http, content_encoding="gzip")
    assert (exchange.status, exchange.headers["accept-encoding"]) == (415, "identity")
    assert b"Content-Encoding" in await exchange.read()
    assert (await post(http, content_encoding="Identity")).status == 200


async def test_the_type_of_a_body_may_have_parameters(http: Http) -> None:
    assert (await post(http, content_type="Application/JSON ; charset=utf-8")).status == 200


async def test_what_a_client_accepts_may_stand_in_several_lines(http: Http) -> None:
    for first, second in permutations(("text/event-stream", "text/html")):
        lines = [("accept", first), ("accept", second), *JSON.items()]
        assert (await http.open("POST", "/mcp/open", headers=lines, body=b"{}")).status == 200


async def test_a_client_accepts_one_form_at_least(http: Http) -> None:
    assert (await post(http, accept="text/html")).status == 406
    assert (await post(http, accept="application/json")).status == 200


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ([b"x" * 101], {}),
        ([b"x" * 60, b"x" * 60, b"never read"], {}),
        ([b"{}"], {"content-length": "101"}),
    ],
)
async def test_a_body_over_the_limit_is_refused(
    http: Http, body: list[bytes], headers: dict[str, str]
) -> None:
    exchange = await http.open("POST", "/mcp/open", headers={**JSON, **headers}, body=body)
    assert (exchange.status, exchange.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("length", ["100", "", "-1", "1e9", "٩", "9" * 20])
async def test_a_length_that_is_none_is_left_to_the_server(http: Http, length: str) -> None:
    headers: list[tuple[str, str | bytes]] = [*JSON.items(), ("content-length", length.encode())]
    assert (await http.open("POST", "/mcp/open", headers=headers, body=b"{}")).status == 200


async def test_a_body_comes_in_pieces(http: Http, worker: Listening) -> None:
    await http.open("POST", "/mcp/open", headers=JSON, body=[b'{"a"', b": ", b"1}"])
    assert worker.heard[0][1].body == {"a": 1}


async def test_a_body_that_does_not_come_is_not_waited_for(
    worker: Listening, settings: Settings
) -> None:
    settings.MCP_BODY_TIMEOUT = 0.01
    sent = await serve(worker, [{"type": "http.request", "body": b"{", "more_body": True}])
    assert sent[0]["status"] == 408


async def test_a_client_that_leaves_in_its_body_is_not_answered(worker: Listening) -> None:
    sent = await serve(
        worker,
        [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.disconnect"},
        ],
    )
    assert sent == []
    assert worker.heard == []


async def serve(worker: Listening, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is sent when these messages come in and then nothing."""
    sent: list[dict[str, Any]] = []
    coming = iter(messages)

    async def receive() -> dict[str, Any]:
        message = next(coming, None)
        if message is None:
            await asyncio.Event().wait()
        assert message is not None
        return message

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", b"testserver"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "method": "POST", "path": "/mcp/open", "headers": headers,
        "mcp_server": "open",
    }  # fmt: skip
    endpoint: Any = StreamableHttpConsumer.as_asgi(runtime=lambda: worker)
    async with asyncio.timeout(30):
        await endpoint(scope, receive, send)
    return sent


async def test_what_is_no_json_is_refused(http: Http) -> None:
    exchange = await post(http, b"{")
    assert exchange.status == 400
    assert json.loads(await exchange.read())["error"]["code"] == -32700


@pytest.mark.parametrize("problem", [RuntimeError("secret"), InternalError()])
async def test_a_failure_reveals_nothing_and_is_answered_under_its_id(
    http: Http, worker: Listening, caplog: pytest.LogCaptureFixture, problem: Exception
) -> None:
    worker.problem = problem
    with caplog.at_level(logging.CRITICAL, logger="mcp_transport"):
        exchange = await post(http, b'{"id": 7}')
    assert exchange.status == 500
    answer = json.loads(await exchange.read())
    assert (answer["id"], answer["error"]["code"]) == (7, -32603)
    assert "secret" not in answer["error"]["message"]


async def test_credentials_are_looked_at_again(http: Http, worker: Listening) -> None:
    await post(http)
    ((_, incoming),) = worker.heard
    assert incoming.who_now is not None
    assert await incoming.who_now(incoming.principal)
    worker.refusal = AuthenticationUnavailable()
    assert await incoming.who_now(incoming.principal)
    worker.refusal = InvalidToken("revoked")
    assert not await incoming.who_now(incoming.principal)
    worker.refusal = None
    worker.offers.clear()
    assert not await incoming.who_now(incoming.principal)
