"""Tests of mcp_transport.storage."""
