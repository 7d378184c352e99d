"""Tools for whoever has no MCP client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from mcp_transport.models import Call, Server, Token
from mcp_transport.storage.rows import DatabaseAway
from mcp_transport.testing import Http, Site
from mcp_transport.worker.lifespan import runtime
from tests.apps.good.probe import probe

pytestmark = pytest.mark.django_db(transaction=True)

JSON = {"content-type": "application/json"}


class Rest:
    """Plain requests to a server."""

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        self.token = token

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        exchange = await self._http.open("GET", path, headers=headers)
        return exchange.status, json.loads(await exchange.read())

    async def post(
        self, path: str, arguments: Any = None, *, body: bytes | None = None, headers: Any = None
    ) -> tuple[int, Any]:
        text = json.dumps({"arguments": arguments or {}}).encode() if body is None else body
        exchange = await self._http.open(
            "POST", path, headers={**JSON, **(headers or {})}, body=text
        )
        return exchange.status, json.loads(await exchange.read())

    async def stream(self, path: str, arguments: Any = None) -> list[tuple[str, Any]]:
        body = json.dumps({"arguments": arguments or {}}).encode()
        exchange = await self._http.open("POST", path, headers=JSON, body=body)
        assert exchange.headers["content-type"] == "text/event-stream"
        return [(e.event or "", json.loads(e.data)) async for e in exchange.events() if e.data]


@pytest.fixture
def token(transactional_db: None, settings: Any) -> str:
    settings.MCP_REST = True
    probe.reset()
    Server.objects.create(slug="open", access="public", offers=["good"], is_default=True)
    Server.objects.create(slug="guarded", access="token", offers=["good"])
    owner = User.objects.create_user("ada")
    return Token.objects.issue(owner=owner, name="test")[1]


@pytest.fixture
async def rest(token: str) -> AsyncIterator[Rest]:
    async with Site() as site:
        try:
            yield Rest(site.http, token)
        finally:
            probe.released.set()


@sync_to_async
def calls() -> list[tuple[str, str, str, str]]:
    return list(
        Call.objects.order_by("id").values_list("transport", "entry", "outcome", "username")
    )


async def test_tools_are_listed_with_their_arguments(rest: Rest) -> None:
    status, told = await rest.get("/mcp/open/tools")
    tools = {tool["name"]: tool for tool in told["tools"]}
    assert (status, told["count"]) == (200, len(tools))
    assert tools["repeat"]["inputSchema"]["required"] == ["text"]
    assert "staff_only" not in tools  # a permission that a stranger does not have


async def test_the_default_server_needs_no_name(rest: Rest) -> None:
    assert await rest.get("/mcp/tools") == await rest.get("/mcp/open/tools")


async def test_a_call_answers_with_its_data_and_is_recorded_once(rest: Rest) -> None:
    status, told = await rest.post("/mcp/open/tools/add", {"a": 2, "b": 3})
    assert (status, told["status"], told["data"]) == (200, "success", 5)
    assert told["content"] == [{"type": "text", "text": "5"}]
    assert await calls() == [("rest", "add", "ok", "")]


async def test_a_text_is_data_too(rest: Rest) -> None:
    _status, told = await rest.post("/mcp/open/tools/repeat", {"text": "hello"})
    assert told["data"] == "hello"


@pytest.mark.parametrize("name", ["x-api-key", "authorization"])
async def test_a_token_is_a_key(rest: Rest, name: str) -> None:
    value = rest.token if name == "x-api-key" else f"Bearer {rest.token}"
    status, _told = await rest.post("/mcp/guarded/tools/nothing", headers={name: value})
    assert status == 200
    assert (await calls())[0][3] == "ada"


async def test_without_a_key_nobody_is_let_in(rest: Rest) -> None:
    status, told = await rest.get("/mcp/guarded/tools")
    assert status == 401
    assert told["status"] == "error"
    assert (await rest.get("/mcp/guarded/health", **{"x-api-key": "mcp_wrong"}))[0] == 401


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("open/tools/repeat", b"{", 400),
        ("open/tools/repeat", b"[]", 400),
        ("open/tools/repeat", b'{"arguments": []}', 400),
        ("open/tools/repeat", b"{}", 422),
        ("open/tools/nobody", b"{}", 404),
        ("open/tools/staff_only", b"{}", 404),
        ("nowhere/tools/repeat", b"{}", 404),
        ("open/tools", b"{}", 405),
        ("open/tools/fails", b"{}", 422),
        ("open/tools/breaks", b"{}", 500),
        ("open/tools/lies", b"{}", 500),
        ("open/tools/dawdle", b"{}", 408),
        ("open/tools/greet", b"{}", 400),
    ],
)
async def test_what_goes_wrong_has_a_status(
    rest: Rest, path: str, body: bytes, status: int
) -> None:
    found, told = await rest.post(f"/mcp/{path}", body=body)
    assert (found, told["status"], told["error"]["code"]) == (status, "error", status)
    assert told["error"]["message"]


async def test_who_lacks_the_permission_of_a_server_is_403(rest: Rest) -> None:
    await Server.objects.acreate(slug="closed", access="permission", permission="auth.view_user")
    status, told = await rest.get("/mcp/closed/tools", **{"x-api-key": rest.token})
    assert (status, told["error"]["code"]) == (403, 403)


async def test_too_much_at_once_is_429_and_says_when_to_come_again(rest: Rest) -> None:
    await Server.objects.filter(slug="open").aupdate(rate=1)
    runtime().directory.forget()
    body = json.dumps({"arguments": {"text": "a"}}).encode()
    for path in ("/mcp/open/tools/repeat", "/mcp/open/tools/repeat/stream"):
        statuses = []
        for _ in range(3):
            exchange = await rest._http.open("POST", path, headers=JSON, body=body)
            statuses.append(exchange.status)
        assert statuses[-1] == 429
        assert int(exchange.headers["retry-after"]) >= 1
        assert json.loads(await exchange.read())["error"]["code"] == 429


async def test_without_the_database_nobody_is_served_and_that_is_said(
    rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_slug: str) -> None:
        raise DatabaseAway

    monkeypatch.setattr(runtime().directory, "find", away)
    exchange = await rest._http.open("GET", "/mcp/open/tools")
    assert (exchange.status, "retry-after" in exchange.headers) == (503, True)


async def test_a_body_that_is_no_json_by_name_is_refused(rest: Rest) -> None:
    status, _told = await rest.post(
        "/mcp/open/tools/repeat", body=b"x", headers={"content-type": "text/plain"}
    )
    assert status == 415


async def test_a_body_that_is_too_large_is_refused(rest: Rest) -> None:
    length = {"content-length": str(10**9)}
    assert (await rest.post("/mcp/open/tools/repeat", body=b"{}", headers=length))[0] == 413


async def test_a_tool_is_not_called_by_reading_it(rest: Rest) -> None:
    assert (await rest.get("/mcp/open/tools/nothing"))[0] == 405
    assert await calls() == []


async def test_progress_comes_before_the_result(rest: Rest) -> None:
    events = await rest.stream("/mcp/open/tools/count/stream", {"steps": 2, "total": 2})
    names = [name for name, _data in events]
    assert names == ["progress", "progress", "result", "done"]
    assert {"progress", "total", "message"} == events[0][1].keys()
    assert events[0][1]["total"] == 2
    assert events[-2][1]["status"] == "success"
    assert events[-1][1] == {"status": "complete"}
    assert await calls() == [("rest", "count", "ok", "")]


@pytest.mark.parametrize("tool", ["chunks", "sync_chunks"])
async def test_each_piece_of_a_result_is_an_event(rest: Rest, tool: str) -> None:
    events = await rest.stream(f"/mcp/open/tools/{tool}/stream", {"count": 2})
    assert [name for name, _data in events] == ["chunk", "chunk", "result", "done"]
    assert [data["index"] for _name, data in events[:2]] == [0, 1]
    pieces = [data["data"] for _name, data in events[:2]]
    assert all(piece in json.dumps(events[2][1]["data"]) for piece in pieces)


@pytest.mark.parametrize(("tool", "code"), [("fails", 422), ("breaks", 500), ("dawdle", 408)])
async def test_a_stream_ends_with_what_went_wrong(rest: Rest, tool: str, code: int) -> None:
    events = await rest.stream(f"/mcp/open/tools/{tool}/stream")
    assert [name for name, _data in events][-2:] == ["error", "done"]
    assert events[-2][1]["error"]["code"] == code
    assert events[-1][1] == {"status": "error"}


async def test_a_call_that_cannot_begin_is_no_stream(rest: Rest) -> None:
    status, told = await rest.post("/mcp/open/tools/nobody/stream")
    assert (status, told["error"]["code"]) == (404, 404)


async def test_whoever_leaves_a_stream_ends_the_call(rest: Rest) -> None:
    exchange = await rest._http.open(
        "POST", "/mcp/open/tools/wait/stream", headers=JSON, body=b'{"arguments": {"report": true}}'
    )
    event = await exchange.event()
    assert event is not None
    await exchange.disconnect()
    assert [outcome for _t, _e, outcome, _u in await calls()] == ["cancelled"]


async def test_health_and_statistics_are_told(rest: Rest) -> None:
    status, health = await rest.get("/mcp/open/health")
    assert (status, health["status"], health["server"]) == (200, "ok", "open")
    status, stats = await rest.get("/mcp/open/stats")
    assert (status, stats["server"]) == (200, "open")
    assert stats["tools"] > 10


async def test_a_server_tells_what_it_is_and_has(rest: Rest) -> None:
    status, told = await rest.get("/mcp/open", accept="application/json")
    assert (status, told["name"]) == (200, "open")
    assert told["counts"].keys() == {"tools", "resources", "templates", "prompts"}
    assert told["addresses"]["mcp"] == "/mcp/open"
    assert (await rest.get(told["addresses"]["tools"]))[1]["count"] == told["counts"]["tools"]


async def test_the_default_server_stands_at_the_root_where_a_site_wants_it(
    rest: Rest, settings: Any
) -> None:
    settings.MCP_REST_ROOT = "/"
    _status, told = await rest.get("/")
    assert (told["name"], told["addresses"]["tools"]) == ("open", "/tools")
    assert (await rest.get("/health"))[1]["status"] == "ok"
    assert (await rest.post("/tools/add", {"a": 2, "b": 3}))[1]["data"] == 5
    assert (await rest.get("/openapi.json"))[1]["servers"] == [{"url": "/"}]
    settings.MCP_REST_ROOT = "/plain"
    assert (await rest.get("/plain"))[1]["addresses"]["tools"] == "/plain/tools"
    assert (await rest.get("/plain/openapi.json"))[1]["servers"] == [{"url": "/plain"}]


async def test_a_server_that_is_not_served_so_stays_as_it_was(rest: Rest) -> None:
    changed = Server.objects.filter(slug="open")
    await changed.aupdate(transports=["streamable_http"])
    runtime().directory.forget()
    assert (await rest.get("/mcp/open/tools"))[0] == 404
    assert (await rest.get("/mcp/open"))[0] == 405


async def test_a_question_cannot_be_asked_and_that_is_said(rest: Rest) -> None:
    _status, told = await rest.post("/mcp/open/tools/greet")
    assert "MCP client" in told["error"]["message"]


async def test_what_is_not_there_is_404(rest: Rest) -> None:
    status, told = await rest.get("/mcp/open/health/more")
    assert (status, told["error"]["code"]) == (404, 404)


async def test_the_address_of_a_socket_asks_for_an_upgrade(rest: Rest) -> None:
    assert (await rest.get("/mcp/open/ws/tools/repeat"))[0] == 426


async def test_two_keys_are_refused(rest: Rest) -> None:
    headers = [("x-api-key", "mcp_a"), ("x-api-key", "mcp_b")]
    exchange = await rest._http.open("GET", "/mcp/open/tools", headers=headers)
    assert exchange.status == 400


async def test_the_document_names_every_tool_one_may_call(rest: Rest) -> None:
    _status, document = await rest.get("/mcp/open/openapi.json")
    _status, listed = await rest.get("/mcp/open/tools")
    assert document["servers"] == [{"url": "/mcp/open"}]
    assert {f"/tools/{tool['name']}" for tool in listed["tools"]} <= document["paths"].keys()


async def test_a_site_that_did_not_ask_for_it_has_none_of_it(rest: Rest, settings: Any) -> None:
    settings.MCP_REST = False
    for path in ("/mcp/open/tools", "/mcp/open/health", "/mcp/open/openapi.json"):
        exchange = await rest._http.open("GET", path)
        assert exchange.status == 404
