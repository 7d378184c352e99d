"""Tests of mcp_transport.sources.stdio."""
