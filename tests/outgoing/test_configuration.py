"""Tests of mcp_transport.outgoing.configuration."""

from __future__ import annotations

from mcp_transport.outgoing.configuration import origin_of


def test_an_origin_has_the_port_of_its_scheme() -> None:
    assert origin_of("https://Pets.example/a") == ("https", "pets.example", 443)
    assert origin_of("http://pets.example:8080") == ("http", "pets.example", 8080)
