"""What a site puts in front of its Django application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mcp_transport import routing
from mcp_transport.routing import mcp_application


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


@pytest.fixture
def endpoint(site: Called) -> Callable[[str], str | None]:
    """Which server a path leads to; None for the site's own pages."""
    application: Any = mcp_application(site)
    reached = Called()
    application._endpoint = reached

    async def ask(path: str) -> str | None:
        await run(application, {"type": "http", "path": path})
        return str(reached.scopes.pop()["mcp_server"]) if reached.scopes else None

    return ask  # type: ignore[return-value]  # a coroutine function


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/mcp", ""),
        ("/mcp/", ""),
        ("/mcp/main", "main"),
        ("/mcp/main/", "main"),
        ("/mcp/main/more", "main/more"),
        ("/mcpx", None),
        ("/", None),
        ("/admin/", None),
        ("/x/mcp/main", None),
    ],
)
async def test_paths_below_the_endpoint_lead_to_servers(
    endpoint: Any, path: str, server: str | None
) -> None:
    assert await endpoint(path) == server


@pytest.mark.parametrize("configured", ["/tools/", "/tools"])
async def test_the_path_can_be_another_one(site: Called, settings: Any, configured: str) -> None:
    settings.MCP_PATH = configured
    application: Any = mcp_application(site)
    reached = Called()
    application._endpoint = reached
    for path in ("/tools/main", "/mcp/main"):
        await run(application, {"type": "http", "path": path})
    assert [scope["mcp_server"] for scope in reached.scopes] == ["main"]
    assert [scope["path"] for scope in site.scopes] == ["/mcp/main"]


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
