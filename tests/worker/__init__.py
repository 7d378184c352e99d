"""Tests of mcp_transport.worker."""
