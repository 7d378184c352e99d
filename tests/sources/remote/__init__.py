"""Tests of mcp_transport.sources.remote."""
