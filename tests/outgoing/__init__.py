"""Tests of mcp_transport.outgoing."""
