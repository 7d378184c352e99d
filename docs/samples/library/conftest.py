"""The fixtures of the library's tests."""

from __future__ import annotations

pytest_plugins = ["mcp_transport.testing.plugin"]
