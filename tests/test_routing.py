"""What a site puts in front of its Django application."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_transport import routing
from mcp_transport.engine.directory import ServerRecord
from mcp_transport.routing import YOUNG, mcp_application, spare_collector
from mcp_transport.storage.rows import DatabaseAway


class Called:
    """An ASGI application that remembers."""

    def __init__(self) -> None:
        self.scopes: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)


class FakeRuntime:
    def __init__(self, failure: Exception | None = None) -> None:
        self.said: list[Any] = []
        self._failure = failure

    async def start(self, **options: Any) -> None:
        self.said.append(options)
        if self._failure is not None:
            raise self._failure

    async def stop(self) -> None:
        self.said.append("stop")


async def run(application: Any, scope: dict[str, Any], *incoming: str) -> list[dict[str, Any]]:
    waiting, sent = list(incoming), []

    async def receive() -> dict[str, Any]:
        return {"type": waiting.pop(0)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent


@pytest.fixture
def site() -> Called:
    return Called()


def doors(application: Any) -> dict[str, Called]:
    """Put something that remembers behind each door."""
    application._doors = {door: Called() for door in application._doors}
    application._doors["websocket"] = application._socket = Called()
    application._http_sse = application._doors["sse"]
    return dict(application._doors)


def request(path: str, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "GET", "path": path, "headers": raw}


@pytest.fixture
def endpoint(site: Called) -> Callable[[str], Any]:
    """Which server and door a path leads to; None for the site's own pages."""
    application = mcp_application(site)
    reached = doors(application)

    async def ask(path: str) -> tuple[str, str] | None:
        await run(application, request(path))
        scopes = [scope for called in reached.values() for scope in called.scopes]
        assert all(scope["mcp_door"] in reached for scope in scopes)
        return (scopes[0]["mcp_server"], scopes[0]["mcp_door"]) if scopes else None

    return ask


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/mcp", ("", "")),
        ("/mcp/", ("", "")),
        ("/mcp/main", ("main", "")),
        ("/mcp/main/", ("main", "")),
        ("/mcp/main/more", ("main/more", "")),
        ("/mcp/main/sse", ("main", "sse")),
        ("/mcp/main/messages/", ("main", "messages")),
        ("/mcp/main/ws", ("main", "ws")),
        ("/mcp/main/ws/ticket", ("main", "ws/ticket")),
        ("/mcp/sse", ("", "sse")),
        ("/mcp/ws/ticket", ("", "ws/ticket")),
        ("/mcp/sse/ws", ("sse", "ws")),
        ("/mcpx", None),
        ("/", None),
        ("/admin/", None),
        ("/x/mcp/main", None),
    ],
)
async def test_paths_below_the_endpoint_lead_to_servers(
    endpoint: Any, path: str, found: tuple[str, str] | None
) -> None:
    assert await endpoint(path) == found


@pytest.mark.parametrize("configured", ["/tools/", "/tools"])
async def test_the_path_can_be_another_one(site: Called, settings: Any, configured: str) -> None:
    settings.MCP_PATH = configured
    application = mcp_application(site)
    reached = doors(application)[""]
    for path in ("/tools/main", "/mcp/main"):
        await run(application, request(path))
    assert [scope["mcp_server"] for scope in reached.scopes] == ["main"]
    assert [scope["path"] for scope in site.scopes] == ["/mcp/main"]


@pytest.mark.parametrize(
    ("headers", "door"),
    [
        ({"accept": "text/event-stream"}, "sse"),
        ({"accept": "application/json, text/event-stream", "mcp_session_id": "s"}, ""),
        ({"accept": "text/event-stream", "mcp_protocol_version": "2025-11-25"}, ""),
        ({"accept": "*/*"}, ""),
        ({}, ""),
    ],
)
async def test_a_get_that_says_nothing_else_is_an_old_client(
    site: Called, headers: dict[str, str], door: str
) -> None:
    application = mcp_application(site)
    reached = doors(application)
    await run(application, request("/mcp/main", **headers))
    assert [name for name, called in reached.items() if called.scopes and name != "messages"] == [
        door
    ]


def offer(*transports: str) -> Any:
    """A server that is served over some transports, or all."""
    record = ServerRecord(
        id=1, slug="", title="", description="", instructions="", access="public", permission="",
        offers=(), overrides={}, transports=frozenset(transports),
    )  # fmt: skip
    return SimpleNamespace(server=record)


class FakeDirectory:
    """Whether there is a default server, and whether it takes old clients."""

    def __init__(self, offer: Any) -> None:
        self.directory = self
        self._offer = offer

    async def find(self, slug: str) -> Any:
        assert slug == ""
        if isinstance(self._offer, Exception):
            raise self._offer
        return self._offer


@pytest.mark.parametrize(
    ("offer", "is_on", "is_ours"),
    [
        (None, True, False),
        (offer(), True, True),
        (offer(), False, False),
        (offer("rest"), True, False),
        (DatabaseAway(), True, True),
    ],
)
async def test_old_clients_find_the_default_server_at_the_root(
    site: Called,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    offer: Any,
    is_on: bool,
    is_ours: bool,
) -> None:
    settings.MCP_HTTP_SSE = is_on
    monkeypatch.setattr(routing, "runtime", lambda: FakeDirectory(offer))
    application = mcp_application(site)
    reached = doors(application)["sse"]
    await run(application, request("/sse"))
    assert (len(reached.scopes), len(site.scopes)) == ((1, 0) if is_ours else (0, 1))


@pytest.mark.parametrize("path", ["/mcp/main", "/mcp/main/ws"])
async def test_sockets_below_the_endpoint_are_ours(site: Called, path: str) -> None:
    application = mcp_application(site)
    reached = doors(application)["websocket"]
    await run(application, {"type": "websocket", "path": path})
    assert [scope["mcp_server"] for scope in reached.scopes] == ["main"]


