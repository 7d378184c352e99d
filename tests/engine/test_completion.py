"""Completions that go wrong; the rest is in tests/interaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from mcp_transport import Context
from mcp_transport.registry.decorators import prompt
from tests.engine.conftest import LIMIT, Legacy, Modern, Register

ASKED = {"ref": {"type": "ref/prompt", "name": "dream"}, "argument": {"name": "of", "value": "s"}}


async def ask_back(value: str, arguments: Mapping[str, str], ctx: Context) -> list[str]:
    """Ask the user, which a completion cannot."""
    answer = await ctx.elicit("Which?", {"properties": {"which": {"type": "string"}}})
    return list(answer.content.values())


async def ponder(value: str, arguments: Mapping[str, str]) -> list[str]:
    """Never come to an end."""
    await asyncio.Event().wait()
    return []


def complete_by(function: Any) -> None:
    @prompt(name="dream", completions={"of": function})
    def dream(of: str) -> str:
        """Dream of something."""
        return of


CAPABLE: dict[str, Any] = {"elicitation": {}}


async def clients(modern: Modern, legacy: Legacy) -> list[Any]:
    return [modern(capabilities=CAPABLE), await legacy(capabilities=CAPABLE)]


async def test_a_completion_that_asks_is_a_failure_of_ours(
    register: Register, modern: Modern, legacy: Legacy
) -> None:
    complete_by(ask_back)
    for client in await clients(modern, legacy):
        async with asyncio.timeout(LIMIT):
            reply = await client.ask("completion/complete", ASKED)
        assert reply.error["code"] == -32603


@pytest.fixture
def hurried(settings: Any) -> None:
    settings.MCP_TOOL_TIMEOUT = 0.05


async def test_a_completion_takes_no_longer_than_a_tool(
    hurried: None, register: Register, modern: Modern, legacy: Legacy
) -> None:
    complete_by(ponder)
    for client in await clients(modern, legacy):
        async with asyncio.timeout(LIMIT):
            reply = await client.ask("completion/complete", ASKED)
        assert reply.error["code"] == -32603
        assert "longer" in reply.error["message"]
