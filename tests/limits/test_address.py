from __future__ import annotations

from typing import Any

import pytest

from mcp_transport.limits.address import UNKNOWN, name_of


@pytest.mark.parametrize(
    ("peer", "name"),
    [
        (("192.0.2.7", 50000), "192.0.2.7"),
        (["192.0.2.7", 50000], "192.0.2.7"),
        (("::ffff:192.0.2.7", 1, 0, 0), "192.0.2.7"),
        (None, UNKNOWN),
        ((), UNKNOWN),
        (("unix:", 0), "unix:"),
    ],
)
def test_a_client_is_its_address(peer: Any, name: str) -> None:
    assert name_of(peer) == name


def test_all_addresses_of_one_network_are_one_client() -> None:
    one, other = name_of(("2001:db8:1:2::7", 1)), name_of(("2001:db8:1:2:ffff::8", 2))
    assert one == other
    assert one != name_of(("2001:db8:1:3::7", 1))
