"""A site whose settings name the clock."""

from __future__ import annotations

import pytest

from docs.samples.clock.settings import MCP_STDIO

pytest_plugins = ["mcp_transport.testing.plugin"]


@pytest.fixture(autouse=True)
def programs(settings):
    settings.MCP_STDIO = MCP_STDIO
