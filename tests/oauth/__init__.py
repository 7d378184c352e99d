"""Tests of mcp_transport.oauth."""

from __future__ import annotations
