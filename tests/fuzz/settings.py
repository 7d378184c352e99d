"""The project's own site for requests that wait for nothing long."""

from __future__ import annotations

from mcpsite.settings import *  # noqa: F403 - it is that site

MCP_ANSWER_TIMEOUT = 0.2
MCP_BODY_TIMEOUT = 1.0
