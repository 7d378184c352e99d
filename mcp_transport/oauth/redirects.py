"""
Where a code may be sent: over TLS, or to a program on the user's own machine.

Pure but for the setting that allows private schemes.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from mcp_transport.conf import settings

LONGEST = 2000
MOST = 8  # of one client
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
# RFC 3986: what stands in a URI; no spaces, quotes, backslashes or controls.
PLAIN = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
HOST = re.compile(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]")


def problem(uri: str) -> str:
    """Say why a code may not be sent there, as the rest of a sentence; empty when it may."""
    if len(uri) > LONGEST or not PLAIN.fullmatch(uri):
        return "is too long, or has characters that a URI does not have"
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is no URI"
    if "#" in uri:
        return "has a fragment"
    if parts.scheme in {"https", "http"}:
        if not host or port == 0 or "@" in parts.netloc or not HOST.fullmatch(_bare(parts)):
            return "has no plain host"
        if parts.scheme == "http" and host not in LOOPBACK:
            return "is neither https nor on the user's own machine"
        return ""
    if parts.scheme not in settings.MCP_OAUTH_REDIRECT_SCHEMES:
        return "has a scheme that MCP_OAUTH_REDIRECT_SCHEMES does not name"
    return ""


def fits(asked: str, registered: str) -> bool:
    """
    Whether a request may name this URI when that one was registered.

    They are equal; but the port of a program on the user's own machine is
    whichever was free (RFC 8252, section 7.3).
    """
    if asked == registered:
        return True
    ours, theirs = urlsplit(registered), urlsplit(asked)
    if ours.scheme != "http" or ours.hostname not in LOOPBACK:
        return False
    return ours._replace(netloc=_without_port(ours)) == theirs._replace(
        netloc=_without_port(theirs)
    )


def is_local(uri: str) -> bool:
    """Whether the code goes to a program on the user's own machine."""
    parts = urlsplit(uri)
    return parts.scheme not in {"http", "https"} or parts.hostname in LOOPBACK


def place(uri: str) -> str:
    """Where it leads, as a person is told: the host, or the scheme of a program."""
    parts = urlsplit(uri)
    return parts.hostname or f"{parts.scheme}:"


def origin(uri: str) -> str:
    """The same as a content security policy writes it."""
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def extended(uri: str, parameters: dict[str, str]) -> str:
    """The URI with an answer in its query; what has the same name there is replaced."""
    parts = urlsplit(uri)
    kept = [pair for pair in parse_qsl(parts.query, True) if pair[0] not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()])))


def _bare(parts: SplitResult) -> str:
    """The host as it is written, brackets included."""
    return re.sub(r":\d*$", "", parts.netloc)


def _without_port(parts: SplitResult) -> str:
    return "" if "@" in parts.netloc else _bare(parts)
