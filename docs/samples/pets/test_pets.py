"""What the guide to OpenAPI documents shows."""

from __future__ import annotations

import pytest

from docs.samples.pets.documents import MCP_OPENAPI


@pytest.fixture
def mcp_server(settings, monkeypatch, mcp_server):
    monkeypatch.setitem(MCP_OPENAPI["pets"], "auth", {"bearer": "a token"})
    settings.MCP_OPENAPI = MCP_OPENAPI
    return mcp_server


async def test_the_operations_that_are_chosen_are_tools(mcp):
    tools = await mcp.tools()
    assert {"pets_search", "pets_getPet"} <= set(tools)
    assert not {"pets_makeKey", "pets_deletePet"} & set(tools)
