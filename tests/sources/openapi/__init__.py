"""Tests of mcp_transport.sources.openapi."""

from __future__ import annotations
