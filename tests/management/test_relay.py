"""What stands between a client on pipes and a remote endpoint."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from mcp_transport.management import relay as relaying
from mcp_transport.management.relay import Relay
from tests.child import META, Child
from tests.process import Folder, Process

URL = "https://shop.example/mcp/shop"
LIMIT = 30.0  # seconds any wait may take
STREAM = {"content-type": "text/event-stream"}

Handler = Callable[[httpx.Request], Any]


class Site:
    """An endpoint that a test directs, and what the client is told."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.said: asyncio.Queue[Any] = asyncio.Queue()
        self.answers: dict[str, Handler] = {"DELETE": lambda request: httpx.Response(204)}
        self.relay = Relay(
            httpx.AsyncClient(transport=httpx.MockTransport(self.serve)), URL, self.write
        )

    async def serve(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name = request.method
        if request.content:
            name = json.loads(request.content)["method"]
        answer = self.answers[name](request) if name in self.answers else httpx.Response(202)
        return answer if isinstance(answer, httpx.Response) else await answer

    async def write(self, message: bytes) -> None:
        self.said.put_nowait(json.loads(message))

    async def take(self, method: str, params: Any = None, id_: Any = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        await self.relay.take(json.dumps(message | ({} if id_ is None else {"id": id_})).encode())

    async def next(self) -> Any:
        async with asyncio.timeout(LIMIT):
            return await self.said.get()

    def headers(self, number: int) -> httpx.Headers:
        return self.requests[number].headers


def result(request: httpx.Request, value: Any, **headers: str) -> httpx.Response:
    id_ = json.loads(request.content)["id"]
    return httpx.Response(200, json={"jsonrpc": "2.0", "id": id_, "result": value}, headers=headers)


def initialized(request: httpx.Request) -> httpx.Response:
    return result(request, {"protocolVersion": "2025-11-25"}, **{"mcp-session-id": "s1"})


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(relaying, "RETRY_AFTER", 0.0)
    site = Site()
    site.answers["GET"] = lambda request: httpx.Response(405)
    yield site
    async with asyncio.timeout(LIMIT):
        await site.relay.close()


async def test_a_session_is_kept_and_ended(site: Site) -> None:
    site.answers["initialize"] = initialized
    await site.take("initialize", {}, 1)
    assert (await site.next())["result"] == {"protocolVersion": "2025-11-25"}
    await site.take("notifications/initialized")
    await site.relay.close()
    assert "mcp-session-id" not in site.headers(0)
    later = [r for r in site.requests[1:] if r.headers["mcp-session-id"] == "s1"]
    assert [r.method for r in later][-1] == "DELETE"
    assert all(r.headers["mcp-protocol-version"] == "2025-11-25" for r in later)


async def test_what_a_session_is_told_arrives(site: Site) -> None:
    told = {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}
    streams = iter([f"data: {json.dumps(told)}\n\n"])

    def listen(request: httpx.Request) -> httpx.Response:
        text = next(streams, None)
        return (
            httpx.Response(405) if text is None else httpx.Response(200, headers=STREAM, text=text)
        )

    site.answers |= {"initialize": initialized, "GET": listen}
    await site.take("initialize", {}, 1)
    await site.next()
    await site.take("notifications/initialized")
    assert await site.next() == told


async def test_a_stream_that_breaks_is_taken_up_where_it_was(site: Site) -> None:
    progress = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {}}
    answer = {"jsonrpc": "2.0", "id": 2, "result": {}}
    site.answers |= {
        "initialize": initialized,
        "tools/call": lambda request: httpx.Response(
            200, headers=STREAM, text=f"id: e1\nretry: 0\ndata: {json.dumps(progress)}\n\n"
        ),
        "GET": lambda request: httpx.Response(
            200, headers=STREAM, text=f"id: e2\r\ndata: {json.dumps(answer)}\r\n\r\n"
        ),
    }
    await site.take("initialize", {}, 1)
    await site.next()
    await site.take("tools/call", {"name": "x"}, 2)
    assert [await site.next(), await site.next()] == [progress, answer]
    assert site.headers(-1)["last-event-id"] == "e1"
    assert site.headers(-1)["mcp-session-id"] == "s1"


async def test_a_stateless_request_says_in_headers_what_it_is(site: Site) -> None:
    schema = {"type": "object", "properties": {"area": {"type": "string", "x-mcp-header": "Area"}}}
    site.answers |= {
        "tools/list": lambda r: result(
            r, {"tools": [{"name": "weather é", "inputSchema": schema}]}
        ),
        "tools/call": lambda r: result(r, {}),
    }
    params = {"name": "weather é", "arguments": {"area": "west"}, "_meta": META}
    await site.take("tools/call", params, 1)
    assert (await site.next())["id"] == 1
    sent = site.headers(-1)
    assert sent["mcp-protocol-version"] == "2026-07-28"
    assert (sent["mcp-method"], sent["mcp-param-area"]) == ("tools/call", "west")
    assert sent["mcp-name"].startswith("=?base64?")
    await site.take("tools/call", params, 2)
    await site.next()
    assert len(site.requests) == 3  # the tools are listed once


async def test_a_cancelled_request_is_left(site: Site) -> None:
    begun = asyncio.Event()

    async def hang(request: httpx.Request) -> httpx.Response:
        begun.set()
        await asyncio.sleep(LIMIT)
        raise AssertionError("nobody has left")

    site.answers["subscriptions/listen"] = hang
    await site.take("subscriptions/listen", {"_meta": META}, 1)
    await begun.wait()
    await site.take("notifications/cancelled", {"requestId": 1})
    await site.relay.close()
    assert site.said.empty()
    assert len(site.requests) == 1


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (
            httpx.Response(401, json={"jsonrpc": "2.0", "error": {"code": 401, "message": "no"}}),
            {"code": 401, "message": "no"},
        ),
        (
            httpx.Response(307, headers={"location": "https://elsewhere.example/"}),
            {"code": 307, "message": "The endpoint answered with status 307."},
        ),
        (
            httpx.Response(502, text="<h1>Bad gateway</h1>"),
            {"code": 502, "message": "The endpoint answered with status 502."},
        ),
    ],
)
async def test_a_refusal_answers_the_request(site: Site, response: Any, error: Any) -> None:
    site.answers["ping"] = lambda request: response
    await site.take("ping", {}, "a")
    assert await site.next() == {"jsonrpc": "2.0", "id": "a", "error": error}


