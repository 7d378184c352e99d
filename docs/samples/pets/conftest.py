"""The fixtures for tests of tools."""

from __future__ import annotations

pytest_plugins = ["mcp_transport.testing.plugin"]
