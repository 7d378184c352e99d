"""Tests of mcp_transport.monitoring."""

from __future__ import annotations
