"""The forecast is a tool of the site."""

from __future__ import annotations

import pytest

from mcp_transport.testing import REVISIONS


@pytest.mark.parametrize("mcp_revision", REVISIONS)
async def test_the_forecast_is_a_tool_of_the_site(mcp):
    assert "weather_forecast" in await mcp.tools()
    assert (await mcp.call("weather_forecast", city="Kiel")).text == "Fair in Kiel."
