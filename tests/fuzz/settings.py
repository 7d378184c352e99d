"""The project's own site for requests that wait for nothing long."""

from __future__ import annotations

from mcpsite.settings import *  # noqa: F403 - it is that site

MCP_ANSWER_TIMEOUT = 0.2
MCP_BODY_TIMEOUT = 1.0
# Plain answers are judged by tests/fuzz/test_rest.py; here everything is JSON-RPC.
MCP_REST = False
MCP_REST_ROOT = None
MCP_NAME_PREFIXES = {"tools.conformance": "conformance_"}  # some are called like the tests' own
