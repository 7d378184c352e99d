"""Tests of mcp_transport.monitoring.log_context."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from mcp_transport import tool
from mcp_transport.models import Server
from mcp_transport.monitoring.json_lines import JsonFormatter
from mcp_transport.registry.registry import registry

PARENT = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"


class Lines(logging.Handler):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.written: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.written.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the logger "shop" writes."""
    handler, logger = Lines(), logging.getLogger("shop")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


async def sell() -> str:
    logging.getLogger("shop").warning("sold")
    return "sold"


def sell_in_thread() -> str:
    logging.getLogger("shop").warning("sold")
    return "sold"


async def test_a_line_names_the_request_that_it_belongs_to(site: Any, lines: Lines) -> None:
    watched = await site(MCP_LOG_CONTEXT=True)
    with registry.registered_temporarily():
        tool(sell)
        tool(sell_in_thread)
        await Server.objects.aupdate(offers=["*"])
        await watched.modern().call("sell", meta={"traceparent": PARENT}, id="r-1")
        client = await watched.legacy()
        await client.call("sell_in_thread")
    modern, legacy = lines.written
    assert modern["server"] == "open"
    assert modern["entry"] == "sell"
    assert modern["method"] == "tools/call"
    assert modern["request_id"] == "r-1"
    assert modern["principal"] == "anonymous"
    assert modern["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert legacy["session"] == client.session_id[:8]
    assert client.session_id not in json.dumps(legacy)


async def test_a_line_beside_requests_names_none(site: Any, lines: Lines) -> None:
    watched = await site(MCP_LOG_CONTEXT=True)
    await watched.modern().call("repeat", {"text": "a"})
    await sell()
    assert "server" not in lines.written[0]
