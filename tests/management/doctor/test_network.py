"""Tests of mcp_transport.management.doctor.network."""

from __future__ import annotations

import datetime
import email.utils
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mcp_transport.management.doctor import network
from mcp_transport.management.doctor.finding import Status
from mcp_transport.management.doctor.visit import Visit

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="makes a certificate")


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://shop.example/mcp/shop", Status.OK),
        ("http://localhost:8000/mcp", Status.OK),
        ("http://[::1]:8000/mcp", Status.OK),
        ("http://shop.example/mcp", Status.WARNING),
        ("shop.example/mcp", Status.FAILED),
        ("ftp://shop.example/mcp", Status.FAILED),
        ("https://shop.example:port/mcp", Status.FAILED),
        ("https://shop.example/", Status.FAILED),
        ("https://shop.example/mcp?token=x", Status.FAILED),
        ("https://user@shop.example/mcp", Status.FAILED),
    ],
)
def test_an_address_is_one_that_a_client_can_use(url: str, status: Status) -> None:
    assert network.address(Visit(url)).status is status


def test_a_name_leads_to_addresses() -> None:
    visit = Visit("http://127.0.0.1:8000/mcp")
    assert network.name(visit).says == "127.0.0.1"
    assert visit.addresses == [(socket.AF_INET, ("127.0.0.1", 8000))]


@pytest.mark.parametrize("error", [socket.gaierror(8, "unknown"), UnicodeError("label too long")])
def test_a_name_that_nobody_knows_has_failed(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert network.name(Visit("http://shop.invalid/mcp")).status is Status.FAILED


def test_every_address_is_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        here = (socket.AF_INET, listening.getsockname())
        nowhere = (socket.AF_INET, ("127.0.0.1", 9))
        outcomes = [
            network.connection(Visit("http://127.0.0.1/mcp", addresses=list(addresses))).status
            for addresses in ([here], [here, nowhere], [nowhere])
        ]
    assert outcomes == [Status.OK, Status.WARNING, Status.FAILED]


def dated(date: str | None) -> Visit:
    """A visit whose first answer carried a date."""
    visit = Visit("http://127.0.0.1/mcp")
    visit.first = httpx.Response(200, headers={"date": date} if date else {})
    return visit


def test_clocks_that_agree_are_well() -> None:
    now = datetime.datetime.now(datetime.UTC)
    assert network.clock(dated(email.utils.format_datetime(now))).status is Status.OK


def test_clocks_that_are_apart_are_pointed_out() -> None:
    verdict = network.clock(dated("Mon, 03 Jan 2000 00:00:00 -0000"))
    assert verdict.status is Status.WARNING


@pytest.mark.parametrize("date", [None, "yesterday"])
def test_a_server_without_a_clock_is_not_judged(date: str | None) -> None:
    assert network.clock(dated(date)).status is Status.SKIPPED


def test_no_certificate_is_needed_without_tls() -> None:
    assert network.certificate(Visit("http://127.0.0.1/mcp")).status is Status.OK


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[tuple[Visit, Path]]:
    """A TLS server with a certificate of its own making, good for thirty days."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=shake_hands, args=(listening, context))
        thread.start()
        yield Visit(f"https://127.0.0.1:{listening.getsockname()[1]}/mcp"), certificate
        thread.join(30)


def shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    """Take one connection."""
    listening.settimeout(30)
    plain, _ = listening.accept()
    try:
        context.wrap_socket(plain, server_side=True).close()
    except OSError:
        plain.close()


@needs_openssl
def test_a_certificate_that_nobody_trusts_has_failed(secure: tuple[Visit, Path]) -> None:
    verdict = network.certificate(secure[0])
    assert verdict.status is Status.FAILED
    assert "self-signed" in verdict.says


@needs_openssl
@pytest.mark.parametrize(("days", "status"), [(14, Status.OK), (60, Status.WARNING)])
def test_how_long_a_certificate_is_good_is_told(
    secure: tuple[Visit, Path], monkeypatch: pytest.MonkeyPatch, days: int, status: Status
) -> None:
    visit, certificate = secure
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(network, "tls_context", lambda: context)
    monkeypatch.setattr(network, "EXPIRES_SOON", datetime.timedelta(days=days))
    verdict = network.certificate(visit)
    assert (verdict.status, "29 days" in verdict.says) == (status, True)


def test_a_server_without_tls_has_failed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=hang_up, args=(listening,))
        thread.start()
        verdict = network.certificate(Visit(f"https://127.0.0.1:{listening.getsockname()[1]}/mcp"))
        thread.join(30)
    assert verdict.status is Status.FAILED
    assert "no TLS" in verdict.says


def hang_up(listening: socket.socket) -> None:
    """Take one connection and answer what is no TLS."""
    plain, _ = listening.accept()
    plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    plain.close()
