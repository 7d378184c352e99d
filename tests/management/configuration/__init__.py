"""Tests of mcp_transport.management.configuration."""

from __future__ import annotations
