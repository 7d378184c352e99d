"""Tests of mcp_transport.transports.direct."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.transports.direct import EXTENSION, FIND, direct


async def send(message: dict[str, Any]) -> None:
    """What a server gives an application."""


@pytest.mark.parametrize("scope", [{}, {"extensions": None}, {"extensions": {"other": {}}}])
def test_a_server_without_the_extension_is_left_to_send(scope: dict[str, Any]) -> None:
    assert direct(scope, send) is None


def test_the_server_says_what_writes_to_the_client_of_a_send() -> None:
    of_client = object()
    scope = {"extensions": {EXTENSION: {FIND: {send: of_client}.get}}}
    assert direct(scope, send) is of_client
    assert direct(scope, print) is None
