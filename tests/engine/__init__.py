"""Tests of mcp_transport.engine."""
