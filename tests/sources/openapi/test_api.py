"""Tests of mcp_transport.sources.openapi.api."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from mcp_transport.outgoing import exchanging
from mcp_transport.protocol.content import Text
from mcp_transport.registry.errors import ArgumentError, ToolError
from mcp_transport.registry.results import ToolResult
from mcp_transport.sources.openapi.api import Api
from tests.fleet.certificate import make
from tests.sources.openapi.documents import configured, operation, petstore
from tests.upstream import Got, Send, Upstream, reply, running


async def call(upstream: Upstream, name: str, changes: Any = None, **arguments: Any) -> ToolResult:
    """Call an operation of the petstore at an API of this machine."""
    given = {"base_url": upstream.url, "private_hosts": frozenset({"127.0.0.1"}), **(changes or {})}
    api = Api(configured(**given))
    try:
        return await api.call(operation(petstore(**given), f"pets_{name}"), arguments)
    finally:
        await api.close()


async def test_an_operation_is_called(upstream: Upstream) -> None:
    result = await call(upstream, "getPet", id=7)
    assert result.structured["path"] == "/pets/7"
    assert not result.is_error


async def test_arguments_are_checked_before_anything_is_sent(upstream: Upstream) -> None:
    with pytest.raises(ArgumentError, match="id: the value is not of type"):
        await call(upstream, "getPet", id="7; DROP")
    with pytest.raises(ArgumentError, match="limit"):
        await call(upstream, "findPets", limit=0)
    with pytest.raises(ArgumentError, match="unexpected"):
        await call(upstream, "findPets", nothing=1)
    assert upstream.got == []


async def test_an_api_that_is_away_is_told(upstream: Upstream) -> None:
    with pytest.raises(ToolError, match=r"^The API cannot be reached\.$"):
        await call(Upstream(port=1), "getPet", id=7)


async def test_an_internal_address_is_not_asked(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ToolError, match=r"^The API cannot be reached\.$"):
        await call(upstream, "getPet", {"private_hosts": frozenset()}, id=7)
    assert upstream.got == []
    assert "127.0.0.1 has no public address" in caplog.text


async def test_an_api_that_is_slow_is_told(upstream: Upstream) -> None:
    async def act(_got: Got, send: Send) -> None:
        await asyncio.Event().wait()

    upstream.act = act
    with pytest.raises(ToolError, match=r"did not answer within 0\.1 seconds"):
        await call(upstream, "getPet", {"timeout": 0.1}, id=7)


@pytest.mark.parametrize(
    ("headers", "says"), [({}, "more than 10 MiB"), ({"content_encoding": "br"}, "compression")]
)
async def test_an_api_that_says_too_much_is_told(
    upstream: Upstream, headers: Any, says: str
) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, bytes(exchanging.MAX_BYTES + 1), **headers)

    upstream.act = act
    with pytest.raises(ToolError, match=says):
        await call(upstream, "getPet", id=7)


async def test_no_header_of_an_answer_is_handed_on(upstream: Upstream) -> None:
    async def act(_got: Got, send: Send) -> None:
        await reply(send, {}, x_accel_redirect="/internal", set_cookie="a=hidden")

    upstream.act = act
    result = await call(upstream, "getPet", id=7)
    assert result == ToolResult(content=(Text(text="{}"),), structured={})


async def test_a_certificate_is_good_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with running(tls=tls) as upstream:
        by_name = f"https://localhost:{upstream.port}"
        trusting = {"ca_file": certificate, "private_hosts": frozenset({"localhost", "127.0.0.1"})}
        result = await call(upstream, "getPet", {**trusting, "base_url": by_name}, id=7)
        assert result.structured["headers"]["host"] == f"localhost:{upstream.port}"
        untrusting: dict[str, Any] = {"base_url": by_name, "ca_file": None}
        by_address: dict[str, Any] = {"base_url": f"https://127.0.0.1:{upstream.port}"}
        for changes in (untrusting, by_address):
            with pytest.raises(ToolError, match="cannot be reached"):
                await call(upstream, "getPet", {**trusting, **changes}, id=7)
        assert len(upstream.got) == 1
