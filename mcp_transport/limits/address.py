"""Which clients without credentials are taken for one."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Any

NETWORK_BITS = 64  # of an IPv6 address belong to one customer, who has all the rest
UNKNOWN = "?"  # clients of a Unix socket, all together


def name_of(peer: Any) -> str:
    """
    The address in an ASGI scope's ``client``, as a limit counts it.

    Servers put there what a proxy in front of them says, if they trust it.
    """
    if not peer:
        return UNKNOWN
    text = str(peer[0])
    if ":" not in text:
        return text
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{int(address) >> (128 - NETWORK_BITS):x}::"
