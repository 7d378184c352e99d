"""The clock is a tool of the site."""

from __future__ import annotations

import pytest

from mcp_transport.testing import REVISIONS


@pytest.mark.parametrize("mcp_revision", REVISIONS)
async def test_the_clock_is_a_tool_of_the_site(mcp):
    assert "clock_now" in await mcp.tools()
    assert (await mcp.call("clock_now")).text.endswith("+00:00")
