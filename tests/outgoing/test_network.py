"""Tests of mcp_transport.outgoing.network."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from mcp_transport.outgoing.network import GuardedTransport, Refused, is_public, resolve

INTERNAL = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "::", "::1", "::7f00:1", "::10.0.0.1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "::ffff:0:10.0.0.1",
    "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
    "64:ff9b:1::10.0.0.1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:127.0.0.1", "fe80::5efe:127.0.0.1",
    "4000::1", "e000::1", "not an address", "", "2130706433", "0x7f.1", "127.1", "localhost.",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2a00:1450:4001::1", "2606:4700::1111"]


class Connected(httpx.AsyncBaseTransport):
    """Notes where it would have connected to."""

    def __init__(self, *broken: str) -> None:
        self.requests: list[httpx.Request] = []
        self._broken = broken

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer 204, or fail."""
        self.requests.append(request)
        if request.url.host in self._broken:
            raise httpx.ConnectError("no")
        return httpx.Response(204)


def guarded(inner: Connected, *answers: Sequence[str], private: str = "") -> GuardedTransport:
    """A transport for whose questions a name server has these answers, in turn."""
    waiting = iter(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return next(waiting)

    return GuardedTransport({private}, resolve=resolve, inner=inner)


def request() -> httpx.Request:
    """A request to an API."""
    return httpx.Request("POST", "https://pets.example:8443/v1?a=b", content=b"x")


@pytest.mark.parametrize("address", INTERNAL)
async def test_no_internal_address_is_connected_to(address: str) -> None:
    inner = Connected()
    with pytest.raises(Refused, match="no public address"):
        await guarded(inner, [address]).handle_async_request(request())
    assert inner.requests == []


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(address)


async def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    inner = Connected()
    await guarded(inner, ["10.0.0.1", "93.184.216.34"]).handle_async_request(request())
    (sent,) = inner.requests
    assert str(sent.url) == "https://93.184.216.34:8443/v1?a=b"
    assert sent.headers["host"] == "pets.example:8443"
    assert sent.extensions["sni_hostname"] == "pets.example"


async def test_a_name_that_means_something_else_a_moment_later_leads_nowhere() -> None:
    inner = Connected()
    transport = guarded(inner, ["93.184.216.34"], ["127.0.0.1"])
    await transport.handle_async_request(request())
    with pytest.raises(Refused):
        await transport.handle_async_request(request())
    assert [sent.url.host for sent in inner.requests] == ["93.184.216.34"]


async def test_a_host_that_is_named_as_private_may_be_so() -> None:
    inner = Connected()
    await guarded(inner, ["10.0.0.1"], private="pets.example").handle_async_request(request())
    assert inner.requests[0].url.host == "10.0.0.1"


async def test_the_next_address_is_tried() -> None:
    inner = Connected("93.184.216.34")
    transport = guarded(inner, ["93.184.216.34", "2606:4700::1111"])
    assert (await transport.handle_async_request(request())).status_code == 204
    assert [sent.url.host for sent in inner.requests] == ["93.184.216.34", "2606:4700::1111"]


async def test_a_name_without_an_address_cannot_be_connected_to() -> None:
    with pytest.raises(httpx.ConnectError, match="no address"):
        await guarded(Connected(), [], private="pets.example").handle_async_request(request())
    with pytest.raises(httpx.ConnectError, match="no address"):
        transport = GuardedTransport(inner=Connected())
        await transport.handle_async_request(httpx.Request("GET", f"http://{'a' * 70}.invalid/"))


async def test_every_way_to_write_loopback_is_found_out() -> None:
    for host in ("127.0.0.1", "2130706433", "127.1", "0x7f000001", "0177.0.0.1"):
        assert not any(is_public(address) for address in await resolve(host, 80))
