"""Tests of mcp_transport.checks.nchan."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from mcp_transport.checks import nchan

AWAY = "unix:/nowhere/publish.sock"


@pytest.fixture
def address() -> Iterator[str]:
    """Where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_addresses_need_a_secret(settings: Settings) -> None:
    assert nchan.check_secret() == []
    settings.MCP_NCHAN_PUBLISHERS = {"n0": AWAY}
    assert [error.id for error in nchan.check_secret()] == ["mcp.E022"]
    settings.MCP_NCHAN_SECRET = "s" * 32
    assert nchan.check_secret() == []


def test_one_that_does_not_answer_is_pointed_out(settings: Settings, address: str) -> None:
    assert nchan.check_publishers() == []
    settings.MCP_NCHAN_PUBLISHERS = {"n0": address, "n1": AWAY}
    (warning,) = nchan.check_publishers()
    assert warning.id == "mcp.W025"
    assert "'n1'" in warning.msg and "No such file" in warning.msg


def test_wrong_addresses_are_not_tried(settings: Settings) -> None:
    settings.MCP_NCHAN_PUBLISHERS = {"n0": "/a/path"}
    assert nchan.check_publishers() == []
