"""The project's own site for tests whose rows change under it: nothing of them is kept."""

from __future__ import annotations

import os

from mcpsite.settings import *  # noqa: F403 - it is that site

MCP_ROW_CACHE_SECONDS = 0.0
MCP_NCHAN_PUBLISHERS = {
    f"n{number}": address for number, address in enumerate(os.environ.get("NCHAN", "").split())
}
MCP_NCHAN_SECRET = os.environ.get("NCHAN_SECRET", "")
# As in the tests' own settings, so that one body of a test holds over both.
MCP_REST = False
MCP_REST_ROOT = None
