"""The bundled site with little patience, for tests that start it as a process."""

from __future__ import annotations

from mcpsite.settings import *  # noqa: F403  all of them, and one more

MCP_KEEP_ALIVE_INTERVAL = 0.2
