"""Tests of mcp_transport.admin.trying."""
