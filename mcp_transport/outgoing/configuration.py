"""What settings say of addresses and headers, wherever requests go: rules, and what they stand on."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mcp_transport.rules import HEADER_NAME, Rule, shown

PORTS = {"https": 443, "http": 80}
SHORTEST_SECRET = 6  # characters; what is shorter stands in many answers by chance
PRINTABLE = re.compile(r"[ -~\x80-\U0010ffff]*")
#: Headers that say how a request is sent, not what it asks.
FRAMING = frozenset({"connection", "content-length", "host", "te", "transfer-encoding", "upgrade"})


@dataclass(frozen=True, slots=True, kw_only=True)
class File(Rule):
    """The path of a file, or nothing."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if value is not None and not isinstance(value, str | Path):
            yield f"is {shown(value)}; it is the path of a file."
        elif value is not None and not Path(value).is_file():
            yield f"is {shown(str(value))}; there is no such file."


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers(Rule):
    """Headers that are sent with every request; their values are not repeated."""

    def problems(self, value: Any) -> Iterator[str]:
        """See Rule.problems()."""
        if not isinstance(value, Mapping):
            yield "is no dictionary of headers."
            return
        for name, text in value.items():
            if not isinstance(name, str) or not re.fullmatch(HEADER_NAME, name):
                yield f"names {shown(name)}, which is no header."
            elif name.lower() in FRAMING:
                yield f"sets {name!r}, which says how a request is sent; leave it out."
            elif not is_text(text):
                yield f"[{name!r}] is no string of printable characters."


def is_url(value: object) -> bool:
    """Whether a value is meant as a URL."""
    return isinstance(value, str) and "://" in value


def url_problem(value: object) -> str:
    """Say why a value is no URL that can be asked; empty when it is."""
    if not is_url(value) or not isinstance(value, str):
        return "is no URL; write it like https://api.example/v1."
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good or not PRINTABLE.fullmatch(value) or " " in value or "\\" in value:
        return "is no URL of http or https; write it like https://api.example/v1."
    if "@" in parts.netloc:
        return 'holds a user or a password; put them into "auth".'
    return "has a fragment; leave out what stands behind #." if parts.fragment else ""


def origin_of(url: str) -> tuple[str, str, int]:
    """The scheme, host and port of a URL."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme, 0)


def is_text(value: object) -> bool:
    """Whether a value can be sent in a header."""
    return isinstance(value, str) and PRINTABLE.fullmatch(value) is not None


def basic(name: str, password: str) -> str:
    """The credential of HTTP's basic scheme (RFC 7617)."""
    return base64.b64encode(f"{name}:{password}".encode()).decode()
