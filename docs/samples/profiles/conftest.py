"""The fixtures of the profiles' tests."""

from __future__ import annotations

pytest_plugins = ["mcp_transport.testing.plugin"]
