"""Tests of mcp_transport.bus."""
