"""Tests of mcp_transport.serving."""
