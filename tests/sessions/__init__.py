"""Tests of mcp_transport.sessions."""
