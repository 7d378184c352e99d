"""What a tool's result says when it cannot be sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcp_transport import resource
from mcp_transport.models import Call, Server
from mcp_transport.testing.asgi import Http
from mcp_transport.worker.lifespan import Runtime
from tests.client import text_of
from tests.engine.conftest import LIMIT, Legacy, Modern, Register

SAID = (
    "price is nan, a number that JSON does not have; "
    "return None, if the type allows it, or text instead."
)


@pytest.fixture
def average(register: Register) -> None:
    """A tool whose number is none, and one that says so in pieces."""

    @register(name="average")
    async def average() -> dict[str, float]:
        return {"price": float("nan")}

    @register(name="averages")
    async def averages() -> AsyncIterator[Any]:
        yield {"price": 1.5}
        yield {"price": float("nan")}


async def test_a_number_that_json_does_not_have_is_an_error_in_band(
    average: None,
    modern: Modern,
    legacy: Legacy,
    running: Runtime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for client in (modern(), await legacy()):
        result = (await client.call("average")).result
        assert (result["isError"], text_of(result)) == (True, SAID)
        assert "structuredContent" not in result
    assert f"Tool 'average' of server 'own': {SAID}" in caplog.text
    await running.writer.flush(LIMIT)
    assert {call.outcome async for call in Call.objects.all()} == {"tool_error"}


async def test_plain_http_is_told_the_same(
    average: None, own_server: Server, site: Http, settings: Any
) -> None:
    settings.MCP_REST = True
    headers = {"content-type": "application/json"}
    path = "/mcp/own/tools/average"
    answer = await site.open("POST", path, headers=headers, body=b'{"arguments": {}}')
    assert answer.status == 422
    assert json.loads(await answer.read())["error"]["message"] == SAID
    answer = await site.open("POST", f"{path}s/stream", headers=headers, body=b'{"arguments": {}}')
    events = [(e.event, json.loads(e.data)) async for e in answer.events() if e.data]
    assert [name for name, _data in events] == ["chunk", "error", "done"]
    assert events[1][1]["error"]["message"] == SAID


async def test_a_resource_with_such_a_number_is_not_read(
    register: Register, modern: Modern, caplog: pytest.LogCaptureFixture
) -> None:
    @resource("prices://all")
    def prices() -> dict[str, float]:
        return {"price": float("inf")}

    answer = await modern().ask("resources/read", {"uri": "prices://all"})
    assert answer.error["code"] == -32603
    assert "price is inf" in caplog.text
