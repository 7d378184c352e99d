"""
The project's site with the tools of the benchmark in place of the bookshop.

Everything that protects a site stays on; only the limits on what one token may
hold open are raised, because one client plays all of them.
"""

from __future__ import annotations

import os

from mcpsite.settings import *  # noqa: F403  the site as it is
from mcpsite.settings import INSTALLED_APPS as SITE_APPS

INSTALLED_APPS = [*(app for app in SITE_APPS if app != "tools.demo"), "benchmarks.served"]
MCP_MAX_STREAMS = 100_000
MCP_MAX_SESSIONS = 100_000
if os.environ.get("BENCHMARK_BUS") == "memory":
    MCP_BUS = {"default": {"BACKEND": "mcp_transport.bus.memory.MemoryBus"}}
MCP_CALL_RECORDING = os.environ.get("MCP_CALL_RECORDING", "durable")
