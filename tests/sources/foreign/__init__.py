"""Tests of mcp_transport.sources.foreign."""
