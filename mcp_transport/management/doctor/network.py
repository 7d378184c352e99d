"""Steps below HTTP: the address, its name, the connection, the certificate, the clock."""

from __future__ import annotations

import datetime
import email.utils
import socket
import ssl
import time
from ipaddress import ip_address

from mcp_transport.management.doctor.finding import Verdict, failed, ok, skipped, warning
from mcp_transport.management.doctor.visit import Visit, tls_context

EXPIRES_SOON = datetime.timedelta(days=14)
CLOCK_TOLERANCE = 30.0  # seconds


def address(visit: Visit) -> Verdict:
    """The URL is one that a client can use."""
    try:
        parts, _port = visit.parts, visit.port
    except ValueError as exc:
        return failed(f"{exc}", "Write the address like https://shop.example/mcp/shop.")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return failed("this is no web address", "Write it like https://shop.example/mcp/shop.")
    if parts.username or parts.query or parts.fragment:
        return failed(
            "the address has more than a host and a path",
            "Give a token with --token: addresses end up in logs.",
        )
    if parts.path in ("", "/"):
        return failed(
            "the address has no path", "Add it; `manage.py mcp servers` lists the paths of a site."
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        return warning("not encrypted", "Serve it over https: tokens can be read on the way.")
    return ok(f"{parts.scheme}, path {parts.path}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def name(visit: Visit) -> Verdict:
    """The name leads to an address."""
    host = visit.parts.hostname or ""
    try:
        found = socket.getaddrinfo(host, visit.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        return failed(
            f"{host!r} is not known ({exc})", "Correct the name, or add it to the site's DNS."
        )
    visit.addresses = [(family, target) for family, _, _, _, target in found]
    return ok(", ".join(str(target[0]) for _, target in visit.addresses))


def connection(visit: Visit) -> Verdict:
    """Something listens, at every address of the name."""
    problems: dict[str, OSError] = {}
    for family, target in visit.addresses:
        try:
            connect(family, target, visit.timeout)
        except OSError as exc:
            problems[str(target[0])] = exc
    told = "; ".join(f"{host}: {exc.strerror or exc}" for host, exc in problems.items())
    if len(problems) == len(visit.addresses):
        return failed(
            f"nobody answers on port {visit.port} ({told})",
            "Start the server, let it listen on an address others reach (--host), open the firewall.",
        )
    if problems:
        return warning(f"not every address answers ({told})", "Remove the others from the DNS.")
    return ok(f"port {visit.port} is open")


def connect(family: int, target: tuple[object, ...], timeout: float) -> None:
    """Connect and let go. Raises OSError."""
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.settimeout(timeout)
        tried.connect(target)


def certificate(visit: Visit) -> Verdict:
    """The certificate is good, and for a while."""
    if visit.parts.scheme != "https":
        return ok("none is needed")
    host = visit.parts.hostname or ""
    try:
        with (
            socket.create_connection((host, visit.port), visit.timeout) as plain,
            tls_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            shown = secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as exc:
        return failed(
            f"the certificate is not good: {exc.verify_message}",
            "Serve the whole chain of a certificate for this name; clients refuse any other.",
        )
    except OSError as exc:
        return failed(f"no TLS ({exc})", "Serve TLS on this port, or use http:// on this machine.")
    return remaining(str(shown["notAfter"]))


def remaining(not_after: str) -> Verdict:
    """How long a certificate is good."""
    left = datetime.timedelta(seconds=ssl.cert_time_to_seconds(not_after) - time.time())
    if left < EXPIRES_SOON:
        return warning(f"the certificate expires in {left.days} days", "Renew it.")
    return ok(f"the certificate is good for {left.days} days")


def clock(visit: Visit) -> Verdict:
    """Both sides agree what time it is."""
    date = visit.first.headers.get("date") if visit.first is not None else None
    try:
        said = email.utils.parsedate_to_datetime(date or "")
    except ValueError:
        return skipped("the server does not say what time it is")
    said = said if said.tzinfo else said.replace(tzinfo=datetime.UTC)  # "-0000": RFC 5322, 3.3
    apart = abs((said - datetime.datetime.now(datetime.UTC)).total_seconds())
    if apart > CLOCK_TOLERANCE:
        return warning(
            f"the clocks are {apart:.0f} s apart",
            "Let both machines follow a time server: tokens and questions expire by the clock.",
        )
    return ok("the clocks agree")
