"""Tests of mcp_transport.admin.forms."""
