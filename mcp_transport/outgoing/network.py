"""
The way to one host: the address is looked at before it is connected to.

A name is resolved here, its addresses are checked, and the connection goes to
one of these: what the name means a moment later changes nothing. There are no
redirects, no cookies and no proxies of the environment.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

import httpx

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_CONNECTIONS = 100
MOST_IDLE = 10
MOST_TRIED = 4  # addresses of a name
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Networks of the public space that lead to somewhere else.
RELAYS = (
    ipaddress.IPv4Network("192.88.99.0/24"),
    ipaddress.IPv6Network("2001::/23"),  # Teredo among them
    ipaddress.IPv6Network("2002::/16"),
    ipaddress.IPv6Network("2001:db8::/32"),
    ipaddress.IPv6Network("3fff::/20"),
    ipaddress.IPv6Network("5f00::/16"),
)
ISATAP = (0x00005EFE, 0x02005EFE)  # before an IPv4 address


class Refused(Exception):
    """An address that is not asked; the text says why, for the operator."""


def is_public(text: str) -> bool:
    """Whether an address is one of the public Internet, and none in disguise."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return _is_public_v4(address)
    number = int(address)
    if address in NAT64:
        return _is_public_v4(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    is_global = address in GLOBAL_UNICAST and address.is_global and address.scope_id is None
    is_relay = any(address in network for network in RELAYS if network.version == 6)
    return is_global and not is_relay and (number >> 32) & 0xFFFFFFFF not in ISATAP


def _is_public_v4(address: ipaddress.IPv4Address) -> bool:
    is_relay = any(address in network for network in RELAYS if network.version == 4)
    return address.is_global and not address.is_multicast and not is_relay


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedTransport(httpx.AsyncBaseTransport):
    """Sends requests to public addresses, and to the hosts that are named as private."""

    def __init__(
        self,
        private_hosts: Iterable[str] = (),
        *,
        ca_file: str | Path | None = None,
        most_connections: int = MOST_CONNECTIONS,
        resolve: Resolve = resolve,
        inner: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._private_hosts = frozenset(private_hosts)
        self._resolve = resolve
        limits = httpx.Limits(max_connections=most_connections, max_keepalive_connections=MOST_IDLE)
        verify = ssl.create_default_context(cafile=str(ca_file)) if ca_file else True
        self._inner = inner or httpx.AsyncHTTPTransport(
            verify=verify, limits=limits, trust_env=False
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises Refused, httpx.TransportError."""
        host = request.url.host
        addresses = await self._addresses(host, request.url.port or 0)
        for address in addresses[:-1]:
            try:
                return await self._inner.handle_async_request(_pinned(request, address))
            except httpx.ConnectError:
                continue
        return await self._inner.handle_async_request(_pinned(request, addresses[-1]))

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _addresses(self, host: str, port: int) -> Sequence[str]:
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host} has no address") from error
        if host.lower() not in self._private_hosts:
            found = [address for address in found if is_public(address)]
            if not found:
                raise Refused(f'{host} has no public address; "private_hosts" can name it')
        if not found:
            raise httpx.ConnectError(f"{host} has no address")
        return found[:MOST_TRIED]


def _pinned(request: httpx.Request, address: str) -> httpx.Request:
    """The request at an address of its host, for which the certificate has to be good."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,  # Host among them
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