async def test_the_sites_own_sockets_stay_its_own(site: Called) -> None:
    sockets = Called()
    scope = {"type": "websocket", "path": "/chat"}
    assert await run(mcp_application(site, sockets), scope) == []
    assert sockets.scopes == [scope]


async def test_a_site_without_sockets_refuses_them(site: Called) -> None:
    scope = {"type": "websocket", "path": "/chat"}
    sent = await run(mcp_application(site), scope, "websocket.connect")
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_the_runtime_starts_and_stops_with_the_server(
    site: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeRuntime()
    monkeypatch.setattr(routing, "runtime", lambda: fake)
    messages = ("lifespan.startup", "lifespan.shutdown")
    sent = await run(mcp_application(site), {"type": "lifespan"}, *messages)
    assert [m["type"] for m in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert fake.said == [{"is_told_to_stop": True}, "stop"]


async def test_a_start_that_fails_is_said_to_the_server(
    site: Called, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeRuntime(RuntimeError("no database"))
    monkeypatch.setattr(routing, "runtime", lambda: fake)
    with pytest.raises(RuntimeError, match="no database"):
        await run(mcp_application(site), {"type": "lifespan"}, "lifespan.startup")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/mcp/main/tools", ("main", "tools")),
        ("/mcp/main/tools/echo/stream", ("main", "tools/echo/stream")),
        ("/mcp/openapi.json", ("", "openapi.json")),
        ("/mcp/tools/echo", ("", "tools/echo")),
        ("/mcp/main/ws/tools/echo", ("main", "ws/tools/echo")),
        ("/mcp/ws/tools/echo", ("", "ws/tools/echo")),
        ("/mcp/main", ("main", "")),
    ],
)
async def test_plain_http_has_addresses_where_a_site_wants_them(
    site: Called, settings: Any, path: str, found: tuple[str, str]
) -> None:
    settings.MCP_REST = True
    application: Any = mcp_application(site)
    reached = doors(application)
    reached["rest"] = application._rest = Called()
    await run(application, request(path))
    scope = next(scope for called in reached.values() for scope in called.scopes)
    assert (scope["mcp_server"], scope["mcp_door"]) == found
    assert reached["rest"].scopes


@pytest.mark.parametrize(
    ("root", "path", "door"),
    [
        ("/", "/", ""),
        ("/", "/health", "health"),
        ("/", "/tools/echo/stream", "tools/echo/stream"),
        ("/", "/ws/tools/echo", "ws/tools/echo"),
        ("/", "/admin/", None),
        ("/", "/ws", None),
        ("/api", "/api", ""),
        ("/api", "/api/", ""),
        ("/api", "/api/tools", "tools"),
        ("/api", "/tools", None),
        ("/api", "/apis/tools", None),
        (None, "/tools", None),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_plain_http_of_the_default_server_stands_where_a_site_wants_it(
    site: Called,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    root: str | None,
    path: str,
    door: str | None,
    kind: str,
) -> None:
    settings.MCP_REST, settings.MCP_REST_ROOT = True, root
    monkeypatch.setattr(routing, "runtime", lambda: FakeDirectory(offer()))
    application: Any = mcp_application(site, site)
    ours = application._rest = application._tool_socket = Called()
    await run(application, {**request(path), "type": kind})
    is_ours = door is not None and (kind == "http" or door.startswith("ws/"))
    assert (len(ours.scopes), len(site.scopes)) == ((1, 0) if is_ours else (0, 1))
    if is_ours:
        assert (ours.scopes[0]["mcp_server"], ours.scopes[0]["mcp_door"]) == ("", door)


@pytest.mark.parametrize(
    ("is_on", "offer", "is_ours"),
    [
        (True, None, False),
        (False, offer(), False),
        (True, offer("websocket"), False),
        (True, DatabaseAway(), True),
    ],
)
async def test_without_a_default_server_the_root_is_the_sites_own(
    site: Called,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    is_on: bool,
    offer: Any,
    is_ours: bool,
) -> None:
    settings.MCP_REST, settings.MCP_REST_ROOT = is_on, "/"
    monkeypatch.setattr(routing, "runtime", lambda: FakeDirectory(offer))
    application: Any = mcp_application(site)
    ours = application._rest = Called()
    await run(application, request("/tools"))
    assert (len(ours.scopes), len(site.scopes)) == ((1, 0) if is_ours else (0, 1))


@pytest.mark.parametrize(
    ("headers", "is_information"),
    [
        ({"accept": "*/*"}, True),
        ({"accept": "application/json"}, True),
        ({}, True),
        ({"accept": "application/json, text/event-stream"}, False),
        ({"accept": "application/json", "mcp_session_id": "s"}, False),
        ({"accept": "application/json", "mcp_protocol_version": "2026-07-28"}, False),
    ],
)
async def test_who_asks_for_no_stream_is_told_about_the_server(
    site: Called, settings: Any, headers: dict[str, str], is_information: bool
) -> None:
    settings.MCP_REST = True
    application: Any = mcp_application(site)
    doors(application)
    information = application._rest = Called()
    await run(application, request("/mcp/main", **headers))
    assert bool(information.scopes) is is_information


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.parametrize(("before", "after"), [(700, YOUNG), (0, 0), (2 * YOUNG, 2 * YOUNG)])
def test_the_collector_waits_longer_unless_the_site_has_said(
    collector: None, before: int, after: int
) -> None:
    gc.set_threshold(before, 7, 8)
    spare_collector()
    assert gc.get_threshold() == (after, 7, 8)
    assert gc.get_freeze_count()
