"""The project's own site for tests whose rows change under it: nothing of them is kept."""

from __future__ import annotations

from mcpsite.settings import *  # noqa: F403 - it is that site

MCP_ROW_CACHE_SECONDS = 0.0
# As in the tests' own settings, so that one body of a test holds over both.
MCP_REST = False
MCP_REST_ROOT = None