async def test_an_endpoint_out_of_reach_answers_the_request(site: Site) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    site.answers["ping"] = refuse
    await site.take("ping", {}, 1)
    assert "out of reach" in (await site.next())["error"]["message"]


async def test_an_answer_that_stops_halfway_is_said_to_be_lost(site: Site) -> None:
    site.answers["ping"] = lambda request: httpx.Response(200, headers=STREAM, text=": nothing\n\n")
    await site.take("ping", {}, 1)
    assert "ended early" in (await site.next())["error"]["message"]


@pytest.mark.parametrize("line", [b"{", None])
async def test_a_line_that_is_no_message_is_answered_and_not_sent(
    site: Site, line: bytes | None
) -> None:
    await site.relay.take(line)
    assert (await site.next())["error"]["code"] in (-32700, -32600)
    assert site.requests == []


async def test_an_answer_is_one_line_however_it_was_written(site: Site) -> None:
    text = '{\n "jsonrpc": "2.0",\n "id": 1,\n "result": {}\n}'
    lines: list[bytes] = []

    async def write(message: bytes) -> None:
        lines.append(message)

    site.relay._write = write
    site.answers["ping"] = lambda request: httpx.Response(200, text=text)
    await site.take("ping", {}, 1)
    await site.relay.close()
    assert lines == [b'{"jsonrpc":"2.0","id":1,"result":{}}']


@pytest.mark.server
@pytest.mark.timeout(120)
async def test_the_command_brings_a_running_site(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Folder(tmp_path_factory.mktemp("site")).prepare()
    process = await Process(folder).start()
    url = f"http://127.0.0.1:{process.port}/mcp/open"
    try:
        async with Child("connect", url, environment=folder.environment) as child:
            await child.shake_hands()
            call = {"name": "count", "arguments": {}}
            await child.send("tools/call", {**call, "_meta": {"progressToken": 1}}, 1)
            assert "result" in await child.answer(1)
            assert [m["params"]["progress"] for m in child.unheard] == [1, 2, 3]
            routed = {"name": "routed", "arguments": {"region": "west"}}
            await child.send_modern("tools/call", routed, 2)
            assert "result" in await child.answer(2)
            child.end_input()
            said, _log, status = await child.ended()
        assert (said, status) == ([], 0)
        assert folder.rows(
            "SELECT count(*) FROM mcp_transport_session WHERE closed_at IS NULL"
        ) == [(0,)]
    finally:
        process.close()
