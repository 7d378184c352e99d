"""Tests of mcp_transport.nchan, with an nginx that has Nchan."""
